//! Bringing dead letters again that somebody asked for.
//!
//! Each is tried once: what is refused again is parked again, and when the store takes nothing at all the rest is, too. So an
//! old event holds up no new one.

use super::hold::Course;
use super::{BYTES, Flow, Worker};
use crate::store::{Failure, Store};
use crate::{DeliveryError, table};

/// What is told by a store that knows what it has.
const TOO_OLD: &str =
    "the store has newer events and takes no older one; rebuild it (tenantry store rebuild), and discard this one";
/// What is told of an event that is gone.
const GONE: &str = "the event is no longer in the log; rebuild the store (tenantry store rebuild), or discard it";

impl Worker {
    /// Brings the dead letters that were asked for.
    pub(super) async fn bring_letters(
        &self,
        store: &mut dyn Store,
        course: &mut Course,
    ) -> Result<Flow, DeliveryError> {
        if !self.record.letters {
            return Ok(Flow::On);
        }
        let (database, at) = (&self.environment.database, self.lease.at);
        while let Some(sequence) = table::next_marked(database, at).await? {
            if self.hold(course).await? == Flow::Ended
                || self.bring_letter(store, sequence, course).await? == Flow::Ended
            {
                return Ok(Flow::Ended);
            }
        }
        let is_held = self.lease.end_letters(database).await?;
        Ok(if is_held { Flow::On } else { Flow::Ended })
    }

    async fn bring_letter(
        &self,
        store: &mut dyn Store,
        sequence: i64,
        course: &mut Course,
    ) -> Result<Flow, DeliveryError> {
        let (database, at) = (&self.environment.database, self.lease.at);
        if course.own.is_some_and(|own| own >= sequence) {
            table::put_back(database, at, (sequence, TOO_OLD), false).await?;
            return Ok(Flow::On);
        }
        let found = self.environment.events.batch(&self.tenant, sequence - 1, 1, BYTES).await?;
        let mut event: Vec<_> = found.into_iter().filter(|event| event.sequence == sequence).collect();
        if event.is_empty() {
            table::put_back(database, at, (sequence, GONE), false).await?;
            return Ok(Flow::On);
        }
        self.add_password_hashes(&mut event).await?;
        match self.bring(store, &event, course).await? {
            None => return Ok(Flow::Ended),
            Some(Ok(())) => {
                course.has_taken = true;
                table::remove(database, at, sequence).await?;
            }
            Some(Err(failed)) => {
                let is_away = !matches!(failed.failure, Failure::Refused { .. });
                table::put_back(database, at, (sequence, &failed.failure.to_string()), is_away).await?;
            }
        }
        Ok(Flow::On)
    }
}
