//! What is noted and not written yet.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use database::Database;
use tokio::sync::Notify;

use crate::Failure;

/// So many failures wait to be written; of each less than 3 KB are kept.
const ROOM: usize = 4_096;

/// How long and how much of it a tenant's log is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The newest failures of a tenant that stay.
    pub newest: u32,
    /// For so many days.
    pub days: u32,
}

/// The provisioning logs of all tenants. Clones share one queue.
#[derive(Clone, Debug)]
pub struct Journal(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    database: Database,
    kept: Kept,
    waiting: Mutex<VecDeque<Failure>>,
    noted: Notify,
    written: Notify,
    dropped: AtomicU64,
    /// The tenants of which something was written here: for those who prune, and for those who tell.
    grown: Mutex<[BTreeSet<i64>; 2]>,
}

impl Journal {
    /// The logs in this database.
    #[must_use]
    pub fn new(database: Database, kept: Kept) -> Self {
        Self(Arc::new(Parts {
            database,
            kept,
            waiting: Mutex::default(),
            noted: Notify::new(),
            written: Notify::new(),
            dropped: AtomicU64::new(0),
            grown: Mutex::default(),
        }))
    }

    /// Notes a failure, to be written soon. It waits for nothing; where too many wait already, it is counted instead.
    pub fn note(&self, failure: Failure) {
        let mut waiting = self.waiting();
        if waiting.len() >= ROOM {
            drop(waiting);
            self.drop_some(1);
            return;
        }
        waiting.push_back(failure.shortened());
        drop(waiting);
        self.0.noted.notify_one();
    }

    /// How many failures are in no log, because there were too many or the database was away.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// The tenants of which something was written here since they were asked for the last time.
    pub(crate) fn take_grown(&self, of: Grown) -> BTreeSet<i64> {
        let mut grown = self.0.grown.lock().unwrap_or_else(PoisonError::into_inner);
        grown.get_mut(of as usize).map(std::mem::take).unwrap_or_default()
    }

    pub(crate) fn note_grown(&self, tenants: &BTreeSet<i64>) {
        let mut grown = self.0.grown.lock().unwrap_or_else(PoisonError::into_inner);
        grown.iter_mut().for_each(|set| set.extend(tenants));
        self.0.written.notify_one();
    }

    /// Done when something was written here.
    pub async fn written(&self) {
        self.0.written.notified().await;
    }

    pub(crate) async fn noted(&self) {
        while self.waiting().is_empty() {
            self.0.noted.notified().await;
        }
    }

    /// Takes the oldest, up to so many.
    pub(crate) fn take(&self, most: usize) -> Vec<Failure> {
        let mut waiting = self.waiting();
        let count = waiting.len().min(most);
        waiting.drain(..count).collect()
    }

    pub(crate) fn drop_some(&self, count: usize) {
        self.0.dropped.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn database(&self) -> &Database {
        &self.0.database
    }

    pub(crate) fn kept(&self) -> Kept {
        self.0.kept
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Failure>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who asks for the tenants that have grown.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Grown {
    ToPrune = 0,
    ToTell = 1,
}

impl Kept {
    /// The moment before which nothing is kept, in milliseconds since 1970.
    pub(crate) fn oldest_ms(self, now_ms: i64) -> i64 {
        let days = Duration::from_secs(u64::from(self.days) * 24 * 60 * 60);
        now_ms.saturating_sub(i64::try_from(days.as_millis()).unwrap_or(i64::MAX))
    }
}
