//! Making a batch of changes, and what to do if the database does not.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use database::{Database, Fault};
use sea_orm::DbBackend;

use super::batch::{Committed, Failure, commit, tenants};
use super::memory::Memory;
use super::statements::Statements;
use super::statistics::Written;
use super::swift::{self, Swift};
use super::working::Counters;
use super::{Action, Change};
use crate::DirectoryError;

/// How often a lost connection is replaced: after an outage every connection of the pool may be dead.
const CONNECTIONS: usize = 3;

/// How long PostgreSQL may take for one attempt, and for one that erases a directory, discards what is
/// held or makes other names for all users, which may be much. Its lines fall silent
/// without being closed.
const PATIENCE: Duration = Duration::from_secs(10);
const ERASING: Duration = Duration::from_secs(180);

/// What every batch is made with.
#[derive(Debug)]
pub(super) struct Crew {
    pub(super) database: Database,
    pub(super) statements: Arc<Statements>,
    memory: Mutex<Memory>,
    is_silent: AtomicBool,
}

impl Crew {
    pub(super) fn new(database: Database, statements: Arc<Statements>) -> Self {
        Self { database, statements, memory: Mutex::default(), is_silent: AtomicBool::new(false) }
    }

    /// Gives up the connections if no answer came from them: each of them may be dead.
    pub(super) async fn replace_silent_connections(&mut self) {
        if std::mem::take(self.is_silent.get_mut()) {
            match self.database.of_writer().await {
                Ok(database) => self.database = database,
                Err(error) => tracing::error!(%error, "the thread that writes has no new connections"),
            }
        }
    }

    /// What an attempt comes to within its time. Afterwards it may have been made, or may yet be: what was sent may still
    /// arrive.
    async fn in_time<T>(
        &self,
        changes: &[Change],
        attempt: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        if self.database.backend() == DbBackend::Sqlite {
            return attempt.await;
        }
        let is_much =
            |change: &Change| matches!(change.action, Action::Erase | Action::Breaker(_)) || self.renames(change);
        let patience = if changes.iter().any(is_much) { ERASING } else { PATIENCE };
        let made = tokio::time::timeout(patience, attempt).await.unwrap_or_else(|_| {
            self.memory().forget(&tenants(changes));
            Err(Failure { error: self.database.note_silence(), is_undecided: true })
        });
        if made.as_ref().is_err_and(Failure::is_for_all) {
            self.is_silent.store(true, Ordering::Relaxed);
        }
        made
    }

    /// Whether all users of a directory may have to get other names for the application first.
    fn renames(&self, change: &Change) -> bool {
        change.is_of_user() && change.tenant.profile().naming() != self.memory().naming(change.tenant_number())
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
    let unless = match crew.in_time(changes, swift::commit(crew, changes)).await {
        Ok(Swift::Made(committed)) => return committed,
        Ok(Swift::Undecided(counters)) => Some(counters),
        Err(failure) if failure.is_for_all() => return refused(changes, failure),
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
        let made = crew.in_time(changes, commit(crew, changes, unless)).await;
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
    for (number, change) in changes.iter().enumerate() {
        match on_a_living_connection(crew, std::slice::from_ref(change), None).await {
            Ok(one) => {
                all.answers.extend(one.answers);
                all.written += one.written;
            }
            Err(failure) if failure.is_for_all() => {
                all.answers.extend(refused(changes.get(number..).unwrap_or_default(), failure).answers);
                return all;
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
        Some(sea_orm::SqlErr::UniqueConstraintViolation(what)) if what.contains("told_name") => {
            scim::ScimError::uniqueness("userName for the application is taken; look at the user's e-mail addresses")
                .into()
        }
        _ => failure.error.into(),
    }
}
