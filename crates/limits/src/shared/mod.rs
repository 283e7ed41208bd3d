//! Buckets that several processes share.

mod eviction;
mod keeper;
mod leased;
mod pace;
mod task;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use replicas::{Living, Redis};
use tokio::sync::mpsc;

use crate::lease::Micros;
pub(crate) use leased::Leased;
#[cfg(test)]
pub(crate) use pace::Pace;

/// The longest that a request waits for Redis.
pub const PATIENCE: Duration = Duration::from_millis(50);

/// Most leases that wait to be asked for; a request whose lease finds no room goes by this process's share.
const WAITING: usize = 16 * 1024;

/// What all shared buckets of a process have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    started: Instant,
    redis: Redis,
    queue: mpsc::Sender<Arc<Leased>>,
    is_alone: AtomicBool,
    living: Living,
    holders: AtomicU64,
}

impl Shared {
    /// Starts the task that talks to Redis. `told` learns each time whether this process has to go by its share now.
    pub(crate) fn start(redis: Redis, living: Living, told: impl Fn(bool) + Send + Sync + 'static) -> Arc<Self> {
        let (queue, waiting) = mpsc::channel(WAITING);
        let shared = Arc::new(Self {
            started: Instant::now(),
            redis: redis.clone(),
            queue,
            is_alone: AtomicBool::new(false),
            living,
            holders: AtomicU64::new(0),
        });
        tokio::spawn(task::run(Arc::clone(&shared), redis, waiting, told));
        shared
    }

    /// The part of every rate that is shared through Redis: those who do not reach it have the rest.
    pub(crate) fn together(&self) -> f64 {
        self.living.together()
    }

    /// Changes over; whether it was otherwise before.
    fn be_alone(&self, alone: bool) -> bool {
        let is_changed = self.is_alone.swap(alone, Relaxed) != alone;
        if is_changed {
            self.living.go_by_share(alone);
        }
        is_changed
    }

    /// Microseconds since the start, by a clock that nobody sets.
    pub(crate) fn now(&self) -> Micros {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Whether Redis is gone and this process goes by its share.
    pub(crate) fn is_alone(&self) -> bool {
        self.is_alone.load(Relaxed)
    }

    /// How many share every rate.
    pub(crate) fn replicas(&self) -> u32 {
        self.living.count()
    }

    /// The full name of a bucket. One whose rate was changed is the same one.
    fn key(&self, name: &str) -> String {
        self.redis.key(&format!("limit:{name}"))
    }

    /// A name for one who holds a lease; a bucket whose rate was changed is leased anew.
    fn holder(&self) -> String {
        format!("{}/{}", self.redis.replica(), self.holders.fetch_add(1, Relaxed))
    }
}
