//! Making a batch of changes, and what to do if the database does not.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use database::{Database, Fault};

use super::Change;
use super::batch::{Committed, Failure, commit};
use super::memory::Memory;
use super::statements::Statements;
use super::statistics::Written;
use super::swift::{self, Swift};
use super::working::Counters;
use crate::DirectoryError;

/// How often a lost connection is replaced: after an outage every connection of the pool may be dead.
const CONNECTIONS: usize = 3;

/// What every batch is made with.
#[derive(Debug)]
pub(super) struct Crew {
    pub(super) database: Database,
    pub(super) statements: Arc<Statements>,
    memory: Mutex<Memory>,
}

impl Crew {
    pub(super) fn new(database: Database, statements: Arc<Statements>) -> Self {
        Self { database, statements, memory: Mutex::default() }
    }

    /// What is remembered of the directories.
    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the changes, each with an answer.
///
/// A lost connection is replaced. If the database refuses the whole, each change is made by itself, so that one
/// cannot fail another. What may have been made is not tried again.
pub(super) async fn make(crew: &Crew, changes: &[Change]) -> Committed {
    let unless = match swift::commit(crew, changes).await {
        Ok(Swift::Made(committed)) => return committed,
        Ok(Swift::Undecided(counters)) => Some(counters),
        Err(failure) if Fault::of(&failure.error) == Fault::Gone => return refused(changes, failure),
        Ok(Swift::Untaken) | Err(_) => None,
    };
    match on_a_living_connection(crew, changes, unless.as_ref()).await {
        Ok(committed) => committed,
        // One by one, the first change would hide whether an earlier attempt was made after all.
        Err(failure) if unless.is_none() && changes.len() > 1 && failure.is_of_one() => {
            one_by_one(crew, changes, &failure).await
        }
        Err(failure) => refused(changes, failure),
    }
}

fn refused(changes: &[Change], failure: Failure) -> Committed {
    let error = refusal(failure);
    Committed { answers: changes.iter().map(|_| Err(error.clone())).collect(), written: Written::default() }
}

async fn on_a_living_connection(
    crew: &Crew,
    changes: &[Change],
    unless: Option<&BTreeMap<i64, Counters>>,
) -> Result<Committed, Failure> {
    let mut left = CONNECTIONS;
    loop {
        let made = commit(crew, changes, unless).await;
        left -= 1;
        match &made {
            Err(failure) if left > 0 && !failure.is_undecided && Fault::of(&failure.error) == Fault::Broken => {}
            _ => return made,
        }
    }
}

async fn one_by_one(crew: &Crew, changes: &[Change], failure: &Failure) -> Committed {
    tracing::warn!(error = %failure.error, changes = changes.len(), "a batch was refused; its changes are made one by one");
    let mut all = Committed { answers: Vec::with_capacity(changes.len()), written: Written::default() };
    for change in changes {
        match on_a_living_connection(crew, std::slice::from_ref(change), None).await {
            Ok(one) => {
                all.answers.extend(one.answers);
                all.written += one.written;
            }
            Err(failure) => all.answers.push(Err(refusal(failure))),
        }
    }
    all
}

/// The unique index of user names that refuses what no lock and no lookup had seen still means that the name is taken.
fn refusal(failure: Failure) -> DirectoryError {
    match failure.error.sql_err() {
        Some(sea_orm::SqlErr::UniqueConstraintViolation(what)) if what.contains("user_name") => {
            scim::ScimError::uniqueness("userName is taken; find the user that has it with a filter").into()
        }
        _ => failure.error.into(),
    }
}
