//! One request that may run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use governor::clock::{Clock, QuantaClock};
use limits::{Bucket, Rate};
use scim::ScimError;

use super::Limited;
use super::share::Share;

/// Okta gives up after 60 seconds.
const LONGEST_BULK: Duration = Duration::from_secs(50);

/// The bytes of bodies that all tenants may hold together, and those they do.
pub(super) struct Total {
    pub(super) most: usize,
    pub(super) held: AtomicUsize,
}

/// One request that may run. Dropping it makes room for the next.
pub(crate) struct Permit<C: Clock = QuantaClock> {
    pub(super) share: Arc<Share<C>>,
    pub(super) most_body_bytes: usize,
    pub(super) body_bytes: usize,
}

impl<C: Clock> Permit<C> {
    /// Waits until the tenant's rates allow one change more: the operations of a bulk request go as fast as the same
    /// requests one by one.
    pub(crate) async fn wait_for_turn(&self) {
        wait_for(&self.share.requests).await;
        if let Some(writes) = &self.share.writes {
            wait_for(writes).await;
        }
    }

    /// Refuses more operations than the tenant's rates let through while a client waits.
    pub(crate) fn check_time_for(&self, operations: u32) -> Result<(), ScimError> {
        let too_long = |rate: &Rate| rate.time_for(operations) > LONGEST_BULK;
        let Some(Rate { per_second, burst }) = self.rates().find(too_long) else { return Ok(()) };
        Err(ScimError::new(
            413,
            format!(
                "{operations} operations take too long at this tenant's rate of {per_second} a second and {burst} at once; \
                 send fewer in one request"
            ),
        ))
    }

    /// The most operations that [`Self::check_time_for`] lets through.
    pub(crate) fn most_operations(&self) -> u32 {
        let most = |Rate { per_second, burst }: Rate| u64::from(burst) + u64::from(per_second) * LONGEST_BULK.as_secs();
        u32::try_from(self.rates().map(most).min().unwrap_or_default()).unwrap_or(u32::MAX)
    }

    /// Counts bytes of a body that are held until the request ends.
    pub(crate) fn hold(&mut self, bytes: usize) -> Result<(), Limited> {
        self.body_bytes += bytes;
        let of_tenant = self.share.usage.body_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let of_all = self.share.total.held.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if of_tenant > self.most_body_bytes {
            return Err(Limited { scope: "memory", retry_after: 1 });
        }
        if of_all > self.share.total.most {
            return Err(Limited { scope: "server", retry_after: 1 });
        }
        Ok(())
    }

    /// Both rates that a change is counted by.
    fn rates(&self) -> impl Iterator<Item = Rate> {
        [Some(self.share.allowance.requests), self.share.allowance.writes].into_iter().flatten()
    }
}

async fn wait_for<C: Clock>(bucket: &Bucket<C>) {
    while let Err(wait) = bucket.take().await {
        tokio::time::sleep(wait).await;
    }
}

impl<C: Clock> Drop for Permit<C> {
    fn drop(&mut self) {
        self.share.usage.requests.fetch_sub(1, Ordering::Relaxed);
        if self.body_bytes > 0 {
            self.share.usage.body_bytes.fetch_sub(self.body_bytes, Ordering::Relaxed);
            self.share.total.held.fetch_sub(self.body_bytes, Ordering::Relaxed);
        }
    }
}
