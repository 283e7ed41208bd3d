//! When a failed delivery is tried again, and when no more.

use std::time::Duration;

use crate::{DeliveryError, Options};

/// The times of a store's retries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    seconds: Vec<u32>,
    hours: u32,
}

/// By how much a wait may be longer, so that stores that failed together do not come back together.
const JITTER: f64 = 0.2;
const MOST_STEPS: usize = 20;
const LONGEST_SECONDS: u32 = 24 * 60 * 60;
const MOST_HOURS: u32 = 24 * 90;

impl Schedule {
    /// 5 s, 30 s, 2 min, 10 min, and then each hour.
    pub(crate) const USUAL: [u32; 5] = [5, 30, 120, 600, 3600];
    pub(crate) const USUAL_HOURS: u32 = 72;
    /// No wait is longer.
    pub(crate) const LONGEST: Duration = Duration::from_secs(30 * 60 * 60);

    pub(crate) fn of(options: &Options) -> Self {
        Self { seconds: options.retry_seconds.clone(), hours: options.give_up_hours }
    }

    pub(crate) fn check(&self) -> Result<(), DeliveryError> {
        let steps_fit = (1..=MOST_STEPS).contains(&self.seconds.len());
        if !steps_fit || !self.seconds.iter().all(|step| (1..=LONGEST_SECONDS).contains(step)) {
            return Err(DeliveryError::Invalid(format!(
                "retry_seconds is a list of 1 to {MOST_STEPS} numbers between 1 and {LONGEST_SECONDS}"
            )));
        }
        if self.hours > MOST_HOURS {
            return Err(DeliveryError::Invalid(format!("give_up_hours is at most {MOST_HOURS}, not {}", self.hours)));
        }
        Ok(())
    }

    /// How long to wait after this many failures in a row, at least as long as the store asks for. `chance` is between 0 and 1.
    pub(crate) fn wait(&self, failures: u32, asked: Option<Duration>, chance: f64) -> Duration {
        let step = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX);
        let seconds = self.seconds.get(step).or(self.seconds.last()).copied().unwrap_or(LONGEST_SECONDS);
        let own = Duration::from_secs(u64::from(seconds)).mul_f64(JITTER.mul_add(chance, 1.0));
        own.max(asked.unwrap_or_default().min(Duration::from_secs(u64::from(LONGEST_SECONDS))))
    }

    /// Whether to stop trying what has failed for so long.
    pub(crate) fn is_over(&self, failing: Duration) -> bool {
        failing >= Duration::from_secs(u64::from(self.hours) * 60 * 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_an_hour_and_stay_there() {
        let schedule = Schedule::of(&Options::default());
        let waits: Vec<u64> = (1..=7).map(|failures| schedule.wait(failures, None, 0.0).as_secs()).collect();
        assert_eq!(waits, [5, 30, 120, 600, 3600, 3600, 3600]);
        assert_eq!(schedule.wait(1, None, 1.0), Duration::from_secs(6));
    }

    #[test]
    fn a_store_is_left_alone_as_long_as_it_asks() {
        let schedule = Schedule::of(&Options::default());
        assert_eq!(schedule.wait(1, Some(Duration::from_secs(77)), 0.0), Duration::from_secs(77));
        assert_eq!(schedule.wait(2, Some(Duration::from_secs(7)), 0.0), Duration::from_secs(30));
        assert_eq!(schedule.wait(1, Some(Duration::MAX), 0.0), Duration::from_secs(24 * 60 * 60));
    }

    #[test]
    fn after_three_days_it_is_over() {
        let schedule = Schedule::of(&Options::default());
        assert!(!schedule.is_over(Duration::from_secs(72 * 3600 - 1)));
        assert!(schedule.is_over(Duration::from_secs(72 * 3600)));
    }
}
