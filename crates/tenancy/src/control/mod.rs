//! What an operator changes. Each change is first durable in the database and then in the snapshots that requests read,
//! in every process, before the call returns: what it ended is refused from then on.

mod first_use;
mod keys;
mod new_token;
mod rotation;
mod tell;
mod tenant;
mod token;
mod uses;
mod warning;

pub(crate) use first_use::FirstUses;
pub use keys::{AccessTokensLeft, SignedToken};
pub use new_token::NewToken;
pub(crate) use tell::moment;
pub use tenant::{NewTenant, TenantChange};
pub use token::Issue;
pub use warning::{CredentialEnd, EndOf};

use std::sync::Arc;

use crate::TenancyError;
use crate::snapshot::Entry;
use crate::tenants::Inner;

impl Inner {
    pub(crate) fn entry(&self, name: &str) -> Result<Arc<Entry>, TenancyError> {
        let found = self.known.snapshot().by_name(name).map(Arc::clone);
        found.ok_or_else(|| TenancyError::NoTenant { name: name.to_owned() })
    }
}
