//! What the feed is still to bring: no drift, because nobody has to do anything about it.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use events::Events;
use tenancy::Tenant;
use uuid::Uuid;

use super::report::Subject;
use crate::{Failure, Options};

/// The users and groups that events tell of which the store has not got.
#[derive(Debug)]
pub(super) struct UnderWay {
    pub(super) events: Events,
    pub(super) tenant: Arc<Tenant>,
    pub(super) options: Options,
    /// Events that are parked: they are not brought.
    pub(super) parked: BTreeSet<i64>,
    /// How far the log was read.
    pub(super) until: i64,
    pub(super) subjects: HashSet<Uuid>,
}

/// How many events, and about how many bytes of them, are read at once.
const BATCH: u32 = 1000;
const BYTES: u32 = 1 << 20;
/// More are not remembered (some 40 MB): the store is too far behind.
const MOST: usize = 1_000_000;

impl UnderWay {
    /// Reads on to the end of the log, with what the breaker holds: whoever repairs must not do what nobody has decided on. What was read of the directory before is then either what the store is to have, or
    /// is told of here.
    pub(super) async fn catch_up(&mut self) -> Result<(), Failure> {
        loop {
            let batch = self.events.batch_of_all(&self.tenant, self.until, BATCH, BYTES).await;
            let batch = batch.map_err(|error| super::ours(&error.into()))?;
            let Some(last) = batch.last().map(|event| event.sequence) else { return Ok(()) };
            if batch.first().is_some_and(|first| first.sequence > self.until + 1) {
                return Err(Failure::unavailable("events that the store has not got are no longer in the log"));
            }
            for event in batch.iter().filter(|event| self.options.lets_through(event)) {
                if !self.parked.contains(&event.sequence) {
                    self.subjects.extend(id(&event.subject));
                }
            }
            self.until = last;
            if self.subjects.len() > MOST {
                return Err(Failure::unavailable(format!(
                    "the store has not got events about more than {MOST} users and groups; compare it when it has them"
                )));
            }
        }
    }

    /// Whether an event about this is on its way.
    pub(super) fn tells_of(&self, subject: &Subject) -> bool {
        subject.uuid().is_some_and(|id| self.subjects.contains(&id))
    }
}

/// The id in `Users/…` or `Groups/…`.
fn id(subject: &str) -> Option<Uuid> {
    let (_, id) = subject.split_once('/')?;
    Uuid::parse_str(id).ok()
}
