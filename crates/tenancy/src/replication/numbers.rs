//! How keeping in step goes, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use replicas::Living;

/// Counts since the start.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) renewals: AtomicU64,
    pub(crate) renewals_failed: AtomicU64,
    pub(crate) acknowledged: AtomicU64,
    pub(crate) waited: AtomicU64,
    pub(crate) agreeing_us: AtomicU64,
    pub(crate) messages_lost: AtomicU64,
}

/// How keeping in step with the other replicas goes, since the start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReplicationNumbers {
    /// Whether what is remembered is trusted now; otherwise every request asks the database.
    pub is_trusted: bool,
    /// How many replicas live, this one included.
    pub living: u32,
    /// How many of the others go by their share of the rates.
    pub by_share: u32,
    /// Questions to the database that it answered.
    pub renewals: u64,
    /// Questions that it did not answer.
    pub renewals_failed: u64,
    /// Changes that every replica acknowledged.
    pub acknowledged: u64,
    /// Changes for which the lease of a replica that did not answer was waited for.
    pub waited: u64,
    /// How long changes have waited for other replicas, all together.
    pub agreeing: Duration,
    /// Messages that Redis did not carry.
    pub messages_lost: u64,
}

impl Counters {
    pub(crate) fn numbers(&self, is_trusted: bool, living: &Living) -> ReplicationNumbers {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ReplicationNumbers {
            is_trusted,
            living: living.count(),
            by_share: living.by_share(),
            renewals: read(&self.renewals),
            renewals_failed: read(&self.renewals_failed),
            acknowledged: read(&self.acknowledged),
            waited: read(&self.waited),
            agreeing: Duration::from_micros(read(&self.agreeing_us)),
            messages_lost: read(&self.messages_lost),
        }
    }
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
