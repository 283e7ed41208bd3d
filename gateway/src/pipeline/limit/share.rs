//! What one tenant may use, and what of it is in use.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize};

use governor::clock::Clock;
use limits::{Bucket, Buckets, Rate};
use tenancy::Settings;

use super::permit::Total;

/// What a tenant may do, by its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allowance {
    /// All its requests.
    pub(super) requests: Rate,
    /// Those that change something, if they are limited apart.
    pub(super) writes: Option<Rate>,
}

impl Allowance {
    pub(super) fn of(settings: &Settings) -> Self {
        let rate = |(per_second, burst)| Rate { per_second, burst };
        Self {
            requests: rate((settings.rate_per_second, settings.rate_burst)),
            writes: settings.write_rate().map(rate),
        }
    }
}

/// The buckets of one tenant, and what it has in flight.
pub(super) struct Share<C: Clock> {
    pub(super) allowance: Allowance,
    pub(super) requests: Bucket<C>,
    pub(super) writes: Option<Bucket<C>>,
    pub(super) usage: Arc<Usage>,
    /// What all tenants have in flight. Here, because a permit counts references to one thing only: threads that count
    /// those to the same thing wait for each other.
    pub(super) total: Arc<Total>,
}

/// What is in flight; it outlives a change of the settings.
#[derive(Default)]
pub(super) struct Usage {
    pub(super) requests: AtomicU32,
    pub(super) body_bytes: AtomicUsize,
}

impl<C: Clock + Clone> Share<C> {
    /// Full buckets.
    pub(super) fn new(
        tenant: i64,
        allowance: Allowance,
        (usage, total): (Arc<Usage>, Arc<Total>),
        buckets: &Buckets<C>,
    ) -> Self {
        let Allowance { requests, writes } = allowance;
        Self {
            allowance,
            requests: buckets.bucket(&format!("{tenant}:requests"), requests),
            writes: writes.map(|rate| buckets.bucket(&format!("{tenant}:writes"), rate)),
            usage,
            total,
        }
    }
}

impl<C: Clock> Share<C> {
    /// Nothing runs, and new buckets would be as full.
    pub(super) fn was_idle(&self) -> bool {
        self.usage.requests.load(std::sync::atomic::Ordering::Relaxed) == 0
            && self.requests.was_idle()
            && self.writes.as_ref().is_none_or(Bucket::was_idle)
    }
}
