//! Finds the stores that have something to get, and has each fed by a worker of its own.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};

use crate::running::{Desk, Numbers, Running, Stop};
use crate::schedule::Schedule;
use crate::stores::Environment;
use crate::table::{self, At, Waiting};
use crate::worker::{LEASE, Worker, claim};
use crate::{DeliveryError, Stores, passwords};

/// How many stores one process feeds at the same time that answer quickly; more wait for a place.
const MOST: usize = 256;
/// The same with those that let it wait: these take nobody's place, but each holds what it is to get.
const ALL: usize = 2048;
/// How many of them may be stores that took nothing the last time.
const FAILING: usize = ALL / 2;
/// Of so many stores that wait for a place is told at once, so that as many make room.
const CROWD: usize = 64;
/// How often the table is looked at, where this process appends all events: for stores that are due again.
const LOOK: Duration = Duration::from_millis(500);
/// The same where others append, too.
const LOOK_AT_OTHERS: Duration = Duration::from_millis(50);
/// How often is looked for what is of no use any more, such as hashes of passwords that no store waits for.
const FORGET: Duration = Duration::from_secs(60);
/// How much longer the pause is than the look, so that looking at many stores takes no more than its share.
const SHARE: u32 = 20;
/// How long it waits after a look, however much happens, and how many times as long as that look took.
const BREATH: Duration = Duration::from_millis(5);
const BREATHS: u32 = 3;
/// How long the last deliveries may take when the process ends.
const PARTING: Duration = Duration::from_secs(10);

/// Brings events to the stores of all tenants. Any number of processes may run one on the same database.
#[derive(Debug)]
pub struct Dispatcher {
    stores: Stores,
    environment: Arc<Environment>,
    running: Arc<Running>,
    /// What each of the tasks looks after.
    places: HashMap<Id, Arc<Worker>>,
    tasks: JoinSet<()>,
}

impl Dispatcher {
    /// One for these stores.
    #[must_use]
    pub fn new(stores: &Stores) -> Self {
        Self {
            environment: Arc::clone(stores.environment()),
            running: Arc::clone(stores.running()),
            stores: stores.clone(),
            places: HashMap::new(),
            tasks: JoinSet::new(),
        }
    }

