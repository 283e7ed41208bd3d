//! A bucket that is counted in this process.

use std::time::Duration;

use governor::RateLimiter;
use governor::clock::Clock;
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};

use crate::Rate;

/// The bucket.
pub(crate) struct Local<C: Clock> {
    limiter: RateLimiter<NotKeyed, InMemoryState, C, StateInformationMiddleware>,
    clock: C,
}

impl<C: Clock + Clone> Local<C> {
    /// A full one, of one of so many equal parts of the rate.
    pub(crate) fn new(rate: Rate, parts: u32, clock: C) -> Self {
        let limiter = RateLimiter::direct_with_clock(rate.quota(parts), clock.clone()).with_middleware();
        Self { limiter, clock }
    }
}

impl<C: Clock> Local<C> {
    /// Takes one and tells how many are left, or how long to wait for one.
    pub(crate) fn take(&self) -> Result<u32, Duration> {
        match self.limiter.check() {
            Ok(state) => Ok(state.remaining_burst_capacity()),
            Err(until) => Err(until.wait_time_from(self.clock.now())),
        }
    }
}
