//! What goes on in this process: who feeds which store, and what waits for stores in files.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, Semaphore, watch};
use uuid::Uuid;

use crate::snapshot::Spool;
use crate::table::At;

/// How many directories are read for snapshots at the same time; each takes a connection of its own.
const READINGS: usize = 2;
/// How long a snapshot that a store did not take is kept for the next try, which may be an hour away.
const KEPT: Duration = Duration::from_secs(3 * 60 * 60);
/// How long a worker may take to notice that it is not wanted any more. It needs no longer than a step without waiting.
const NOTICE: Duration = Duration::from_secs(5);

/// Who feeds which store in this process.
#[derive(Debug)]
pub(crate) struct Running {
    workers: Mutex<HashMap<At, Arc<Desk>>>,
    spools: Mutex<HashMap<At, (Instant, Spool)>>,
    counted: Mutex<HashMap<At, Counted>>,
    /// Stores that had everything when they were looked after the last time.
    resting: Mutex<HashSet<At>>,
    pub(crate) readings: Semaphore,
    /// So many stores wait for a place that others have.
    crowd: AtomicUsize,
}

/// What stores did since the start of the process.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counted {
    /// Events that were taken.
    pub(crate) taken: u64,
    /// Attempts in which one was not.
    pub(crate) failed: u64,
}

/// Where a worker is told things.
#[derive(Debug)]
pub(crate) struct Desk {
    /// The name of the tenant.
    pub(crate) tenant: String,
    /// Something was appended for the tenant.
    pub(crate) poke: Notify,
    /// Whether it is to end.
    pub(crate) stop: watch::Sender<Stop>,
    /// It has waited for its store for a while: it takes nobody's place.
    pub(crate) is_slow: AtomicBool,
    /// Its store took nothing the last time.
    pub(crate) is_failing: bool,
}

/// Whether a worker is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    No,
    /// After what it is about.
    Soon,
    /// At once: the store is not to get another event from it.
    Now,
}

/// How many workers there are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Numbers {
    pub(crate) all: usize,
    pub(crate) slow: usize,
    pub(crate) failing: usize,
}

impl Default for Running {
    fn default() -> Self {
        Self {
            workers: Mutex::default(),
            spools: Mutex::default(),
            counted: Mutex::default(),
            resting: Mutex::default(),
            readings: Semaphore::new(READINGS),
            crowd: AtomicUsize::new(0),
        }
    }
}

impl Running {
    fn workers(&self) -> MutexGuard<'_, HashMap<At, Arc<Desk>>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to look after a store, unless somebody does. To be called before the lease is taken: whoever changes the store
    /// afterwards finds the worker.
    pub(crate) fn enter(&self, at: At, tenant: &str, is_failing: bool) -> Option<(Arc<Desk>, watch::Receiver<Stop>)> {
        let mut workers = self.workers();
        if workers.contains_key(&at) {
            return None;
        }
        let (stop, stopped) = watch::channel(Stop::No);
        let desk = Arc::new(Desk {
            tenant: tenant.to_owned(),
            poke: Notify::new(),
            stop,
            is_slow: AtomicBool::new(false),
            is_failing,
        });
        workers.insert(at, Arc::clone(&desk));
        self.resting().remove(&at);
        Some((desk, stopped))
    }

    /// Ends looking after a store.
    pub(crate) fn leave(&self, at: At) {
        self.workers().remove(&at);
    }

    /// Ends the worker of a store, and returns when it begins nothing any more.
    pub(crate) async fn end(&self, at: At) {
        let Some(desk) = self.workers().get(&at).cloned() else { return };
        desk.stop.send_replace(Stop::Now);
        if tokio::time::timeout(NOTICE, desk.stop.closed()).await.is_err() {
            tracing::warn!(tenant.id = desk.tenant, "what feeds a store does not end");
        }
    }

    /// Tells all workers.
    pub(crate) fn stop_all(&self) {
        for desk in self.workers().values() {
            desk.stop.send_if_modified(|stop| {
                let goes_on = *stop == Stop::No;
                if goes_on {
                    *stop = Stop::Soon;
                }
                goes_on
            });
        }
    }

    /// The desks of these workers.
    pub(crate) fn desks(&self, wanted: impl Fn(&At, &Desk) -> bool) -> Vec<(At, Arc<Desk>)> {
        let workers = self.workers();
        workers.iter().filter(|(at, desk)| wanted(at, desk)).map(|(at, desk)| (*at, Arc::clone(desk))).collect()
    }

