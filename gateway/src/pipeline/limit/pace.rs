//! How long something that runs goes on, so that who is refused because of it knows when to come back.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::Clock;
use limits::Rate;

use super::share::Share;

/// In milliseconds: what is shorter makes no difference to whole seconds.
const SHORT: u32 = 1_000;

/// No operation of a bulk request is begun later than so long after the request arrived: Okta gives up after 60 seconds.
pub(crate) const BULK_TIME: Duration = Duration::from_secs(55);

/// Whose body has not come by its time is answered so much later at the latest.
const ANSWERING: Duration = Duration::from_millis(500);

/// The requests of one tenant: how long they took of late, and those whose time is known.
#[derive(Default)]
pub(super) struct Pace {
    /// About the longest time of late, in milliseconds; nothing if it is short.
    slow: AtomicU32,
    bulks: Mutex<Vec<Bulk>>,
    /// Until when those bodies have to be there that have not come with their requests.
    bodies: Mutex<Vec<Instant>>,
}

/// The operations that a bulk request still has to do.
pub(super) type Bulk = Arc<AtomicU32>;

/// A body that may be on its way. Dropping it tells that it is there, or is waited for no more.
pub(crate) struct Awaited<C: Clock> {
    share: Arc<Share<C>>,
    until: Option<Instant>,
}

impl<C: Clock> Awaited<C> {
    pub(super) fn new(share: &Arc<Share<C>>) -> Self {
        Self { share: Arc::clone(share), until: None }
    }

    /// It has not come with its request, and has so much time from now on.
    pub(crate) fn wait(&mut self, time: Duration) {
        let until = Instant::now() + time;
        self.until = Some(until);
        lock(&self.share.usage.pace.bodies).push(until);
    }
}

impl<C: Clock> Drop for Awaited<C> {
    fn drop(&mut self) {
        let Some(own) = self.until else { return };
        let mut bodies = lock(&self.share.usage.pace.bodies);
        if let Some(place) = bodies.iter().position(|until| *until == own) {
            bodies.swap_remove(place);
        }
    }
}

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
        lock(&self.bulks).push(Arc::clone(&bulk));
        bulk
    }

    /// It runs no more.
    pub(super) fn end(&self, bulk: &Bulk) {
        lock(&self.bulks).retain(|known| !Arc::ptr_eq(known, bulk));
    }

    /// How long until one of so many requests that run has ended. Bulk requests share the rates, also with so many operations
    /// elsewhere; nothing else is asked.
    pub(super) fn until_one_ends(&self, running: usize, rates: impl Iterator<Item = (Rate, u32)>) -> Duration {
        let slow = Duration::from_millis(self.slow.load(Relaxed).into());
        let bulks = lock(&self.bulks);
        let bodies = lock(&self.bodies);
        if bulks.len() + bodies.len() < running {
            return slow;
        }
        let least = bulks.iter().map(|bulk| bulk.load(Relaxed)).min();
        let bulk = least.map(|least| {
            let together = u64::from(least) * bulks.len() as u64;
            // The one that comes back counts, too, and finds an empty bucket.
            let time = |(rate, more): (Rate, u32)| {
                Duration::from_secs(together + u64::from(more) + 1) / rate.per_second.max(1)
            };
            rates.map(time).max().unwrap_or_default().min(BULK_TIME)
        });
        let body = bodies.iter().min().map(|until| until.saturating_duration_since(Instant::now()) + ANSWERING);
        [bulk, body].into_iter().flatten().min().unwrap_or(slow)
    }

    /// How many operations of bulk requests are left to do.
    pub(super) fn left(&self) -> u32 {
        lock(&self.bulks).iter().fold(0, |sum, bulk| sum.saturating_add(bulk.load(Relaxed)))
    }

    /// How long until all bulk requests are done that run here, and so many operations elsewhere, where they wait for this rate.
    pub(super) fn until_bulks_end(&self, rate: Rate, elsewhere: u32) -> Duration {
        let left = u64::from(self.left()) + u64::from(elsewhere);
        (Duration::from_secs(left) / rate.per_second.max(1)).min(BULK_TIME)
    }
}

fn lock<T>(list: &Mutex<Vec<T>>) -> MutexGuard<'_, Vec<T>> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_second: 2, burst: 4 };

    fn wait(pace: &Pace, running: usize) -> Duration {
        pace.until_one_ends(running, [(RATE, 0)].into_iter())
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
