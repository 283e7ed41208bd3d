//! How long something that runs goes on, so that who is refused because of it knows when to come back.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use limits::Rate;

/// In milliseconds: what is shorter makes no difference to whole seconds.
const SHORT: u32 = 1_000;

/// No operation of a bulk request is begun later than so long after the request arrived: Okta gives up after 60 seconds.
pub(crate) const BULK_TIME: Duration = Duration::from_secs(55);

/// The requests of one tenant: how long they took of late, and those whose time is known.
#[derive(Default)]
pub(super) struct Pace {
    /// About the longest time of late, in milliseconds; nothing if it is short.
    slow: AtomicU32,
    bulks: Mutex<Vec<Bulk>>,
}

/// The operations that a bulk request still has to do.
pub(super) type Bulk = Arc<AtomicU32>;

impl Pace {
    /// Notes how long a request took. A slow one counts at once, and is forgotten little by little.
    pub(super) fn note(&self, took: Duration) {
        let (slow, took) = (self.slow.load(Relaxed), u32::try_from(took.as_millis()).unwrap_or(u32::MAX));
        if slow.max(took) < SHORT {
            return;
        }
        let next = if took > slow { took } else { slow - (slow - took).div_ceil(8) };
        // One that ends at the same time may be lost, which makes no difference.
        self.slow.store(if next < SHORT { 0 } else { next }, Relaxed);
    }

    /// Notes that a bulk request runs, whose time is known: so many operations.
    pub(super) fn begin(&self, operations: u32) -> Bulk {
        let bulk = Bulk::new(AtomicU32::new(operations));
        self.bulks().push(Arc::clone(&bulk));
        bulk
    }

    /// It runs no more.
    pub(super) fn end(&self, bulk: &Bulk) {
        self.bulks().retain(|known| !Arc::ptr_eq(known, bulk));
    }

    /// How long until one of so many requests that run has ended. Bulk requests share the rates; nothing else is asked.
    pub(super) fn until_one_ends(&self, running: usize, rates: impl Iterator<Item = Rate>) -> Duration {
        let bulks = self.bulks();
        let least = bulks.iter().map(|bulk| bulk.load(Relaxed)).min();
        match least {
            Some(least) if bulks.len() >= running => {
                let together = u64::from(least) * bulks.len() as u64;
                // The one that comes back counts, too, and finds an empty bucket.
                let time = |rate: Rate| Duration::from_secs(together + 1) / rate.per_second.max(1);
                rates.map(time).max().unwrap_or_default()
            }
            _ => Duration::from_millis(self.slow.load(Relaxed).into()),
        }
    }

    /// How long until all bulk requests are done that run here, where they wait for this rate.
    pub(super) fn until_bulks_end(&self, rate: Rate) -> Duration {
        let left: u64 = self.bulks().iter().map(|bulk| u64::from(bulk.load(Relaxed))).sum();
        (Duration::from_secs(left) / rate.per_second.max(1)).min(BULK_TIME)
    }

    fn bulks(&self) -> std::sync::MutexGuard<'_, Vec<Bulk>> {
        self.bulks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_second: 2, burst: 4 };

    fn wait(pace: &Pace, running: usize) -> Duration {
        pace.until_one_ends(running, [RATE].into_iter())
    }

    #[test]
    fn quick_requests_leave_nothing_to_wait_for() {
        let pace = Pace::default();
        pace.note(Duration::from_millis(999));
        assert_eq!(wait(&pace, 1), Duration::ZERO);
    }

    #[test]
    fn slow_requests_are_waited_for_until_they_have_become_quick() {
        let pace = Pace::default();
        pace.note(Duration::from_secs(8));
        pace.note(Duration::from_secs(3));
        let after = wait(&pace, 1);
        assert!((Duration::from_secs(7)..Duration::from_secs(8)).contains(&after), "{after:?}");
        for _ in 0..30 {
            pace.note(Duration::from_millis(2));
        }
        assert_eq!(wait(&pace, 1), Duration::ZERO);
    }

    #[test]
    fn where_only_bulk_requests_run_their_operations_tell_the_time() {
        let pace = Pace::default();
        let (long, short) = (pace.begin(100), pace.begin(9));
        assert_eq!(wait(&pace, 2), Duration::from_millis(9_500), "two share two a second");
        assert_eq!(wait(&pace, 3), Duration::ZERO, "something else runs, and is quick");
        short.store(1, Relaxed);
        assert_eq!(wait(&pace, 2), Duration::from_millis(1_500));
        pace.end(&short);
        assert_eq!(wait(&pace, 1), Duration::from_millis(50_500));
        pace.end(&long);
        assert_eq!(wait(&pace, 0), Duration::ZERO);
    }
}
