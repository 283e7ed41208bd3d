//! One transaction with the changes of a batch.

use std::collections::{BTreeMap, BTreeSet};

use database::Fault;
use sea_orm::DbErr;
use time::OffsetDateTime;

use super::administrator::tell_lost;
use super::apply::apply;
use super::attempt::Crew;
use super::breaker::{perform, tell_trips, watch};
use super::invitation;
use super::load::{load_names, load_notices, load_told_names, load_touched, lock};
use super::naming::settle_names;
use super::needs::{Needs, told_names};
use super::save::{removals, writes};
use super::statistics::Written;
use super::together::run;
use super::working::{Counters, Working};
use super::{Change, Outcome};
use crate::DirectoryError;

/// What came of a change.
pub(super) type Answer = Result<Outcome, DirectoryError>;

/// What came of a batch.
#[derive(Debug)]
pub(super) struct Committed {
    /// The answer to each change, in their order.
    pub(super) answers: Vec<Answer>,
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

impl Failure {
    /// Whether the database works and refuses what may be the fault of a single change.
    pub(super) fn is_of_one(&self) -> bool {
        !self.is_undecided && Fault::of(&self.error) == Fault::Refused
    }

    /// Whether no connection can be had or nothing comes back: what is tried next would wait in vain as well.
    pub(super) fn is_for_all(&self) -> bool {
        Fault::of(&self.error) == Fault::Gone
    }
}

impl From<DbErr> for Failure {
    fn from(error: DbErr) -> Self {
        Self { error, is_undecided: false }
    }
}

/// Makes the changes in order under the lock of their directories, and commits. Each has its own answer.
///
/// With `unless`, only if the counters are still these: an earlier attempt may have made the changes.
pub(super) async fn commit(
    crew: &Crew,
    changes: &[Change],
    unless: Option<&BTreeMap<i64, Counters>>,
) -> Result<Committed, Failure> {
    let Crew { database, statements, .. } = crew;
    let transaction = database.begin().await?;
    let mut working = Working::at(now_ms());
    lock(&transaction, statements, &tenants(changes), &mut working).await?;
    if unless.is_some_and(|counters| *counters != working.counters) {
        let error = DbErr::Custom("the connection broke while the changes were written".to_owned());
        return Err(Failure { error, is_undecided: true });
    }
    settle_names(&transaction, statements, changes, &mut working).await?;
    load_touched(&transaction, statements, changes, &mut working).await?;
    load_told_names(&transaction, statements, &told_names(changes, &working), &mut working).await?;
    invitation::load(&transaction, statements, changes, &mut working).await?;
    load_names(&transaction, statements, &Needs::names(changes, &working), &mut working).await?;
    load_notices(&transaction, statements, changes, &mut working).await?;
    perform(&transaction, changes, &mut working).await?;
    let answers: Vec<_> = changes.iter().map(|change| apply(change, &mut working)).collect();
    watch(&transaction, statements, changes, &mut working).await?;
    if working.is_unchanged() {
        transaction.rollback().await?;
        return Ok(Committed { answers, written: Written::default() });
    }
    let written = working.written();
    run(&transaction, removals(statements, &working)).await?;
    run(&transaction, writes(statements, &mut working)).await?;
    crew.memory().forget(&tenants(changes));
    transaction.commit().await.map_err(|error| Failure { error, is_undecided: true })?;
    if working.erased.is_empty() {
        crew.memory().keep(&working.counters);
    }
    tell_trips(changes, &working);
    tell_lost(&working);
    Ok(Committed { answers, written })
}

/// Whose directories are changed, in the order in which they are locked.
pub(super) fn tenants(changes: &[Change]) -> BTreeSet<i64> {
    changes.iter().map(Change::tenant_number).collect()
}

pub(crate) fn now_ms() -> i64 {
    let now = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000;
    i64::try_from(now).unwrap_or(i64::MAX)
}