    /// Goes on until `stop` is done; then lets what is under way end.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let mut next = Instant::now();
        let mut forgets = tokio::time::interval(FORGET);
        loop {
            let events = self.environment.events.clone();
            let nudge = self.stores.nudged();
            tokio::select! {
                () = &mut stop => break,
                changed = events.changed() => if self.poke(&changed) { next = Instant::now() },
                () = nudge => next = Instant::now(),
                Some(done) = self.tasks.join_next_with_id() => {
                    self.forget(done).await;
                    // Others may wait for its place, and something may have come while it ended.
                    next = Instant::now();
                }
                _ = forgets.tick() => if let Err(error) = self.tidy().await {
                    tracing::debug!(%error, "what is of no use any more is removed later");
                },
                () = tokio::time::sleep_until(next.into()) => next = self.look_once().await,
            }
        }
        self.finish().await;
    }

    /// Wakes the workers of these tenants. True if there may be stores without one.
    fn poke(&self, tenants: &BTreeSet<i64>) -> bool {
        self.running.desks(|at, _| tenants.contains(&at.tenant)).iter().for_each(|(_, desk)| desk.poke.notify_one());
        self.running.is_any_resting(tenants)
    }

    async fn tidy(&self) -> Result<(), DeliveryError> {
        self.running.tidy(table::contented(&self.environment.database).await?);
        passwords::forget(&self.environment.database, None).await
    }

    /// Looks at the table, and says when to look again.
    async fn look_once(&mut self) -> Instant {
        let began = Instant::now();
        if let Err(error) = self.look().await {
            tracing::debug!(%error, "the stores are looked at later");
        }
        let took = began.elapsed();
        tokio::time::sleep(BREATH.max(took * BREATHS)).await;
        let pause = if self.environment.is_shared { LOOK_AT_OTHERS } else { LOOK };
        Instant::now() + pause.max(took * SHARE)
    }

    async fn look(&mut self) -> Result<(), DeliveryError> {
        self.end_orphans();
        let Numbers { all, slow, mut failing } = self.running.numbers();
        let room = (MOST + slow).min(ALL).saturating_sub(all);
        let (holder, times) = (&self.environment.holder, (LEASE * 2, Schedule::LONGEST));
        // Beside the stores for which there is room, those that are fed here already, and some for which there is none.
        let waiting = table::waiting(&self.environment.database, holder, times, room + all + CROWD).await?;
        let (mut left, mut crowd) = (room, 0);
        for waiting in waiting {
            if waiting.is_ours {
                self.running.desks(|at, _| *at == waiting.at).iter().for_each(|(_, desk)| desk.poke.notify_one());
                continue;
            }
            if left == 0 {
                crowd += usize::from(!waiting.is_failing);
                continue;
            }
            if waiting.is_failing && failing >= FAILING {
                continue;
            }
            if self.begin(&waiting).await? {
                left -= 1;
                failing += usize::from(waiting.is_failing);
            }
        }
        self.running.ask_for_room(crowd);
        Ok(())
    }

    /// Workers of tenants that were deleted have nothing to do any more.
    fn end_orphans(&self) {
        let orphans = self.running.desks(|_, desk| self.environment.tenants.find(&desk.tenant).is_err());
        for (_, desk) in orphans {
            desk.stop.send_replace(Stop::Now);
        }
    }

    /// Has a store fed, unless somebody was faster.
    async fn begin(&mut self, Waiting { at, tenant, is_failing, .. }: &Waiting) -> Result<bool, DeliveryError> {
        // Of a tenant that was deleted meanwhile, the rows go by themselves.
        if self.environment.tenants.find(tenant).is_err() {
            return Ok(false);
        }
        let Some((desk, stopped)) = self.running.enter(*at, tenant, *is_failing) else { return Ok(false) };
        let begun = self.claim(*at, tenant, (desk, stopped)).await;
        if !matches!(begun, Ok(true)) {
            self.running.leave(*at);
        }
        begun
    }

    async fn claim(
        &mut self,
        at: At,
        tenant: &str,
        (desk, stopped): (Arc<Desk>, watch::Receiver<Stop>),
    ) -> Result<bool, DeliveryError> {
        let since = Instant::now();
        let Some((record, lease)) = claim(&self.environment, at).await? else { return Ok(false) };
        let Ok(tenant) = self.environment.tenants.find(tenant) else { return Ok(false) };
        let (environment, running) = (Arc::clone(&self.environment), Arc::clone(&self.running));
        let worker = Worker { environment, running, tenant, record, lease, desk, since };
        let place = Arc::new(worker.clone());
        let task = self.tasks.spawn(async move { Box::pin(worker.run(stopped)).await });
        self.places.insert(task.id(), place);
        Ok(true)
    }

    /// A worker has ended.
    async fn forget(&mut self, done: Result<(Id, ()), JoinError>) {
        let id = done.as_ref().map_or_else(JoinError::id, |(id, ())| *id);
        let Some(worker) = self.places.remove(&id) else { return };
        if done.is_err_and(|error| error.is_panic()) {
            tracing::error!(
                tenant.id = worker.tenant.name(),
                store.name = worker.record.name,
                "what feeds a store has panicked; the store is fed later"
            );
            worker.note_panic().await;
        }
        self.running.leave(worker.lease.at);
    }

    async fn finish(mut self) {
        self.running.stop_all();
        let ended = async {
            while let Some(done) = self.tasks.join_next_with_id().await {
                self.forget(done).await;
            }
        };
        if tokio::time::timeout(PARTING, ended).await.is_err() {
            tracing::warn!("some stores have not taken their last events; they get them after the next start");
        }
    }
}
