//! Feeding one store, for as long as its lease lasts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use events::Event;
use tenancy::Tenant;
use tokio::sync::{Notify, watch};

use crate::options::Exhausted;
use crate::schedule::Schedule;
use crate::store::{Failed, Failure, Opening, Store, find};
use crate::stores::Environment;
use crate::table::{self, Lease, Setback};
use crate::{DeliveryError, State, StoreRecord};

/// How long a store is one worker's without a word. A worker that was killed keeps its store waiting for so long.
pub(crate) const LEASE: Duration = Duration::from_secs(10);
/// How often the lease is prolonged.
const RENEW: Duration = Duration::from_secs(3);
/// How often the position is written, while there is more to bring. What is brought between that and a crash is brought again.
const SAVE: Duration = Duration::from_millis(250);
/// How long a store that has everything is held.
const IDLE: Duration = Duration::from_secs(5);
/// How many bytes of events are read at once.
const BYTES: u32 = 8 << 20;
/// The longest text of an error that is kept.
const LONGEST: usize = 500;

/// Feeds one store.
pub(crate) struct Worker {
    pub(crate) environment: Arc<Environment>,
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) record: StoreRecord,
    pub(crate) lease: Lease,
    /// Something was appended for this tenant.
    pub(crate) poke: Arc<Notify>,
    /// True when the process ends.
    pub(crate) stop: watch::Receiver<bool>,
}

/// Where a worker stands.
struct Progress {
    position: i64,
    /// What the table says.
    saved: i64,
    saved_at: Instant,
    renewed: Instant,
    busy: Instant,
}

/// The lease is another worker's, or the store was changed.
struct Lost;

impl Worker {
    /// Feeds the store until there is nothing left for a while, it fails, or somebody else looks after it.
    pub(crate) async fn run(mut self) {
        if let Err(error) = self.feed().await {
            tracing::warn!(tenant.id = self.tenant.name(), store.name = self.record.name, %error, "a store is fed later");
        }
    }

    async fn feed(&mut self) -> Result<(), DeliveryError> {
        let (mut store, position) = match self.open().await? {
            Ok(opened) => opened,
            Err(failure) => return self.fail(self.record.position, None, failure).await,
        };
        let now = Instant::now();
        let mut progress = Progress { position, saved: self.record.position, saved_at: now, renewed: now, busy: now };
        loop {
            if !self.hold(&mut progress).await? {
                return Ok(());
            }
            let tenant = &self.tenant;
            let batch =
                self.environment.events.batch(tenant, progress.position, self.record.options.batch, BYTES).await?;
            let Some(last) = batch.last().map(|event| event.sequence) else {
                if !self.rest(&mut progress).await? {
                    return Ok(());
                }
                continue;
            };
            let wanted: Vec<Event> =
                batch.into_iter().filter(|event| self.record.options.lets_through(event)).collect();
            match self.bring(store.as_mut(), &wanted, &mut progress).await? {
                Ok(Ok(())) => progress.position = last,
                Ok(Err(Failed { taken, failure })) => {
                    let failed = wanted.get(taken).map(|event| event.sequence);
                    let position = failed.map_or(last, |sequence| sequence - 1);
                    return self.fail(position, failed, failure).await;
                }
                Err(Lost) => return Ok(()),
            }
            progress.busy = Instant::now();
        }
    }

    /// Connects, and finds out where to go on.
    async fn open(&self) -> Result<Result<(Box<dyn Store>, i64), Failure>, DeliveryError> {
        let kind = find(&self.record.kind)
            .ok_or_else(|| DeliveryError::Invalid(format!("\"{}\" is no kind of store", self.record.kind)))?;
        let settings = self.environment.settings_of(&self.record)?;
        let place = self.environment.place(self.tenant.name(), &self.record);
        let opened = async {
            let mut store = (kind.open)(Opening { settings, place }).await?;
            let position = store.position().await?.unwrap_or(self.record.position);
            Ok((store, position))
        };
        let late = || Err(Failure::unavailable("the store did not answer in time"));
        Ok(tokio::time::timeout(LEASE - RENEW, opened).await.unwrap_or_else(|_| late()))
    }

