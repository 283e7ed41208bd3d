//! Making a batch of changes, and what to do if the database does not.

use database::{Database, Fault};

use super::Change;
use super::batch::{Committed, Failure, commit};
use super::statements::Statements;
use super::statistics::Written;
use crate::DirectoryError;

/// How often a lost connection is replaced: after an outage every connection of the pool may be dead.
const CONNECTIONS: usize = 3;

/// Makes the changes, each with an answer.
///
/// A lost connection is replaced. If the database refuses the whole, each change is made by itself, so that one
/// cannot fail another. Once the commit was sent nothing is tried again: it may have been made.
pub(super) async fn make(database: &Database, statements: &Statements, changes: &[Change]) -> Committed {
    match on_a_living_connection(database, statements, changes).await {
        Ok(committed) => committed,
        Err(failure) if changes.len() > 1 && !failure.is_undecided && Fault::of(&failure.error) == Fault::Refused => {
            one_by_one(database, statements, changes, &failure).await
        }
        Err(failure) => {
            let error = refusal(failure);
            Committed { answers: changes.iter().map(|_| Err(error.clone())).collect(), written: Written::default() }
        }
    }
}

async fn on_a_living_connection(
    database: &Database,
    statements: &Statements,
    changes: &[Change],
) -> Result<Committed, Failure> {
    let mut left = CONNECTIONS;
    loop {
        let made = commit(database, statements, changes).await;
        left -= 1;
        match &made {
            Err(failure) if left > 0 && !failure.is_undecided && Fault::of(&failure.error) == Fault::Broken => {}
            _ => return made,
        }
    }
}

async fn one_by_one(database: &Database, statements: &Statements, changes: &[Change], failure: &Failure) -> Committed {
    tracing::warn!(error = %failure.error, changes = changes.len(), "a batch was refused; its changes are made one by one");
    let mut all = Committed { answers: Vec::with_capacity(changes.len()), written: Written::default() };
    for change in changes {
        match on_a_living_connection(database, statements, std::slice::from_ref(change)).await {
            Ok(one) => {
                all.answers.extend(one.answers);
                all.written += one.written;
            }
            Err(failure) => all.answers.push(Err(refusal(failure))),
        }
    }
    all
}

/// A unique index that refuses what no lock and no lookup had seen still means that the name is taken.
fn refusal(failure: Failure) -> DirectoryError {
    match failure.error.sql_err() {
        Some(sea_orm::SqlErr::UniqueConstraintViolation(_)) => {
            scim::ScimError::uniqueness("userName is taken; find the user that has it with a filter").into()
        }
        _ => failure.error.into(),
    }
}
