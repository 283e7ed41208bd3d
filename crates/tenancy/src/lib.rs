//! Who a request belongs to: tenants, the addresses they are reached at, and their provisioning tokens.
//!
//! It promises that an [`Authenticated`] exists only for a request that carried a valid token of exactly the tenant its
//! address names, from a network from which it may be used; that two tokens of a tenant are valid at most; that what ends
//! a token ends it at once (no process of the deployment accepts it after [`Tenants::issue`],
//! [`Tenants::complete_rotation`] or [`Tenants::revoke_tokens`] has returned, or a request was let in with the token that
//! replaces it on its first use); and that no request needs a database access as long as the process has its lease, but
//! for such a first use. The same holds for the clients that get access tokens ([`Tenants::grant`]): what ends or switches
//! off a client or its secret refuses its tokens at once. What it knows is held in a snapshot that every change replaces.
//! It keeps no token: only the signing keys, which never are in the database, and the numbers of each tenant's valid
//! tokens, which never are in a request's reach.
//!
//! Programs that administer have keys of another kind ([`ApiKey`]); administration is rare, so each of their requests asks
//! the database whether its key is still one.
//!
//! What an operator sets for network addresses while servers run ([`Tenants::change_address_limits`]) reaches every process in
//! the way that changes of tenants do.
//!
//! Application profiles ([`Profiles`]) reach them in the same way: a tenant goes by the profile that its settings name.
//!
//! It knows nothing of HTTP and of what a tenant stores.

mod actor;
mod address;
mod address_limits;
mod administrator;
mod api_key;
mod authenticate;
mod control;
mod credential;
mod credential_row;
mod error;
mod expiry;
mod hex;
mod invitation;
mod key;
mod last_use;
mod network;
mod notice;
mod oauth;
mod profiles;
mod replication;
mod rotation;
mod scope;
mod settings;
mod snapshot;
mod store;
mod tenant;
mod tenants;
mod time_of_day;
mod token;
mod token_store;
mod turns;

pub use address::{Address, AddressSettings, Resolution};
pub use address_limits::{AddressLimit, AddressLimits, SetAddressLimits};
pub use administrator::Administrator;
pub use api_key::{ApiKey, ApiKeyId, IssuedApiKey, NewApiKey, Role};
pub use authenticate::{Administered, Authenticated, Denied, Refusal, Visit};
pub use control::{
    AccessTokensLeft, CredentialEnd, EndOf, Issue, Meant, NewTenant, NewToken, SignedToken, TenantChange,
};
pub use error::TenancyError;
pub use invitation::{InvitationLink, Invited};
pub use key::{KeyError, KeySource, SigningKey, SigningKeys, StreamKey, Unsigned};
pub use last_use::Use;
pub use network::Network;
pub use notice::{NOTICES, NOTICES_OF, Notice, NoticeType, leave_notice, notices, removal_of_notices};
pub use oauth::{
    AccessToken, AssertionKeys, CredentialId, Federation, GrantRefusal, IssuedSecret, NewOauthClient, OauthClient,
    OauthClientId, OauthSecret, Proof, SecretId, TokenRequest, Wanted,
};
pub use profiles::{BUILT_IN, ImportedProfile, ProfileVersion, Profiles};
pub use replication::{Participation, ReplicationNumbers};
pub use rotation::{Conflict, Mode, TokenState};
pub use scope::Scopes;
pub use settings::Settings;
pub use tenant::{Tenant, TenantId};
pub use tenants::Tenants;
pub use token::{IssuedToken, TokenId, TokenRecord};
pub use turns::CONNECTIONS;

#[cfg(test)]
mod tests;
