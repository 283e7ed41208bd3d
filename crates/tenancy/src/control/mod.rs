//! What an operator changes. Each change is first durable in the database and then in the snapshot that requests read,
//! before the call returns: what it ended is refused from then on.

mod keys;
mod new_token;
mod rotation;
mod tell;
mod tenant;
mod token;
mod upkeep;

pub use keys::SignedToken;
pub use new_token::NewToken;
pub use tenant::{NewTenant, TenantChange};
pub use token::Issue;
pub use upkeep::TokenEnd;

use std::sync::Arc;

use sea_orm::DatabaseTransaction;

use crate::snapshot::Entry;
use crate::tenants::Inner;
use crate::{TenancyError, TenantId, store};

impl Inner {
    fn entry(&self, name: &str) -> Result<Arc<Entry>, TenancyError> {
        let found = self.snapshot.load().by_name(name).map(Arc::clone);
        found.ok_or_else(|| TenancyError::NoTenant { name: name.to_owned() })
    }

    /// Commits a change of one tenant and shows it to requests.
    async fn publish(&self, transaction: DatabaseTransaction, id: TenantId, now_ms: i64) -> Result<(), TenancyError> {
        // Read before the commit: after it nothing may fail any more, or the snapshot would stay behind.
        let entry = store::load_entry(&transaction, id, now_ms).await?;
        transaction.commit().await?;
        self.snapshot.store(Arc::new(self.snapshot.load().with(entry)));
        Ok(())
    }
}
