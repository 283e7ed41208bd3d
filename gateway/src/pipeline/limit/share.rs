//! What one tenant may use, and what of it is in use.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize};

use actix_web::http::header::HeaderValue;
use governor::clock::Clock;
use limits::{Bucket, Buckets, Rate};
use tenancy::Settings;

use super::quota;

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
    /// The value of `RateLimit-Policy`.
    pub(super) policy: HeaderValue,
    pub(super) usage: Arc<Usage>,
}

/// What is in flight; it outlives a change of the settings.
#[derive(Default)]
pub(super) struct Usage {
    pub(super) requests: AtomicU32,
    pub(super) body_bytes: AtomicUsize,
}

impl<C: Clock + Clone> Share<C> {
    /// Full buckets.
    pub(super) fn new(tenant: i64, allowance: Allowance, usage: Arc<Usage>, buckets: &Buckets<C>) -> Self {
        let Allowance { requests, writes } = allowance;
        Self {
            allowance,
            requests: buckets.bucket(&format!("{tenant}:requests"), requests),
            writes: writes.map(|rate| buckets.bucket(&format!("{tenant}:writes"), rate)),
            policy: quota::policy(requests, writes),
            usage,
        }
    }
}

impl<C: Clock> Share<C> {
    /// Nothing runs, and new buckets would be as full. To find out does harm, so the share is dropped then.
    pub(super) fn was_idle(&self) -> bool {
        self.usage.requests.load(std::sync::atomic::Ordering::Relaxed) == 0
            && self.requests.was_idle()
            && self.writes.as_ref().is_none_or(Bucket::was_idle)
    }
}
