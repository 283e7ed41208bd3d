//! What the streams of all tenants tell, remembered: clients ask for it far more often than it changes, and an answer that needs no
//! database must not wait for one.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tenancy::Tenant;

use crate::{Events, Streams};

/// How old what is remembered may be when somebody asks for it, before it is read again.
const FRESH: Duration = Duration::from_secs(1);
/// How many times as long as it took to read it, it is not read again.
const SHARE: u32 = 20;

/// How long the database may take.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Announced {
    known: ArcSwap<HashMap<i64, Streams>>,
    began: Instant,
    /// From when on it is read again, in milliseconds since it began; the greatest number while it is read.
    due: AtomicU64,
}

impl Default for Announced {
    fn default() -> Self {
        Self { known: ArcSwap::default(), began: Instant::now(), due: AtomicU64::new(0) }
    }
}

impl Announced {
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }

    /// Whether it is time to read it again. Then nobody else is told so before [`Announced::rest`].
    fn begin(&self) -> bool {
        let due = self.due.load(Ordering::Relaxed);
        due <= self.now() && self.due.compare_exchange(due, u64::MAX, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// It was read, or could not be, and that took so long.
    fn rest(&self, took: Duration) {
        let pause = FRESH.max(took * SHARE).as_millis();
        self.due.store(self.now().saturating_add(u64::try_from(pause).unwrap_or_default()), Ordering::Relaxed);
    }
}

impl Events {
    /// What clients of a tenant are told of its streams, without waiting. It is read again behind the answer, a second later at
    /// the earliest; while the database is away, it is what it was.
    #[must_use]
    pub fn announced_streams(&self, tenant: &Tenant) -> Streams {
        if self.announced().begin() {
            let events = self.clone();
            tokio::spawn(async move { events.read_announced().await });
        }
        // Every thread that serves looks here: none waits for another.
        self.announced().known.load().get(&tenant.id().as_i64()).cloned().unwrap_or_default()
    }

    /// Reads it again if it is time: at the start of a server and from time to time, so that the first who asks is told rightly, too.
    pub async fn renew_announced(&self) {
        if self.announced().begin() {
            self.read_announced().await;
        }
    }

    async fn read_announced(&self) {
        let announced = Arc::clone(self.announced());
        let began = Instant::now();
        // A database that fails or is silent is asked again later.
        if let Ok(Ok(streams)) = tokio::time::timeout(PATIENCE, self.all_streams()).await {
            announced.known.store(Arc::new(streams));
        }
        announced.rest(began.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However many ask, one reads; and not again before it is time.
    #[test]
    fn one_reads_and_not_all_the_time() {
        let announced = Announced::default();
        assert!(announced.begin() && !announced.begin());
        announced.rest(Duration::ZERO);
        assert!(!announced.begin());
        announced.due.store(0, Ordering::Relaxed);
        assert!(announced.begin());
    }
}
