//! Shortening the log, and what refers to it.

use std::time::Duration;

use tenancy::Tenant;

use super::Stores;
use crate::{DeliveryError, table};

/// How long others may write between two steps.
const PAUSE: Duration = Duration::from_millis(50);

impl Stores {
    /// Removes the events of a tenant that are from before a moment, in milliseconds since 1970 UTC, in small steps, and the dead
    /// letters whose events are gone. A store that has not got them gets a snapshot in their place. Says how many events went.
    ///
    /// # Errors
    /// The database's.
    pub async fn prune(&self, tenant: &Tenant, before_ms: i64) -> Result<u64, DeliveryError> {
        let mut removed = 0;
        loop {
            let step = self.environment.events.prune(tenant, before_ms).await?;
            if step == 0 {
                break;
            }
            removed += step;
            tokio::time::sleep(PAUSE).await;
        }
        let (database, number) = (&self.environment.database, tenant.id().as_i64());
        if let Some(oldest) = self.environment.events.oldest(tenant).await? {
            while table::forget_gone(database, number, oldest).await? > 0 {
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(removed)
    }
}
