//! The one task that talks to Redis about leases: it asks for all that wait at once, so requests share round trips.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use replicas::Redis;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::keeper::{Keeper, KeeperError, Question};
use super::pace::Pace;
use super::{Leased, Shared};
use crate::lease::{Ask, Micros};

/// Most questions in one round trip.
const BATCH: usize = 256;

/// How often it is looked for leases that lie unused, and for a Redis that is back.
const TICK: Duration = Duration::from_millis(100);

/// How often it is asked whether Redis is there, if there was nothing else to ask.
const PROBING: Duration = Duration::from_millis(500);

/// How often it is looked whether Redis may forget what it is told.
const LOOKING: Duration = Duration::from_secs(60);

struct Task<F> {
    shared: Arc<Shared>,
    keeper: Keeper,
    pace: Pace,
    told: F,
    /// Those that may hold something.
    holders: Vec<Arc<Leased>>,
    last_probe: Option<Instant>,
    last_look: Option<Instant>,
    /// Whether it was told that Redis may forget.
    is_forgetful: bool,
}

pub(super) async fn run(
    shared: Arc<Shared>,
    redis: Redis,
    mut waiting: mpsc::Receiver<Arc<Leased>>,
    told: impl Fn(bool),
) {
    let (keeper, pace) = (Keeper::new(redis), Pace::default());
    let mut task = Task {
        shared,
        keeper,
        pace,
        told,
        holders: Vec::new(),
        last_probe: None,
        last_look: None,
        is_forgetful: false,
    };
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        tokio::select! {
            _ = ticks.tick() => task.tick().await,
            _ = waiting.recv_many(&mut batch, BATCH) => task.ask(&mut batch).await,
        }
    }
}

impl<F: Fn(bool)> Task<F> {
    /// Asks for what waits.
    async fn ask(&mut self, batch: &mut Vec<Arc<Leased>>) {
        let now = self.shared.now();
        let asks = batch.drain(..).map(|leased| {
            let waiting = leased.leave_queue();
            let ask = leased.lease.ask(now, waiting);
            (leased, ask)
        });
        let asks: Vec<_> = asks.collect();
        self.exchange(asks, now).await;
    }

    /// Gives back what lies unused, and finds out whether Redis is there.
    async fn tick(&mut self) {
        let now = self.shared.now();
        if !self.shared.is_alone() {
            let unused = self.holders.extract_if(.., |leased| leased.lease.is_unused(now));
            let back = unused.filter_map(|leased| {
                leased.is_watched.store(false, Relaxed);
                leased.lease.give_back(now).map(|ask| (leased, ask))
            });
            let back: Vec<_> = back.collect();
            for chunk in back.chunks(BATCH) {
                self.exchange(chunk.to_vec(), now).await;
            }
        }
        if self.shared.is_alone() || self.last_probe.is_none_or(|last| last.elapsed() >= PROBING) {
            let asked = Instant::now();
            self.last_probe = Some(asked);
            let probed = self.keeper.probe().await;
            self.judge(asked.elapsed(), probed.err().as_ref());
        }
        if !self.shared.is_alone() && self.last_look.is_none_or(|last| last.elapsed() >= LOOKING) {
            self.last_look = Some(Instant::now());
            self.look_for_eviction().await;
        }
    }

    /// Says once that Redis may forget buckets. Where it does not tell, nothing is said.
    async fn look_for_eviction(&mut self) {
        let Some(eviction) = self.keeper.eviction().await else { return };
        let policy = eviction.forgets();
        match (std::mem::replace(&mut self.is_forgetful, policy.is_some()), policy) {
            (false, Some(policy)) => tracing::warn!(
                policy,
                "limits: Redis may forget what tenants have asked when it is full (maxmemory-policy), and each that it \
                 forgets has its burst once more; set it to noeviction"
            ),
            (true, None) => tracing::info!("limits: Redis forgets nothing any more"),
            _ => {}
        }
    }

    /// One round trip. Who asked is woken in any case.
    async fn exchange(&mut self, asks: Vec<(Arc<Leased>, Ask)>, sent: Micros) {
        if self.shared.is_alone() || asks.is_empty() {
            return asks.iter().for_each(|(leased, ask)| fail(leased, *ask));
        }
        let questions: Vec<_> = asks.iter().map(|(leased, ask)| question(leased, *ask, sent)).collect();
        let asked = Instant::now();
        match self.keeper.ask(&questions, self.shared.together()).await {
            Ok(answers) => {
                self.judge(asked.elapsed(), None);
                let now = self.shared.now();
                for ((leased, ask), (answer, elsewhere)) in asks.iter().zip(answers) {
                    leased.elsewhere.store(elsewhere, Relaxed);
                    leased.lease.granted((sent, *ask), now, answer);
                    leased.wake();
                    if answer.granted > 0 && !leased.is_watched.swap(true, Relaxed) {
                        self.holders.push(Arc::clone(leased));
                    }
                }
            }
            Err(error) => {
                self.judge(asked.elapsed(), Some(&error));
                asks.iter().for_each(|(leased, ask)| fail(leased, *ask));
            }
        }
    }

    /// Decides after each answer whether Redis is to be asked: not while it fails or is late, and not before it is quick.
    fn judge(&mut self, took: Duration, error: Option<&KeeperError>) {
        self.pace.note(took);
        if error.is_some() {
            self.pace = Pace::default();
            self.be_alone(error);
        } else if self.pace.is_late() {
            self.be_alone(Some(&KeeperError::Slow));
        } else if self.pace.is_quick() {
            self.be_alone(None);
        }
    }

    /// Changes over, once, and says so.
    fn be_alone(&mut self, cause: Option<&KeeperError>) {
        if !self.shared.be_alone(cause.is_some()) {
            return;
        }
        (self.told)(cause.is_some());
        let replicas = self.shared.replicas();
        match cause {
            Some(cause) => tracing::warn!(
                error = %cause,
                replicas,
                "limits: Redis is gone; this replica goes by its share of every rate until it is back"
            ),
            None => tracing::info!(replicas, "limits: Redis is back; rates are counted together again"),
        }
    }
}

fn question(leased: &Leased, ask: Ask, number: Micros) -> Question<'_> {
    let waiting = leased.own_turns.load(Relaxed);
    Question { bucket: &leased.key, rate: leased.rate, holder: &leased.holder, number, ask, waiting }
}

fn fail(leased: &Leased, ask: Ask) {
    leased.lease.failed(ask);
    leased.wake();
}
