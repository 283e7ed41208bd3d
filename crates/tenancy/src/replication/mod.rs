//! Keeping in step with the other processes of a deployment.
//!
//! What each knows of the tenants is either the newest, or not trusted. `docs/decisions/0011` has the protocol; its rules
//! are in `replicas::protocol`.

mod agree;
mod bounded;
mod change;
mod follow;
mod join;
mod keys;
mod known;
mod living;
mod messages;
mod numbers;
mod refresh;
mod table;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use replicas::protocol::{Lease, Moment, Roll};
use replicas::{Living, Redis, ReplicaId};
use tokio::sync::{Mutex, broadcast};

pub(crate) use change::Change;
pub(crate) use known::Known;
pub(crate) use messages::Seal;
pub use numbers::ReplicationNumbers;

use messages::Message;
use numbers::Counters;
use table::Registration;

/// Messages that a change has not looked at yet. When more come, the list in the database tells the rest.
const UNREAD: usize = 256;

/// As what a process takes part in a deployment.
#[derive(Clone, Debug)]
pub enum Participation {
    /// It has the database for itself, and trusts what it knows for good.
    Alone,
    /// It serves beside others.
    Replica {
        /// What carries the messages.
        redis: Redis,
        /// For how long it trusts what it knows.
        lease: Duration,
    },
    /// It comes for one command beside others, and trusts nothing that it has not just asked for.
    Visitor {
        /// What carries the messages.
        redis: Redis,
    },
}

/// What keeping in step needs.
#[derive(Debug)]
pub(crate) struct Replication {
    id: ReplicaId,
    redis: Option<Redis>,
    seal: ArcSwap<Seal>,
    /// How a replica registers; others do not.
    registration: Option<Registration>,
    attempts: Mutex<Attempts>,
    heard: broadcast::Sender<Message>,
    counters: Arc<Counters>,
    living: Living,
    roll: Mutex<Roll<ReplicaId>>,
    has_left: AtomicBool,
    /// The newest generation that the list says this replica holds.
    acknowledged: AtomicI64,
    /// What keeping the signing keys in step needs.
    key_news: Arc<keys::News>,
}

/// The questions to the database so far. One is asked at a time.
#[derive(Debug, Default)]
struct Attempts {
    /// When the last one began that was answered.
    succeeded: Moment,
    /// When the last one began that was not.
    failed: Moment,
    is_failing: bool,
}

impl Participation {
    pub(crate) fn lease(&self) -> Lease {
        match self {
            Self::Alone => Lease::Endless,
            Self::Replica { lease, .. } => Lease::For(*lease),
            Self::Visitor { .. } => Lease::None,
        }
    }

    fn redis(&self) -> Option<&Redis> {
        match self {
            Self::Alone => None,
            Self::Replica { redis, .. } | Self::Visitor { redis } => Some(redis),
        }
    }
}

impl Replication {
    pub(crate) fn new(participation: &Participation, seal: Seal) -> Self {
        let redis = participation.redis().cloned();
        let id = redis.as_ref().map_or_else(ReplicaId::random, Redis::replica);
        let registration = match participation {
            Participation::Replica { lease, .. } => Some(Registration::new(id, *lease)),
            _ => None,
        };
        Self {
            id,
            redis,
            seal: ArcSwap::from_pointee(seal),
            registration,
            attempts: Mutex::default(),
            heard: broadcast::channel(UNREAD).0,
            counters: Arc::default(),
            living: Living::of(1),
            roll: Mutex::new(Roll::new(id)),
            has_left: AtomicBool::new(false),
            acknowledged: AtomicI64::new(0),
            key_news: Arc::default(),
        }
    }

    pub(crate) async fn deployment_name(database: &database::Database) -> Result<String, crate::TenancyError> {
        Ok(table::deployment(database.reader(), false).await?.name)
    }

    fn registration(&self) -> Option<&Registration> {
        self.registration.as_ref()
    }

    fn has_left(&self) -> bool {
        self.has_left.load(Ordering::Relaxed)
    }

    pub(crate) fn numbers(&self, is_trusted: bool) -> ReplicationNumbers {
        self.counters.numbers(is_trusted, &self.living)
    }
}
