//! Making a batch without a lock: read what it touches, decide, and write everything with one statement, which is its own
//! transaction.
//!
//! The statement holds only if the counters of each directory are still those that the batch counted from. Every change of a
//! directory moves them, so what was read cannot have changed either; a batch that writes nothing asks whether they are
//! the same. Otherwise nothing is written, and the batch is made with the lock. A name that only the unique index knows to
//! be taken ends in the same way.

use std::collections::BTreeMap;

use database::Fault;
use scim::ResourceKind;
use sea_orm::{DbBackend, DbErr};

use super::administrator::tell_lost;
use super::apply::apply;
use super::attempt::Crew;
use super::batch::{Committed, Failure, now_ms, tenants};
use super::breaker::{tell_trips, watch};
use super::invitation;
use super::load::{are_still, load_names, load_told_names, load_touched};
use super::needs::{Needs, told_names};
use super::save::writes;
use super::together::run;
use super::working::{Counters, Working};
use super::{Action, Change};

/// What a guard that does not hold ends in.
const DIVISION_BY_ZERO: &str = "22012";

/// How far the swift way led.
pub(super) enum Swift {
    /// To the end.
    Made(Committed),
    /// Nowhere: nothing was written.
    Untaken,
    /// The connection broke while the statement may have been under way. If the counters are still these, it was not
    /// made.
    Undecided(BTreeMap<i64, Counters>),
}

/// Makes the changes in order, if that can be done swiftly.
pub(super) async fn commit(crew: &Crew, changes: &[Change]) -> Result<Swift, Failure> {
    if crew.database.backend() != DbBackend::Postgres || changes.iter().any(Change::is_alone) {
        return Ok(Swift::Untaken);
    }
    let Some(counters) = crew.memory().recall(&tenants(changes)) else { return Ok(Swift::Untaken) };
    let mut working = Working::at(now_ms());
    working.counters.clone_from(&counters);
    if changes.iter().any(|change| change.is_of_user() && !working.is_named_for(change)) {
        return Ok(Swift::Untaken);
    }
    read(crew, changes, &mut working).await?;
    let answers: Vec<_> = changes.iter().map(|change| apply(change, &mut working)).collect();
    watch(crew.database.writer(), &crew.statements, changes, &mut working).await?;
    let written = working.written();
    if working.is_unchanged() {
        // No statement that writes proves that what was read belongs together.
        let proven = are_still(crew.database.writer(), &crew.statements, &counters).await?;
        return Ok(if proven { Swift::Made(Committed { answers, written }) } else { overtaken(crew, &counters) });
    }
    match run(crew.database.writer(), writes(&crew.statements, &mut working)).await {
        Ok(()) => {
            crew.memory().keep(&working.counters);
            tell_trips(changes, &working);
            tell_lost(&working);
            Ok(Swift::Made(Committed { answers, written }))
        }
        Err(error) => give_up(crew, error, counters),
    }
}

async fn read(crew: &Crew, changes: &[Change], working: &mut Working) -> Result<(), DbErr> {
    let connection = crew.database.writer();
    load_touched(connection, &crew.statements, changes, working).await?;
    let told = told_names(changes.iter().filter(|change| !is_guarded(change)), working);
    load_told_names(connection, &crew.statements, &told, working).await?;
    invitation::load(connection, &crew.statements, changes, working).await?;
    let names = Needs::names(changes.iter().filter(|change| !is_guarded(change)), working);
    load_names(connection, &crew.statements, &names, working).await
}

/// Somebody else has written: the guess was wrong.
fn overtaken(crew: &Crew, counters: &BTreeMap<i64, Counters>) -> Swift {
    crew.memory().distrust(&counters.keys().copied().collect());
    Swift::Untaken
}

fn give_up(crew: &Crew, error: DbErr, counters: BTreeMap<i64, Counters>) -> Result<Swift, Failure> {
    if Fault::code(&error).as_deref() == Some(DIVISION_BY_ZERO) {
        return Ok(overtaken(crew, &counters));
    }
    crew.memory().forget(&counters.keys().copied().collect());
    match Fault::of(&error) {
        Fault::Refused => Ok(Swift::Untaken),
        Fault::Broken => Ok(Swift::Undecided(counters)),
        Fault::Gone => Err(error.into()),
    }
}

/// The unique index refuses a second user of one name, so nobody needs to look before one is created.
fn is_guarded(change: &Change) -> bool {
    change.kind == ResourceKind::User && matches!(change.action, Action::Create(_))
}
