//! Keeping the lease and writing the position, while events are brought and waited for.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use events::Event;

use super::{Flow, LEASE, Worker};
use crate::running::Stop;
use crate::store::{Failed, Store};
use crate::table::Advance;
use crate::{DeliveryError, StoreRecord, passwords};

/// How often the lease is prolonged.
pub(crate) const RENEW: Duration = Duration::from_secs(3);
/// How long before its end a lease is not relied on any more.
pub(crate) const MARGIN: Duration = Duration::from_secs(2);
/// How often the position is written, while there is more to bring. What is brought between that and a crash is brought again.
const SAVE: Duration = Duration::from_millis(250);
/// With so many workers it is written half as often, so that all of them together do not keep the database busy.
const COMPANY: usize = 16;
/// How long a store is fed at least, while others wait for a place.
const TURN: Duration = Duration::from_secs(2);
/// How long a store that has everything is held.
const IDLE: Duration = Duration::from_secs(5);
/// After how long a store is slow.
const SLOW: Duration = Duration::from_secs(1);

/// Where a worker stands.
pub(super) struct Course {
    pub(super) position: i64,
    /// The number of the last event that the store was brought and took: less than the position where events are left out.
    pub(super) brought_to: i64,
    /// What the table says.
    saved: i64,
    saved_at: Instant,
    /// When the lease was taken or prolonged, at the latest.
    renewed: Instant,
    /// When it was tried the last time.
    tried: Instant,
    busy: Instant,
    /// Whether the store has taken something since that was written.
    pub(super) has_taken: bool,
    /// How many events are brought one by one, because one of them failed.
    careful: usize,
    is_degraded: bool,
    /// The position that the store itself keeps, if it does.
    pub(super) own: Option<i64>,
    /// Events that are not brought, because they are parked: a store that keeps its own position stands before them.
    pub(super) parked: BTreeSet<i64>,
    /// Whether a snapshot has come further since it failed the last time.
    pub(super) has_come_on: bool,
}

impl Course {
    pub(super) fn new(record: &StoreRecord, since: Instant) -> Self {
        let now = Instant::now();
        Self {
            position: record.position,
            brought_to: record.brought,
            saved: record.position,
            saved_at: now,
            renewed: since,
            tried: since,
            busy: now,
            has_taken: false,
            careful: if record.attempts > 0 { record.options.batch as usize } else { 0 },
            is_degraded: record.is_degraded,
            own: None,
            parked: BTreeSet::new(),
            has_come_on: false,
        }
    }

    /// How many events are brought at once.
    pub(super) fn limit(&self, record: &StoreRecord) -> u32 {
        if self.careful > 0 { 1 } else { record.options.batch }
    }

    /// Everything up to this number is done; the store has taken these events.
    pub(super) fn reach(&mut self, position: i64, taken: &[Event]) {
        self.position = position;
        self.careful = self.careful.saturating_sub(taken.len());
        if let Some(last) = taken.last() {
            self.brought_to = last.sequence;
            self.has_taken = true;
        }
        self.busy = Instant::now();
    }

    /// The store has taken so many events of a snapshot.
    pub(super) fn brought(&mut self, taken: usize) {
        self.careful = self.careful.saturating_sub(taken);
        self.has_come_on |= taken > 0;
    }

    /// Goes on elsewhere, as the table says.
    pub(super) fn jump(&mut self, position: i64) {
        (self.position, self.saved) = (position, position);
        self.busy = Instant::now();
    }

    /// Whether the lease may have ended.
    fn is_doubtful(&self) -> bool {
        self.renewed.elapsed() >= LEASE - MARGIN
    }

    /// The lease was prolonged by a statement that began then.
    pub(super) fn renewed(&mut self, began: Instant) {
        (self.renewed, self.tried) = (began, began);
    }
}

impl Worker {
    /// Prolongs the lease and writes the position when it is time.
    pub(super) async fn hold(&self, course: &mut Course) -> Result<Flow, DeliveryError> {
        if *self.desk.stop.borrow() != Stop::No {
            return self.part(course).await;
        }
        if self.since.elapsed() >= TURN && self.running.is_to_make_room() {
            return self.make_room(course).await;
        }
        let company = u32::try_from(self.running.count_workers() / COMPANY).unwrap_or(u32::MAX);
        let is_time = course.saved_at.elapsed() >= SAVE.saturating_mul(company.saturating_add(1));
        if (course.position != course.saved || course.has_taken) && is_time {
            return self.save(course).await;
        }
        if course.tried.elapsed() >= RENEW {
            return self.renew(course).await;
        }
        Ok(Flow::On)
    }

    /// Writes the position and gives the lease back.
    pub(super) async fn part(&self, course: &mut Course) -> Result<Flow, DeliveryError> {
        if self.save(course).await? == Flow::On {
            self.lease.release(&self.environment.database).await?;
        }
        Ok(Flow::Ended)
    }

