//! Bringing a snapshot.

use std::time::{Duration, Instant};

use super::hold::Course;
use super::{BYTES, Flow, Worker};
use crate::schedule::Schedule;
use crate::snapshot::{Spool, Wish};
use crate::store::{Failed, Failure, Store};
use crate::{DeliveryError, table};

/// How often it is written how far a snapshot has come.
const TELL: Duration = Duration::from_secs(1);

impl Worker {
    /// Brings the snapshot that the store is to get first.
    pub(super) async fn bring_snapshot(
        &mut self,
        store: &mut dyn Store,
        course: &mut Course,
    ) -> Result<Flow, DeliveryError> {
        let Some(wish) = self.record.snapshot.clone() else { return Ok(Flow::On) };
        if !self.record.options.takes_snapshots() {
            let newest = table::newest(&self.environment.database, self.record.tenant).await?;
            return self.complete(newest, false, course).await;
        }
        let at = self.lease.at;
        let Some(mut spool) = self.spool(&wish, course).await? else { return Ok(Flow::Ended) };
        // Events that are held now were in the directory when it was read, or came later: the number tells.
        if spool.sequence() > table::newest(&self.environment.database, self.record.tenant).await? {
            return self.part(course).await;
        }
        if let Some(left) = spool.left.take() {
            store.resume_snapshot(left);
        }
        let brought = self.pour(store, &mut spool, (&wish, course)).await;
        match brought {
            Ok(None) => self.complete(spool.sequence(), true, course).await,
            Ok(Some(Ended::Failed(failure))) => {
                self.lease.progress(&self.environment.database, &spool.progress(&wish), super::LEASE).await?;
                spool.left = store.leave_snapshot();
                self.running.keep(at, spool);
                self.fail(course, None, failure).await?;
                Ok(Flow::Ended)
            }
            Ok(Some(Ended::Lost)) => Ok(Flow::Ended),
            Err(error) => {
                // What was under way may have been dropped in its middle: a store that must know about that begins anew.
                if store.leave_snapshot().is_none() {
                    self.running.keep(at, spool);
                }
                Err(error)
            }
        }
    }

    /// Reads the directory, or takes what was read for the try before.
    async fn spool(&self, wish: &Wish, course: &mut Course) -> Result<Option<Spool>, DeliveryError> {
        if let Some(kept) = self.running.kept(self.lease.at, wish.id) {
            return Ok(Some(kept));
        }
        let environment = &self.environment;
        let tenant = environment.tenants.administer(self.tenant.name());
        // Of a tenant that was deleted meanwhile, the rows go by themselves.
        let Ok(tenant) = tenant else { return Ok(None) };
        let making = async {
            let _turn = self.running.readings.acquire().await;
            let parts = (wish, &self.record.options);
            Spool::make(&environment.directories, (&tenant, &environment.folder), parts).await
        };
        let Some(made) = self.keeping(course, Box::pin(making)).await? else { return Ok(None) };
        let spool = made?;
        let Wish { total, .. } = spool.progress(wish);
        let (tenant, store) = (self.tenant.name(), &self.record.name);
        tracing::info!(
            tenant.id = tenant,
            store.name = store,
            sequence = spool.sequence(),
            resources = total,
            "a store gets a snapshot"
        );
        Ok(Some(spool))
    }

    /// Brings everything that is left of it. `None` if it is complete.
    async fn pour(
        &self,
        store: &mut dyn Store,
        spool: &mut Spool,
        (wish, course): (&Wish, &mut Course),
    ) -> Result<Option<Ended>, DeliveryError> {
        let mut told: Option<Instant> = None;
        loop {
            if told.is_none_or(|told| told.elapsed() >= TELL) {
                let began = Instant::now();
                if !self.lease.progress(&self.environment.database, &spool.progress(wish), super::LEASE).await? {
                    return Ok(Some(Ended::Lost));
                }
                course.renewed(began);
                told = Some(began);
            }
            if self.hold(course).await? == Flow::Ended {
                return Ok(Some(Ended::Lost));
            }
            let events = spool.next(course.limit(&self.record), BYTES).await?;
            if events.is_empty() {
                return Ok(None);
            }
            let failure = match self.bring(store, &events, course).await? {
                None => return Ok(Some(Ended::Lost)),
                Some(Ok(())) => {
                    spool.take(events.len());
                    course.brought(events.len());
                    continue;
                }
                Some(Err(Failed { taken, failure })) => {
                    spool.take(taken);
                    course.brought(taken);
                    failure
                }
            };
            if !self.is_left_out(&failure) {
                return Ok(Some(Ended::Failed(failure)));
            }
            spool.take(1);
        }
    }

    /// Whether what the store refuses is left out of the snapshot: when it has been tried for as long as an event is, and no
    /// event is to be waited for.
    fn is_left_out(&self, failure: &Failure) -> bool {
        let options = &self.record.options;
        let is_over = Schedule::of(options).is_over(self.record.failing());
        let is_left_out = matches!(failure, Failure::Refused { .. })
            && options.exhausted == crate::Exhausted::Park
            && self.record.attempts > 0
            && is_over;
        if is_left_out {
            let (tenant, store) = (self.tenant.name(), &self.record.name);
            let error = failure.to_string();
            tracing::warn!(
                tenant.id = tenant,
                store.name = store,
                error,
                "a snapshot goes on without what was refused"
            );
        }
        is_left_out
    }

    /// The store has everything up to this number, and gets what comes.
    async fn complete(&mut self, sequence: i64, has_taken: bool, course: &mut Course) -> Result<Flow, DeliveryError> {
        if !self.lease.complete(&self.environment.database, sequence).await? {
            return Ok(Flow::Ended);
        }
        (self.record.snapshot, self.record.replay) = (None, None);
        course.jump(sequence);
        course.brought_to = sequence;
        course.has_taken = has_taken;
        self.save(course).await
    }
}

/// Why a snapshot was not brought to its end.
enum Ended {
    Failed(Failure),
    /// The lease is over, or the process ends.
    Lost,
}
