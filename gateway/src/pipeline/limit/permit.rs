//! One request that may run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use governor::clock::{Clock, QuantaClock};
use limits::Rate;
use scim::ScimError;

use super::pace::{Awaited, Bulk};
use super::share::Share;
use super::{Limited, whole_seconds};

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
    /// What is left to do of a bulk request.
    pub(super) bulk: Option<Bulk>,
}

impl<C: Clock> Permit<C> {
    /// Tells how long a bulk request goes on: it has so many operations.
    pub(crate) fn begin_bulk(&mut self, operations: u32) {
        self.bulk = Some(self.share.usage.pace.begin(operations));
    }

    /// Tells that one operation of a bulk request is done.
    pub(crate) fn note_operation(&self) {
        if let Some(bulk) = &self.bulk {
            // Operations that refer to each other may take more steps than they are; only this request counts here.
            bulk.store(bulk.load(Relaxed).saturating_sub(1), Relaxed);
        }
    }

    /// The body, which has to come yet.
    pub(crate) fn awaited_body(&self) -> Awaited<C> {
        Awaited::new(&self.share)
    }

    /// Tells how long the request took, which is about to end.
    pub(crate) fn note_duration(&self, took: Duration) {
        if self.bulk.is_none() {
            self.share.usage.pace.note(took);
        }
    }

    /// Refuses more operations than the tenant's rates let through while a client waits.
    pub(crate) fn check_time_for(&self, operations: u32) -> Result<(), ScimError> {
        let too_long = |rate: &Rate| rate.time_for(operations) > LONGEST_BULK;
        let Some(Rate { per_second, burst }) = self.share.allowance.rates().find(too_long) else { return Ok(()) };
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
        u32::try_from(self.share.allowance.rates().map(most).min().unwrap_or_default()).unwrap_or(u32::MAX)
    }

    /// Counts bytes of a body that are held until the request ends.
    pub(crate) fn hold(&mut self, bytes: usize) -> Result<(), Limited> {
        self.body_bytes += bytes;
        let of_tenant = self.share.usage.body_bytes.fetch_add(bytes, Relaxed) + bytes;
        let of_all = self.share.total.held.fetch_add(bytes, Relaxed) + bytes;
        let scope = match () {
            () if of_tenant > self.most_body_bytes => "memory",
            () if of_all > self.share.total.most => "server",
            () => return Ok(()),
        };
        let others = self.share.usage.requests.load(Relaxed).saturating_sub(1);
        Err(Limited { scope, retry_after: whole_seconds(self.share.until_one_ends(others)) })
    }
}

impl<C: Clock> Drop for Permit<C> {
    fn drop(&mut self) {
        if let Some(bulk) = &self.bulk {
            self.share.usage.pace.end(bulk);
            self.share.note_turns();
        }
        self.share.usage.requests.fetch_sub(1, Relaxed);
        if self.body_bytes > 0 {
            self.share.usage.body_bytes.fetch_sub(self.body_bytes, Relaxed);
            self.share.total.held.fetch_sub(self.body_bytes, Relaxed);
        }
    }
}
