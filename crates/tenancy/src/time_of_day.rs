//! What time it is: when a token was issued, and whether its time is over.
//!
//! Of several servers one may have a wrong clock. So each looks at two with every renewal of its lease, its machine's and the
//! database's, and goes by them as long as they agree. While they do not, one of them was set, and nobody can tell which:
//! then time goes on from when they agreed last, by a clock that nobody sets.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use time::OffsetDateTime;

use crate::authenticate::milliseconds;

/// Clocks that differ by no more agree. The answer of the database may take two seconds.
const AGREEING_MS: u64 = 5_000;

/// Nobody was asked: the machine's clock counts.
const NOT_ASKED: i64 = i64::MIN;

/// The time of this process.
#[derive(Debug)]
pub(crate) struct TimeOfDay {
    /// By how many milliseconds the time since 1970 is ahead of the clock that nobody sets.
    ahead_ms: AtomicI64,
    is_doubtful: AtomicBool,
}

impl Default for TimeOfDay {
    fn default() -> Self {
        Self { ahead_ms: AtomicI64::new(NOT_ASKED), is_doubtful: AtomicBool::new(false) }
    }
}

impl TimeOfDay {
    pub(crate) fn now(&self) -> OffsetDateTime {
        let ahead_ms = self.ahead_ms.load(Ordering::Relaxed);
        let known = (ahead_ms != NOT_ASKED).then(|| i128::from(steady_ms() + ahead_ms) * 1_000_000);
        let known = known.and_then(|nanoseconds| OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok());
        known.unwrap_or_else(OffsetDateTime::now_utc)
    }

    /// In milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        milliseconds(self.now())
    }

    /// The database has just said what time it is, in milliseconds since 1970.
    pub(crate) fn compare(&self, database_ms: i64) {
        let (machine_ms, steady_ms) = (milliseconds(OffsetDateTime::now_utc()), steady_ms());
        let before = Some(self.ahead_ms.load(Ordering::Relaxed)).filter(|ahead_ms| *ahead_ms != NOT_ASKED);
        let ahead_ms = agreed(before, machine_ms.saturating_sub(steady_ms), database_ms.saturating_sub(steady_ms));
        self.ahead_ms.store(ahead_ms, Ordering::Relaxed);
        self.tell(machine_ms, database_ms);
    }

    fn tell(&self, machine_ms: i64, database_ms: i64) {
        let agree = agree(machine_ms, database_ms);
        match (self.is_doubtful.swap(!agree, Ordering::Relaxed), agree) {
            (false, false) => tracing::warn!(
                differ_ms = machine_ms.saturating_sub(database_ms),
                "the clocks of this machine and of the database differ; tokens end by the time at which they agreed last, \
                 or by the database's clock if that was before the start"
            ),
            (true, true) => tracing::info!("the clocks of this machine and of the database agree again"),
            _ => {}
        }
    }
}

fn agree(one_ms: i64, other_ms: i64) -> bool {
    one_ms.abs_diff(other_ms) <= AGREEING_MS
}

/// By how much the time is ahead of the steady clock, when that is known of two other clocks. `before`: what it was taken for.
fn agreed(before: Option<i64>, machine_ms: i64, database_ms: i64) -> i64 {
    if agree(machine_ms, database_ms) { machine_ms } else { before.unwrap_or(database_ms) }
}

fn steady_ms() -> i64 {
    i64::try_from(replicas::clock::now().as_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn time_goes_on_when_one_of_two_clocks_is_set() {
        for set in [HOUR, -HOUR] {
            assert_eq!(agreed(Some(1_000), 1_000 + set, 1_002), 1_000, "the machine's");
            assert_eq!(agreed(Some(1_000), 1_001, 1_002 + set), 1_000, "the database's");
            assert_eq!(agreed(Some(1_000), 1_001 + set, 1_002 + set), 1_001 + set, "both: it was wrong before");
        }
    }

    #[test]
    fn small_differences_follow_the_machine() {
        assert_eq!(agreed(Some(1_000), 1_500, 5_500), 1_500);
        assert_eq!(agreed(None, 1_500, 5_500), 1_500);
    }

    #[test]
    fn who_starts_with_a_wrong_clock_goes_by_the_database() {
        assert_eq!(agreed(None, HOUR, 7), 7);
        assert_eq!(agreed(Some(7), HOUR, 9), 7, "and does not follow it in steps");
    }

    #[test]
    fn the_time_is_that_of_the_database_where_the_machine_is_an_hour_ahead() {
        let time = TimeOfDay::default();
        let machine_ms = milliseconds(OffsetDateTime::now_utc());
        time.compare(machine_ms - HOUR);
        let off_ms = machine_ms.saturating_sub(HOUR).abs_diff(time.now_ms());
        assert!(off_ms < 60_000, "{off_ms}");
        assert!(time.is_doubtful.load(Ordering::Relaxed));
        time.compare(milliseconds(OffsetDateTime::now_utc()));
        let off_ms = milliseconds(OffsetDateTime::now_utc()).abs_diff(time.now_ms());
        assert!(off_ms < 60_000, "{off_ms}");
        assert!(!time.is_doubtful.load(Ordering::Relaxed));
    }
}
