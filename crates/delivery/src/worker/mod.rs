//! Feeding one store, for as long as its lease lasts.
//!
//! First what was asked for (a snapshot, dead letters), then the log from the store's position on.

mod fail;
mod hold;
mod letters;
mod open;
mod snapshot;

use std::sync::Arc;
use std::time::{Duration, Instant};

use events::Event;
use tenancy::Tenant;
use tokio::sync::watch;

use crate::running::{Desk, Running, Stop};
use crate::store::{Failed, Store};
use crate::stores::Environment;
use crate::table::{self, Lease};
use crate::{DeliveryError, StoreRecord};
use hold::Course;
pub(crate) use hold::{MARGIN, RENEW};

/// How long a store is one worker's without a word. A worker that was killed keeps its store waiting for so long.
pub(crate) const LEASE: Duration = Duration::from_secs(10);
/// How many bytes of events are read at once. A larger event is read alone.
const BYTES: u32 = 1 << 20;

/// Feeds one store.
#[derive(Clone, Debug)]
pub(crate) struct Worker {
    pub(crate) environment: Arc<Environment>,
    pub(crate) running: Arc<Running>,
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) record: StoreRecord,
    pub(crate) lease: Lease,
    pub(crate) desk: Arc<Desk>,
    /// When the lease was taken.
    pub(crate) since: Instant,
}

/// Whether there is more to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    On,
    /// The lease is over or given back, or what failed is noted.
    Ended,
}

impl Worker {
    /// Feeds the store until there is nothing left for a while, it fails, or somebody else looks after it.
    pub(crate) async fn run(mut self, mut stopped: watch::Receiver<Stop>) {
        let fed = tokio::select! {
            biased;
            // Whatever is under way is dropped: the store gets no further event from here.
            _ = stopped.wait_for(|stop| *stop == Stop::Now) => return,
            fed = Box::pin(self.feed()) => fed,
        };
        if let Err(error) = fed {
            self.give_up(&error).await;
        }
    }

    async fn feed(&mut self) -> Result<(), DeliveryError> {
        let mut course = Course::new(&self.record, self.since);
        let Some(mut store) = self.open(&mut course).await? else { return Ok(()) };
        if self.bring_snapshot(store.as_mut(), &mut course).await? == Flow::Ended
            || self.bring_letters(store.as_mut(), &mut course).await? == Flow::Ended
        {
            return Ok(());
        }
        while self.step(store.as_mut(), &mut course).await? == Flow::On {}
        Ok(())
    }

    /// Brings the next events, or waits for them.
    async fn step(&mut self, store: &mut dyn Store, course: &mut Course) -> Result<Flow, DeliveryError> {
        if self.hold(course).await? == Flow::Ended || self.end_replay(course).await? == Flow::Ended {
            return Ok(Flow::Ended);
        }
        let mut batch =
            self.environment.events.batch(&self.tenant, course.position, course.limit(&self.record), BYTES).await?;
        if let Some(first) = self.missing(&batch, course) {
            return self.miss(first, course).await;
        }
        if let Some(replay) = self.record.replay {
            batch.retain(|event| event.sequence <= replay.to);
        }
        let Some(last) = batch.last().map(|event| event.sequence) else { return self.rest(course).await };
        let mut wanted: Vec<Event> = batch.into_iter().filter(|event| self.brings(event, course)).collect();
        self.add_password_hashes(&mut wanted).await?;
        match self.bring(store, &wanted, course).await? {
            None => return Ok(Flow::Ended),
            Some(Ok(())) => course.reach(last, &wanted),
            Some(Err(Failed { taken, failure })) => {
                let failed = wanted.get(taken).map(|event| event.sequence);
                course.reach(failed.map_or(last, |sequence| sequence - 1), wanted.get(..taken).unwrap_or_default());
                self.fail(course, failed, failure).await?;
                return Ok(Flow::Ended);
            }
        }
        Ok(Flow::On)
    }

    /// Whether the store gets this event, and not only somebody who looks at what was parked.
    fn brings(&self, event: &Event, course: &Course) -> bool {
        self.record.options.lets_through(event) && !course.parked.contains(&event.sequence)
    }

    /// Tells hashes of passwords, if this store is allowed them.
    async fn add_password_hashes(&self, events: &mut [Event]) -> Result<(), DeliveryError> {
        if self.record.options.password_hash {
            self.environment.events.add_password_hashes(&self.tenant, events).await?;
        }
        Ok(())
    }

    /// After a part of the log was brought again, goes on where the store was.
    async fn end_replay(&mut self, course: &mut Course) -> Result<Flow, DeliveryError> {
        let Some(replay) = self.record.replay.filter(|replay| course.position >= replay.to) else {
            return Ok(Flow::On);
        };
        let position = course.position.max(replay.back);
        if self.save(course).await? == Flow::Ended
            || !self.lease.end_replay(&self.environment.database, position).await?
        {
            return Ok(Flow::Ended);
        }
        self.record.replay = None;
        course.jump(position);
        Ok(Flow::On)
    }

    /// The number of the first event that the store needs and the log does not have any more.
    fn missing(&self, batch: &[Event], course: &Course) -> Option<i64> {
        let next = course.position + 1;
        let is_missing = match batch.first() {
            Some(first) => first.sequence > next,
            // When the lease was taken there was something.
            None => self.record.newest > course.position,
        };
        is_missing.then_some(next)
    }

    /// Has a snapshot brought in the place of events that are gone; or goes on without them, if snapshots are not for the
    /// store.
    async fn miss(&mut self, first: i64, course: &mut Course) -> Result<Flow, DeliveryError> {
        let oldest = self.environment.events.oldest(&self.tenant).await?;
        let next = oldest.unwrap_or(self.record.newest.max(course.position) + 1);
        if next <= first {
            return Ok(Flow::On);
        }
        let why = format!("events {first} to {} are no longer in the log", next - 1);
        self.start_over(why, next - 1, course).await
    }

    /// Has a snapshot brought for this reason; or goes on after a number.
    async fn start_over(&mut self, why: String, position: i64, course: &mut Course) -> Result<Flow, DeliveryError> {
        let takes_snapshots = self.record.options.takes_snapshots();
        tracing::warn!(
            tenant.id = self.tenant.name(),
            store.name = self.record.name,
            reason = why,
            snapshot = takes_snapshots,
            "a store has missed events"
        );
        if !takes_snapshots {
            course.jump(position);
            self.lease.pass(&self.environment.database, position, LEASE).await?;
            return Ok(Flow::On);
        }
        let wish = crate::snapshot::Wish::new(Some(why));
        if self.lease.rebuild(&self.environment.database, &wish, (&self.tenant, &self.record)).await? {
            self.environment.tenants.wake_tellers();
        }
        Ok(Flow::Ended)
    }
}

/// Takes the lease of a store, and reads what is to be done. `None` if somebody else has it.
pub(crate) async fn claim(
    environment: &Environment,
    at: table::At,
) -> Result<Option<(StoreRecord, Lease)>, DeliveryError> {
    let Some(lease) = table::claim(&environment.database, at, &environment.holder, LEASE).await? else {
        return Ok(None);
    };
    Ok(table::find(&environment.database, at).await?.map(|record| (record, lease)))
}
