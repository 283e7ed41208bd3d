//! Who a request belongs to: tenants, the addresses they are reached at, and their provisioning tokens.
//!
//! It promises that an [`Authenticated`] exists only for a request that carried the current token of exactly the tenant
//! its address names, that an issued token ends the one before it at once (no process of the deployment accepts the old
//! one after [`Tenants::issue_token`] has returned), and that neither takes a database access on the way of a request as
//! long as the process has its lease. What it knows is held in a snapshot that every change replaces. It keeps no token: only the signing key, which never
//! is in the database, and the number of each tenant's current token, which never is in a request's reach.
//!
//! It knows nothing of HTTP and of what a tenant stores.

mod address;
mod authenticate;
mod control;
mod error;
mod key;
mod replication;
mod settings;
mod snapshot;
mod store;
mod tenant;
mod tenants;
mod token;

pub use address::{Address, AddressSettings, Resolution};
pub use authenticate::{Administered, Authenticated, Refusal};
pub use control::{NewTenant, TenantChange};
pub use error::TenancyError;
pub use key::{KeyError, SigningKey};
pub use replication::{Participation, ReplicationNumbers};
pub use settings::Settings;
pub use tenant::{Tenant, TenantId};
pub use tenants::Tenants;
pub use token::{IssuedToken, TokenId, TokenRecord, TokenState};

#[cfg(test)]
mod tests;