    /// The same, so that a store that waits has its turn; this one has its own after those that wait now.
    async fn make_room(&self, course: &mut Course) -> Result<Flow, DeliveryError> {
        if self.save(course).await? == Flow::On {
            self.lease.make_room(&self.environment.database).await?;
        }
        Ok(Flow::Ended)
    }

    /// A database that does not answer ends nothing before the lease does.
    pub(super) async fn renew(&self, course: &mut Course) -> Result<Flow, DeliveryError> {
        let began = Instant::now();
        course.tried = began;
        let left = LEASE.saturating_sub(course.renewed.elapsed() + MARGIN).max(MARGIN);
        let renewed = tokio::time::timeout(left, self.lease.renew(&self.environment.database, LEASE)).await;
        match renewed {
            Ok(Ok(true)) => course.renewed(began),
            Ok(Ok(false)) => return Ok(Flow::Ended),
            Ok(Err(error)) if course.is_doubtful() => return Err(error),
            Err(_) if course.is_doubtful() => return Ok(Flow::Ended),
            Ok(Err(_)) | Err(_) => {}
        }
        Ok(Flow::On)
    }

    /// Writes the position.
    pub(super) async fn save(&self, course: &mut Course) -> Result<Flow, DeliveryError> {
        let database = &self.environment.database;
        let (began, position) = (Instant::now(), course.position);
        let to = Advance { position, brought: course.brought_to, lease: LEASE };
        let is_held = if course.has_taken && course.is_degraded {
            let recovered = self.lease.recover(database, to, (&self.tenant, &self.record)).await?;
            if recovered {
                course.is_degraded = false;
                self.environment.tenants.wake_tellers();
                tracing::info!(
                    tenant.id = self.tenant.name(),
                    store.name = self.record.name,
                    "a store takes events again"
                );
            }
            recovered
        } else if course.has_taken {
            self.lease.advance(database, to).await?
        } else if position != course.saved {
            self.lease.pass(database, position, LEASE).await?
        } else {
            return Ok(Flow::On);
        };
        if !is_held {
            return Ok(Flow::Ended);
        }
        if self.record.options.password_hash {
            passwords::forget(database, Some(self.tenant.id())).await?;
        }
        course.renewed(began);
        (course.saved, course.saved_at, course.has_taken) = (position, Instant::now(), false);
        Ok(Flow::On)
    }

    /// Waits for the next event, or gives the lease back.
    pub(super) async fn rest(&self, course: &mut Course) -> Result<Flow, DeliveryError> {
        let is_written = course.position == course.saved && !course.has_taken;
        let mut stopped = self.desk.stop.subscribe();
        tokio::select! {
            () = self.desk.poke.notified() => {}
            _ = stopped.wait_for(|stop| *stop != Stop::No) => {}
            () = tokio::time::sleep(if is_written { RENEW } else { SAVE }) => {}
        }
        if course.busy.elapsed() < IDLE {
            return Ok(Flow::On);
        }
        // It has everything there is: what failed before fails no more.
        course.has_taken |= self.record.attempts > 0;
        self.running.rest(self.lease.at);
        self.part(course).await
    }

    /// Brings events, and keeps the lease meanwhile. `None` if the lease is lost.
    pub(super) async fn bring(
        &self,
        store: &mut dyn Store,
        events: &[Event],
        course: &mut Course,
    ) -> Result<Option<Result<(), Failed>>, DeliveryError> {
        if events.is_empty() {
            return Ok(Some(Ok(())));
        }
        // The process may have been stopped since the lease was looked after.
        if course.is_doubtful() && self.renew(course).await? == Flow::Ended {
            return Ok(None);
        }
        let applied = self.keeping(course, store.apply(events)).await?;
        if let Some(applied) = &applied {
            let taken = applied.as_ref().map_or_else(|failed| failed.taken, |()| events.len());
            self.running.count(self.lease.at, taken, false);
        }
        Ok(applied)
    }

    /// Does something that takes long, and keeps the lease meanwhile. `None` if the lease is lost.
    pub(super) async fn keeping<T>(
        &self,
        course: &mut Course,
        doing: impl Future<Output = T>,
    ) -> Result<Option<T>, DeliveryError> {
        tokio::pin!(doing);
        let (began, mut next) = (Instant::now(), SLOW);
        let done = loop {
            tokio::select! {
                // Whoever was stopped looks first whether the lease is still there.
                biased;
                () = tokio::time::sleep_until((began + next).into()) => {
                    self.desk.is_slow.store(true, Ordering::Relaxed);
                    next = began.elapsed() + RENEW.saturating_sub(SLOW);
                    if self.renew(course).await? == Flow::Ended {
                        break None;
                    }
                }
                done = &mut doing => break Some(done),
            }
        };
        self.desk.is_slow.store(false, Ordering::Relaxed);
        Ok(done)
    }
}
