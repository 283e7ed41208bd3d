//! Finds the stores that have something to get, and has each fed by a worker of its own.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::stores::Environment;
use crate::table::{self, At, Waiting};
use crate::worker::{Worker, claim};
use crate::{DeliveryError, Stores};

/// How many stores one process feeds at the same time; more wait for a place.
const MOST: usize = 256;
/// How often the table is looked at, where this process appends all events: for stores that are due again.
const LOOK: Duration = Duration::from_millis(500);
/// The same where others append, too.
const LOOK_AT_OTHERS: Duration = Duration::from_millis(50);
/// How long it waits after a look, however much happens.
const BREATH: Duration = Duration::from_millis(5);
/// How long the last deliveries may take when the process ends.
const PARTING: Duration = Duration::from_secs(10);

/// Brings events to the stores of all tenants. Any number of processes may run one on the same database.
#[derive(Debug)]
pub struct Dispatcher {
    stores: Stores,
    environment: Arc<Environment>,
    workers: HashMap<At, Arc<Notify>>,
    tasks: JoinSet<At>,
    stop: watch::Sender<bool>,
}

impl Dispatcher {
    /// One for these stores.
    #[must_use]
    pub fn new(stores: &Stores) -> Self {
        Self {
            environment: Arc::clone(stores.environment()),
            stores: stores.clone(),
            workers: HashMap::new(),
            tasks: JoinSet::new(),
            stop: watch::channel(false).0,
        }
    }

    /// Goes on until `stop` is done; then lets what is under way end.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let pause = if self.environment.is_shared { LOOK_AT_OTHERS } else { LOOK };
        let mut next = Instant::now();
        loop {
            let events = self.environment.events.clone();
            let nudge = self.stores.nudged();
            tokio::select! {
                () = &mut stop => break,
                changed = events.changed() => if self.poke(&changed) { next = Instant::now() },
                () = nudge => next = Instant::now(),
                Some(done) = self.tasks.join_next() => self.forget(done.ok()),
                () = tokio::time::sleep_until(next) => {
                    if let Err(error) = self.look().await {
                        tracing::debug!(%error, "the stores are looked at later");
                    }
                    tokio::time::sleep(BREATH).await;
                    next = Instant::now() + pause;
                }
            }
        }
        self.finish().await;
    }

    /// Wakes the workers of these tenants. True if there may be stores without one.
    fn poke(&self, tenants: &BTreeSet<i64>) -> bool {
        let (mut woken, mut idle) = (BTreeSet::new(), false);
        for (at, poke) in self.workers.iter().filter(|(at, _)| tenants.contains(&at.tenant)) {
            poke.notify_one();
            woken.insert(at.tenant);
        }
        idle |= woken.len() < tenants.len();
        idle
    }

    async fn look(&mut self) -> Result<(), DeliveryError> {
        let room = MOST.saturating_sub(self.workers.len());
        let waiting = table::waiting(&self.environment.database, u32::try_from(room).unwrap_or_default()).await?;
        for Waiting { at, tenant } in waiting {
            // Of one that was deleted meanwhile, the rows go by themselves.
            let Ok(tenant) = self.environment.tenants.find(&tenant) else { continue };
            if self.workers.contains_key(&at) {
                continue;
            }
            let Some((record, lease)) = claim(&self.environment, at).await? else { continue };
            let poke = Arc::new(Notify::new());
            self.workers.insert(at, Arc::clone(&poke));
            let (environment, stop) = (Arc::clone(&self.environment), self.stop.subscribe());
            let worker = Worker { environment, tenant, record, lease, poke, stop };
            self.tasks.spawn(async move {
                Box::pin(worker.run()).await;
                at
            });
        }
        Ok(())
    }

    fn forget(&mut self, done: Option<At>) {
        match done {
            Some(at) => drop(self.workers.remove(&at)),
            // Which worker panicked is not told; its lease runs out, and only then it may be fed again.
            None => self.workers.retain(|_, poke| Arc::strong_count(poke) > 1),
        }
    }

    async fn finish(mut self) {
        let _ = self.stop.send(true);
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(PARTING, ended).await.is_err() {
            tracing::warn!("some stores have not taken their last events; they get them after the next start");
        }
    }
}
