//! What time it is: when a token was issued, and whether its time is over.
//!
//! Several servers must have one time, or what has ended at one is accepted by another. So each goes by the database's clock, which
//! it sees with every renewal of its lease. A clock that is set wrong must end and revive nothing, also that one: as long as it is
//! far from the machine's, one of the two was set, and nobody can tell which; then time goes on from before, by a clock that nobody
//! sets.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use replicas::protocol::Moment;
use time::OffsetDateTime;

use crate::authenticate::milliseconds;

/// Clocks that differ by no more were not set.
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

    /// The database was asked what time it is, and has just said so, in milliseconds since 1970.
    pub(crate) fn compare(&self, asked: Moment, database_ms: i64) {
        let (machine_ms, answered_ms) = (milliseconds(OffsetDateTime::now_utc()), steady_ms());
        let before = Some(self.ahead_ms.load(Ordering::Relaxed)).filter(|ahead_ms| *ahead_ms != NOT_ASKED);
        let told = Told {
            least: database_ms.saturating_sub(answered_ms),
            most: database_ms.saturating_sub(whole_ms(asked)).max(database_ms.saturating_sub(answered_ms)),
        };
        let machine = machine_ms.saturating_sub(answered_ms);
        self.ahead_ms.store(told.agreed(before, machine), Ordering::Relaxed);
        self.tell(told.agrees_with(machine), machine_ms.saturating_sub(database_ms));
    }

    fn tell(&self, agree: bool, differ_ms: i64) {
        match (self.is_doubtful.swap(!agree, Ordering::Relaxed), agree) {
            (false, false) => tracing::warn!(
                differ_ms,
                "the clocks of this machine and of the database differ; tokens end by the time at which they agreed last, \
                 or by the database's clock if that was before the start"
            ),
            (true, true) => tracing::info!("the clocks of this machine and of the database agree again"),
            _ => {}
        }
    }
}

/// By how many milliseconds the database's clock is ahead of the steady one: it was read at some moment between a question and
/// its answer.
#[derive(Clone, Copy, Debug)]
struct Told {
    least: i64,
    most: i64,
}

impl Told {
    fn agrees_with(self, machine: i64) -> bool {
        machine.clamp(self.least, self.most).abs_diff(machine) <= AGREEING_MS
    }

    /// By how much the time is ahead of the steady clock. `before`: what it was taken for. Of what an answer leaves open, that
    /// stays: so the quickest answers count.
    fn agreed(self, before: Option<i64>, machine: i64) -> i64 {
        match before {
            Some(before) if self.agrees_with(machine) => before.clamp(self.least, self.most),
            Some(before) => before,
            None => self.least.midpoint(self.most),
        }
    }
}

fn steady_ms() -> i64 {
    whole_ms(replicas::clock::now())
}

fn whole_ms(moment: Moment) -> i64 {
    i64::try_from(moment.as_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn told(least: i64, most: i64) -> Told {
        Told { least, most }
    }

    #[test]
    fn time_goes_on_when_one_of_two_clocks_is_set() {
        for set in [HOUR, -HOUR, 6_000, -6_000] {
            assert_eq!(told(1_002, 1_002).agreed(Some(1_000), 1_000 + set), 1_000, "the machine's");
            assert_eq!(told(1_002 + set, 1_004 + set).agreed(Some(1_000), 1_001), 1_000, "the database's");
            let both = told(1_002 + set, 1_004 + set).agreed(Some(1_000), 1_001 + set);
            assert!((1_002 + set..=1_004 + set).contains(&both), "both: it was wrong before");
        }
    }

    /// However the clocks of machines differ: then a token ends at the same moment everywhere.
    #[test]
    fn small_differences_follow_the_database() {
        for machine in [-3_000, 0, 3_000, 4_900] {
            assert_eq!(told(100, 100).agreed(Some(1_000), machine), 100);
            assert_eq!(told(100, 104).agreed(None, machine), 102);
        }
    }

    #[test]
    fn of_slow_answers_the_quick_ones_count() {
        let mut ahead = None;
        for (least, most) in [(-900, 1_100), (-2, 3), (-1_500, 500), (0, 2_000)] {
            ahead = Some(told(least, most).agreed(ahead, 0));
        }
        assert_eq!(ahead, Some(3));
    }

    #[test]
    fn who_starts_with_a_wrong_clock_goes_by_the_database() {
        assert_eq!(told(7, 7).agreed(None, HOUR), 7);
        assert_eq!(told(9, 9).agreed(Some(7), HOUR), 7, "and does not follow it in steps");
    }

    #[test]
    fn the_time_is_that_of_the_database_where_the_machine_is_set_wrong() {
        let time = TimeOfDay::default();
        for (set, is_doubtful) in [(3_000, false), (-3_000, false), (0, false)] {
            let (asked, machine_ms) = (replicas::clock::now(), milliseconds(OffsetDateTime::now_utc()));
            time.compare(asked, machine_ms - set);
            let off_ms = machine_ms.saturating_sub(set).abs_diff(time.now_ms());
            let passed_ms = replicas::clock::now().since(asked).as_millis();
            assert!(u128::from(off_ms) <= passed_ms + 50, "{off_ms} after {passed_ms}");
            assert_eq!(time.is_doubtful.load(Ordering::Relaxed), is_doubtful);
        }
        time.compare(replicas::clock::now(), milliseconds(OffsetDateTime::now_utc()) - HOUR);
        assert!(time.is_doubtful.load(Ordering::Relaxed));
        assert!(milliseconds(OffsetDateTime::now_utc()).abs_diff(time.now_ms()) < 60_000, "it goes on");
    }
}
