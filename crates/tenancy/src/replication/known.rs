//! What this process knows of the tenants, and until when that may be trusted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};
use replicas::protocol::{Fill, Generation, Held, Lease, Moment};

use crate::snapshot::Snapshot;

/// The snapshot that requests read, exchanged in the order of generations.
#[derive(Debug)]
pub(crate) struct Known {
    snapshot: ArcSwap<Snapshot>,
    /// Until when it may be trusted, for requests to read without a lock. It is prolonged after the snapshot was
    /// exchanged: who sees the new time sees the new snapshot.
    until: AtomicU64,
    held: Mutex<Held>,
    lease: Lease,
}

impl Known {
    pub(crate) fn new(lease: Lease) -> Self {
        Self { snapshot: ArcSwap::default(), until: AtomicU64::new(0), held: Mutex::new(Held::NOTHING), lease }
    }

    /// Whether a decision may be made on the snapshot. Reads the clock, unless it need not.
    pub(crate) fn is_trusted(&self) -> bool {
        match self.until.load(Ordering::Acquire) {
            u64::MAX => true,
            until => replicas::clock::now().as_nanos() < until,
        }
    }

    /// Whether what was decided on a snapshot is right at this moment: it may be trusted, and nothing else is known. That
    /// something may be trusted does not do. Who decides may be stopped after the snapshot was loaded, and find here a
    /// lease that another thread has renewed since, with a newer snapshot; the one that it decided on may be out of date
    /// for as long as it was stopped.
    pub(crate) fn lets_decide_on(&self, snapshot: &Arc<Snapshot>) -> bool {
        // In this order: who sees a new lease sees the snapshot that it is for. Nobody gets the place of a snapshot that is
        // still held, so that it is the same one says that none came between.
        self.is_trusted() && Arc::ptr_eq(&self.snapshot.load(), snapshot)
    }

    pub(crate) fn snapshot(&self) -> Guard<Arc<Snapshot>> {
        self.snapshot.load()
    }

    /// The generation that the snapshot contains; nothing before the first one was read.
    pub(crate) fn generation(&self) -> Option<Generation> {
        Some(*self.held()).filter(|held| !held.is_nothing()).map(|held| held.generation())
    }

    /// What was read from the database.
    pub(crate) fn fill(&self, fill: Fill, read: Snapshot) {
        let mut held = self.held();
        let (next, is_newer) = held.filled(fill, self.lease);
        if is_newer {
            self.snapshot.store(Arc::new(read));
        }
        self.until.store(next.until().as_nanos(), Ordering::Release);
        *held = next;
    }

    /// The database has nothing newer than what was known. `false`: that was forgotten meanwhile.
    pub(crate) fn confirm(&self, fill: Fill) -> bool {
        let mut held = self.held();
        *held = held.confirmed(fill, self.lease);
        self.until.store(held.until().as_nanos(), Ordering::Release);
        held.generation() >= fill.generation
    }

    /// What was read while nobody was registered for it: it is known, and trusted no longer than before.
    pub(crate) fn learn(&self, generation: Generation, read: Snapshot) {
        let mut held = self.held();
        let (next, is_newer) = held.committed(generation);
        if is_newer {
            self.snapshot.store(Arc::new(read));
        }
        *held = next;
    }

    /// What this process has committed: the change is made to what is known then.
    pub(crate) fn commit(&self, generation: Generation, change: impl FnOnce(&Snapshot) -> Snapshot) {
        let mut held = self.held();
        let (next, is_newer) = held.committed(generation);
        if is_newer {
            self.snapshot.store(Arc::new(change(&self.snapshot.load())));
        }
        *held = next;
    }

    /// The same knowledge in another form.
    pub(crate) fn exchange(&self, change: impl FnOnce(&Snapshot) -> Snapshot) {
        let _held = self.held();
        self.snapshot.store(Arc::new(change(&self.snapshot.load())));
    }

    /// Nothing is known any more. What requests read stays until there is something else, and is not trusted.
    pub(crate) fn forget(&self) {
        let mut held = self.held();
        *held = held.forgotten(replicas::clock::now());
        self.until.store(Moment::NEVER.as_nanos(), Ordering::Release);
    }

    /// Nothing is trusted until it was asked for again.
    pub(crate) fn doubt(&self) {
        let mut held = self.held();
        *held = held.doubted(replicas::clock::now());
        self.until.store(Moment::NEVER.as_nanos(), Ordering::Release);
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        // What it guards is exchanged as a whole.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