    /// Prolongs the lease and writes the position when it is time. False if it is over.
    async fn hold(&self, progress: &mut Progress) -> Result<bool, DeliveryError> {
        if *self.stop.borrow() {
            self.save(progress).await?;
            self.lease.release(&self.environment.database).await?;
            return Ok(false);
        }
        if progress.renewed.elapsed() >= RENEW && !self.renew(progress).await? {
            return Ok(false);
        }
        if progress.position != progress.saved && progress.saved_at.elapsed() >= SAVE {
            return self.save(progress).await;
        }
        Ok(true)
    }

    async fn renew(&self, progress: &mut Progress) -> Result<bool, DeliveryError> {
        let renewed = Instant::now();
        let held = self.lease.renew(&self.environment.database, LEASE).await?;
        progress.renewed = renewed;
        Ok(held)
    }

    async fn save(&self, progress: &mut Progress) -> Result<bool, DeliveryError> {
        if progress.position == progress.saved && self.record.attempts == 0 {
            return Ok(true);
        }
        let held = self.lease.advance(&self.environment.database, progress.position).await?;
        (progress.saved, progress.saved_at) = (progress.position, Instant::now());
        Ok(held)
    }

    /// Waits for the next event. False if the lease was given back.
    async fn rest(&mut self, progress: &mut Progress) -> Result<bool, DeliveryError> {
        let wait = if progress.position == progress.saved { RENEW } else { SAVE };
        tokio::select! {
            () = self.poke.notified() => {}
            _ = self.stop.changed() => {}
            () = tokio::time::sleep(wait) => {}
        }
        if progress.busy.elapsed() < IDLE {
            return Ok(true);
        }
        if self.save(progress).await? {
            self.lease.release(&self.environment.database).await?;
        }
        Ok(false)
    }

    /// Brings events, and keeps the lease meanwhile.
    async fn bring(
        &self,
        store: &mut dyn Store,
        events: &[Event],
        progress: &mut Progress,
    ) -> Result<Result<Result<(), Failed>, Lost>, DeliveryError> {
        if events.is_empty() {
            return Ok(Ok(Ok(())));
        }
        let mut applying = store.apply(events);
        loop {
            tokio::select! {
                applied = &mut applying => return Ok(Ok(applied)),
                () = tokio::time::sleep(RENEW) => {
                    if !self.renew(progress).await? {
                        return Ok(Err(Lost));
                    }
                }
            }
        }
    }

    /// Notes that the event after `position` was not taken, and what becomes of it.
    async fn fail(&self, position: i64, sequence: Option<i64>, failure: Failure) -> Result<(), DeliveryError> {
        let (database, schedule) = (&self.environment.database, Schedule::of(&self.record.options));
        let is_known = position == self.record.position;
        let failures = if is_known { self.record.attempts.saturating_add(1) } else { 1 };
        let asked = if let Failure::Unavailable { after, .. } = &failure { *after } else { None };
        let error: String = failure.to_string().chars().take(LONGEST).collect();
        tracing::warn!(
            tenant.id = self.tenant.name(),
            store.name = self.record.name,
            store.kind = self.record.kind,
            attempts = failures,
            error,
            "a store took nothing"
        );
        let wait = schedule.wait(failures, asked, fastrand::f64());
        let setback = Setback { position, error, wait };
        if matches!(failure, Failure::Gone { .. }) {
            return self.lease.stop(database, State::Disabled, &setback).await.map(|_| ());
        }
        if !is_known || !schedule.is_over(self.record.failing()) {
            return self.lease.fail(database, &setback).await.map(|_| ());
        }
        match (self.record.options.exhausted, sequence) {
            (Exhausted::Pause, _) => self.lease.stop(database, State::Paused, &setback).await?,
            (Exhausted::Park, Some(sequence)) => {
                self.lease.park(database, sequence, failures, &setback.error).await?
                    && self.lease.release(database).await?
            }
            // Not an event is in the way, but the store: no event is parked that it was never asked about.
            (Exhausted::Park, None) => self.lease.fail(database, &setback).await?,
        };
        Ok(())
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
