//! One transaction with the changes of a batch.

use database::Database;
use sea_orm::DbErr;
use time::OffsetDateTime;

use super::apply::apply;
use super::load::{load_names, load_notices, load_touched, lock};
use super::needs::Needs;
use super::save::{removals, writes};
use super::statements::Statements;
use super::statistics::Written;
use super::together::run;
use super::working::Working;
use super::{Change, Outcome};
use crate::DirectoryError;

/// What came of a batch.
#[derive(Debug)]
pub(super) struct Committed {
    /// The answer to each change, in their order.
    pub(super) answers: Vec<Result<Outcome, DirectoryError>>,
    /// How much was written.
    pub(super) written: Written,
}

/// Why a batch has no answers.
#[derive(Debug)]
pub(super) struct Failure {
    /// What the database said.
    pub(super) error: DbErr,
    /// Whether the commit may have been made all the same. Otherwise nothing was.
    pub(super) is_undecided: bool,
}

impl From<DbErr> for Failure {
    fn from(error: DbErr) -> Self {
        Self { error, is_undecided: false }
    }
}

/// Makes the changes in order, and commits. Each has its own answer.
pub(super) async fn commit(
    database: &Database,
    statements: &Statements,
    changes: &[Change],
) -> Result<Committed, Failure> {
    let transaction = database.begin().await?;
    let mut working = Working::at(now_ms());
    lock(&transaction, statements, changes, &mut working).await?;
    load_touched(&transaction, statements, &Needs::of(changes), &mut working).await?;
    load_names(&transaction, statements, &Needs::names(changes, &working), &mut working).await?;
    load_notices(&transaction, statements, changes, &mut working).await?;
    let answers: Vec<_> = changes.iter().map(|change| apply(change, &mut working)).collect();
    if working.is_unchanged() {
        transaction.rollback().await?;
        return Ok(Committed { answers, written: Written::default() });
    }
    run(&transaction, removals(statements, &working)?).await?;
    run(&transaction, writes(statements, &working)?).await?;
    transaction.commit().await.map_err(|error| Failure { error, is_undecided: true })?;
    Ok(Committed { answers, written: working.written() })
}

fn now_ms() -> i64 {
    let now = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000;
    i64::try_from(now).unwrap_or(i64::MAX)
}
