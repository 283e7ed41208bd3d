//! What becomes of a store that did not take something.

use std::time::Duration;

use database::Fault;

use super::Worker;
use super::hold::Course;
use crate::DeliveryError;
use crate::options::Exhausted;
use crate::schedule::Schedule;
use crate::store::Failure;
use crate::table::{Setback, Verdict};

/// The longest text of an error that is kept.
const LONGEST: usize = 500;
/// What is told of an error of ours.
const OURS: &str = "an error in Tenantry itself; see the log of the server";

impl Worker {
    /// Notes that the event with this number was not taken, or nothing at all, and what becomes of it.
    pub(super) async fn fail(
        &self,
        course: &Course,
        sequence: Option<i64>,
        failure: Failure,
    ) -> Result<(), DeliveryError> {
        // What comes after the last failure fails for the first time. A snapshot fails as a whole: what it was given up for is
        // counted from its first failure.
        let is_elsewhere = self.record.snapshot.is_none() && course.position != self.record.position;
        let is_new = is_elsewhere || self.record.attempts == 0;
        let mut setback = self.setback((course.position, course.brought_to), is_new, &failure);
        if course.has_come_on {
            setback.failures = 1;
            setback.wait = self.wait(1, &failure);
        }
        self.note(&setback, self.verdict(sequence, is_new, &failure)).await
    }

    /// Something went wrong that is not the store's fault. A database that is away is waited for until the lease is over;
    /// everything else would come again at once.
    pub(super) async fn give_up(&self, error: &DeliveryError) {
        let (tenant, store) = (self.tenant.name(), &self.record.name);
        if is_away(error) {
            tracing::warn!(tenant.id = tenant, store.name = store, error = causes(error), "a store is fed later");
            return;
        }
        tracing::error!(tenant.id = tenant, store.name = store, error = causes(error), "a store cannot be fed");
        let told = if matches!(error, DeliveryError::Sealed(_) | DeliveryError::Invalid(_) | DeliveryError::File(_)) {
            error.to_string()
        } else {
            OURS.to_owned()
        };
        self.note_own(told).await;
    }

    /// Whoever fed the store ended in the middle of it.
    pub(crate) async fn note_panic(&self) {
        self.note_own(OURS.to_owned()).await;
    }

    async fn note_own(&self, told: String) {
        let failure = Failure::unavailable(told);
        let is_new = self.record.attempts == 0;
        let setback = self.setback((self.record.position, self.record.brought), is_new, &failure);
        if let Err(error) = self.note(&setback, self.verdict(None, is_new, &failure)).await {
            tracing::debug!(%error, "a failure of a store is noted by its next worker");
        }
    }

    fn setback(&self, (position, brought): (i64, i64), is_new: bool, failure: &Failure) -> Setback {
        let failures = if is_new { 1 } else { self.record.attempts.saturating_add(1) };
        let error: String = failure.to_string().chars().take(LONGEST).collect();
        Setback { position, brought, error, failures, is_new, wait: self.wait(failures, failure) }
    }

    fn wait(&self, failures: u32, failure: &Failure) -> Duration {
        let asked = if let Failure::Unavailable { after, .. } = failure { *after } else { None };
        Schedule::of(&self.record.options).wait(failures, asked, fastrand::f64())
    }

    fn verdict(&self, sequence: Option<i64>, is_new: bool, failure: &Failure) -> Verdict {
        let options = &self.record.options;
        if matches!(failure, Failure::Gone { .. }) {
            return Verdict::Disable;
        }
        if is_new || !Schedule::of(options).is_over(self.record.failing()) {
            return Verdict::Wait;
        }
        match (options.exhausted, sequence) {
            (Exhausted::Pause, _) => Verdict::Pause,
            (Exhausted::Park, Some(sequence)) => Verdict::Park(sequence),
            // Not an event is in the way, but the store: no event is parked that it was never asked about.
            (Exhausted::Park, None) => Verdict::Degrade,
        }
    }

    async fn note(&self, setback: &Setback, verdict: Verdict) -> Result<(), DeliveryError> {
        tracing::warn!(
            tenant.id = self.tenant.name(),
            store.name = self.record.name,
            store.kind = self.record.kind,
            attempts = setback.failures,
            then = verdict.word(),
            error = setback.error,
            "a store took nothing"
        );
        self.running.count(self.lease.at, 0, true);
        let database = &self.environment.database;
        let is_noted = self.lease.set_back(database, setback, verdict, (&self.tenant, &self.record)).await?;
        if is_noted && verdict != Verdict::Wait {
            self.environment.tenants.wake_tellers();
        }
        Ok(())
    }
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Wait => "retried",
            Self::Degrade => "degraded",
            Self::Pause => "paused",
            Self::Disable => "disabled",
            Self::Park(_) => "parked",
        }
    }
}

/// Whether the database is away, or too busy to answer.
fn is_away(error: &DeliveryError) -> bool {
    match error {
        DeliveryError::Database(error) => Fault::of(error) != Fault::Refused || Fault::code(error).is_some(),
        DeliveryError::Directory(error) => matches!(error, directory::DirectoryError::Unavailable(error)
            if Fault::of(error) != Fault::Refused || Fault::code(error).is_some()),
        _ => false,
    }
}

/// An error with what is behind it, for the log.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
