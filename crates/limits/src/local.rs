//! A bucket that is counted in this process.

use std::num::NonZeroU32;
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
    /// A full one.
    pub(crate) fn new(rate: Rate, clock: C) -> Self {
        Self::part(rate, (1, None), clock)
    }

    /// One of so many equal parts of the rate, with so much left in it; full if it is not told.
    pub(crate) fn part(rate: Rate, (parts, left): (u32, Option<u32>), clock: C) -> Self {
        let quota = rate.quota(parts);
        let limiter = RateLimiter::direct_with_clock(quota, clock.clone()).with_middleware();
        let missing = left.and_then(|left| NonZeroU32::new(quota.burst_size().get().saturating_sub(left)));
        if let Some(missing) = missing {
            // It is full, and never is more missing than it holds.
            let _ = limiter.check_n(missing);
        }
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

    /// How much of so much is taken. To be asked once, for it takes one to find out.
    pub(crate) fn taken(&self, burst: u32) -> u32 {
        self.take().map_or(burst, |left| burst.saturating_sub(left + 1))
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    const RATE: Rate = Rate { per_second: 30, burst: 60 };

    fn count(local: &Local<FakeRelativeClock>) -> u32 {
        (0..).take_while(|_| local.take().is_ok()).fold(0, |count, _| count + 1)
    }

    #[test]
    fn a_part_begins_full_or_with_what_is_left() {
        let clock = FakeRelativeClock::default();
        let part = |left| Local::part(RATE, (3, left), clock.clone());
        assert_eq!([None, Some(0), Some(7), Some(20), Some(50)].map(|left| count(&part(left))), [20, 0, 7, 20, 20]);
        let empty = part(Some(0));
        clock.advance(Duration::from_secs(1));
        assert_eq!(count(&empty), 10);
    }
}
