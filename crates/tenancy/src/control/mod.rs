//! What an operator changes. Each change is first durable in the database and then in the snapshots that requests read,
//! in every process, before the call returns: what it ended is refused from then on.

mod first_use;
mod forgetting;
mod keys;
mod named;
mod new_token;
mod rotation;
mod tell;
mod tenant;
mod token;
mod uses;
mod warning;

pub(crate) use first_use::FirstUses;
pub use keys::{AccessTokensLeft, SignedToken};
pub use named::Meant;
pub use new_token::NewToken;
pub(crate) use tell::moment;
pub use tenant::{NewTenant, TenantChange};
pub use token::Issue;
pub use warning::{CredentialEnd, EndOf};

use std::sync::Arc;

use crate::replication::Change;
use crate::snapshot::Entry;
use crate::{TenancyError, Tenants};

impl Tenants {
    /// What is known of the tenant of this name, if that may be changed here.
    pub(crate) fn entry(&self, name: &str) -> Result<Arc<Entry>, TenancyError> {
        let found = self.inner.known.snapshot().by_name(name).map(Arc::clone);
        let meant = found.filter(|entry| self.behalf.as_ref().is_none_or(|behalf| behalf.means(entry.tenant.id)));
        meant.ok_or_else(|| TenancyError::NoTenant { name: name.to_owned() })
    }

    /// Begins a change. It is none of a key that has ended, and a key does not end in the middle of one.
    pub(crate) async fn begin(&self) -> Result<Change<'_>, TenancyError> {
        let change = self.inner.begin().await?;
        if let Some(behalf) = &self.behalf {
            Box::pin(behalf.hold(&*change, self.inner.time.now_ms())).await?;
        }
        Ok(change)
    }
}