    pub(crate) fn count_workers(&self) -> usize {
        self.workers().len()
    }

    pub(crate) fn numbers(&self) -> Numbers {
        let mut numbers = Numbers::default();
        for desk in self.workers().values() {
            numbers.all += 1;
            numbers.slow += usize::from(desk.is_slow.load(Ordering::Relaxed));
            numbers.failing += usize::from(desk.is_failing);
        }
        numbers
    }

    /// Counts events that a store took, and whether it then took one not.
    pub(crate) fn count(&self, at: At, taken: usize, failed: bool) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = counted.entry(at).or_default();
        counted.taken += taken as u64;
        counted.failed += u64::from(failed);
    }

    pub(crate) fn counted(&self, at: At) -> Counted {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).get(&at).copied().unwrap_or_default()
    }

    /// Keeps a snapshot for the next try of a store, and forgets those that nobody came back for.
    pub(crate) fn keep(&self, at: At, spool: Spool) {
        let mut spools = self.spools.lock().unwrap_or_else(PoisonError::into_inner);
        spools.retain(|_, (kept, _)| kept.elapsed() < KEPT);
        spools.insert(at, (Instant::now(), spool));
    }

    /// Forgets what was kept of a store that was deleted.
    pub(crate) fn forget(&self, at: At) {
        self.spools.lock().unwrap_or_else(PoisonError::into_inner).remove(&at);
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).remove(&at);
        self.resting().remove(&at);
    }

    /// Forgets snapshots that nobody came back for, and takes these stores for all that have everything: those of `resting`
    /// that nobody looks after.
    pub(crate) fn tidy(&self, mut resting: HashSet<At>) {
        let mut spools = self.spools.lock().unwrap_or_else(PoisonError::into_inner);
        spools.retain(|_, (kept, _)| kept.elapsed() < KEPT);
        drop(spools);
        let workers = self.workers();
        resting.retain(|at| !workers.contains_key(at));
        *self.resting() = resting;
    }

    fn resting(&self) -> MutexGuard<'_, HashSet<At>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many stores wait for a place.
    pub(crate) fn ask_for_room(&self, stores: usize) {
        self.crowd.store(stores, Ordering::Relaxed);
    }

    /// Whether a store that has had its turn is to make room: true for as many as wait, and no more, so that the others go on.
    pub(crate) fn is_to_make_room(&self) -> bool {
        // Hardly ever is there anybody who waits.
        self.crowd.load(Ordering::Relaxed) > 0
            && self.crowd.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |crowd| crowd.checked_sub(1)).is_ok()
    }

    /// A store has everything, and its worker leaves it.
    pub(crate) fn rest(&self, at: At) {
        self.resting().insert(at);
    }

    /// Whether one of these tenants has a store that nobody looks after because it had everything.
    pub(crate) fn is_any_resting(&self, tenants: &BTreeSet<i64>) -> bool {
        self.resting().iter().any(|at| tenants.contains(&at.tenant))
    }

    /// The snapshot that was kept for this wish of a store.
    pub(crate) fn kept(&self, at: At, wish: Uuid) -> Option<Spool> {
        let kept = self.spools.lock().unwrap_or_else(PoisonError::into_inner).remove(&at);
        kept.map(|(_, spool)| spool).filter(|spool| spool.wish() == wish)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StoreId;

    /// A tenant with a worker for one store may have another one that rests.
    #[test]
    fn a_store_that_rests_is_looked_for_beside_one_that_is_fed() {
        let running = Running::default();
        let [fed, resting] = [1, 1].map(|tenant| At { tenant, store: StoreId(Uuid::now_v7()) });
        let (one, other) = (BTreeSet::from([1]), BTreeSet::from([2]));
        assert!(running.enter(fed, "acme", false).is_some());
        assert!(!running.is_any_resting(&one));
        running.rest(resting);
        assert!(running.is_any_resting(&one) && !running.is_any_resting(&other));
        assert!(running.enter(resting, "acme", false).is_some());
        assert!(!running.is_any_resting(&one));
        running.leave(resting);
        running.tidy(HashSet::from([fed, resting]));
        assert!(running.is_any_resting(&one));
        running.forget(resting);
        assert!(!running.is_any_resting(&one), "{fed:?} is fed");
    }
}
