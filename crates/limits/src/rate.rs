//! How much, and how fast.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::Quota;

/// How often somebody may ask: so often a second in the long run, and so often at once after a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// In the long run.
    pub per_second: u32,
    /// At once, after a pause.
    pub burst: u32,
}

impl Rate {
    /// How long so many requests take at least, one after the other, when the bucket is full at their beginning.
    #[must_use]
    pub fn time_for(self, requests: u32) -> Duration {
        let waiting = requests.saturating_sub(self.burst);
        Duration::from_secs_f64(f64::from(waiting) / f64::from(self.per_second.max(1)))
    }

    /// How long an empty bucket takes to be full.
    #[must_use]
    pub fn time_to_fill(self) -> Duration {
        Duration::from_secs_f64(f64::from(self.burst) / f64::from(self.per_second.max(1)))
    }

    /// Seconds until a bucket in which so much is left is full, or, if nothing is, has something: whole ones, rounded up.
    #[must_use]
    pub fn seconds_until_more(self, left: u32) -> u32 {
        let missing = if left == 0 { 1 } else { self.burst.saturating_sub(left) };
        missing.div_ceil(self.per_second.max(1)).max(1)
    }

    /// What one of so many equal parts holds.
    pub(crate) fn burst_of(self, parts: u32) -> u32 {
        self.quota(parts).burst_size().get()
    }

    /// What one of so many equal parts is for a bucket that is counted in one process.
    pub(crate) fn quota(self, parts: u32) -> Quota {
        let positive = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let burst = positive(self.burst / parts.max(1));
        let period = Duration::from_secs(1) * parts.max(1) / positive(self.per_second).get();
        Quota::with_period(period).unwrap_or_else(|| Quota::per_second(positive(self.per_second))).allow_burst(burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_told_in_whole_seconds_that_suffice() {
        let rate = Rate { per_second: 100, burst: 200 };
        assert_eq!([200, 199, 100, 99, 1, 0].map(|left| rate.seconds_until_more(left)), [1, 1, 1, 2, 2, 1]);
        assert_eq!(rate.time_for(200), Duration::ZERO);
        assert_eq!(rate.time_for(1_000), Duration::from_secs(8));
        assert_eq!(rate.time_to_fill(), Duration::from_secs(2));
    }

    #[test]
    fn parts_are_equal_and_never_nothing() {
        let quota = Rate { per_second: 100, burst: 200 }.quota(4);
        assert_eq!((quota.burst_size().get(), quota.replenish_interval()), (50, Duration::from_millis(40)));
        let quota = Rate { per_second: 1, burst: 1 }.quota(3);
        assert_eq!((quota.burst_size().get(), quota.replenish_interval()), (1, Duration::from_secs(3)));
    }
}
