//! Loading what a batch touches, one statement a sort of row.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use database::rows::{Cell, Rows};
use scim::ResourceKind;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Statement};
use tenancy::Notice;
use uuid::Uuid;

use super::needs::Needs;
use super::statements::{NAME, PAIR, PLACE, Statements, TARGET, TENANT, TOLD_NAME};
use super::working::{Counters, Fate, Held, Known, Name, Place, Working};
use super::{Action, Change};
use crate::key;
use crate::read::{record, uuid};

/// Locks the directories of the batch, in the order of their tenants, and reads their counters. A tenant that was deleted has
/// none, and gets none.
pub(super) async fn lock(
    transaction: &DatabaseTransaction,
    statements: &Statements,
    tenants: &BTreeSet<i64>,
    working: &mut Working,
) -> Result<(), DbErr> {
    read_counters(transaction, statements, (&statements.lock, tenants), working).await?;
    let known = |tenant: &i64| working.counters.contains_key(tenant);
    let missing: BTreeSet<i64> = tenants.iter().copied().filter(|tenant| !known(tenant)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let rows = Rows::collect(&TENANT, missing.iter().map(|tenant| [(*tenant).into()])).bind(statements.backend);
    let sql = statements.create_directories.as_str();
    transaction.execute_raw(Statement::from_sql_and_values(statements.backend, sql, rows)).await?;
    read_counters(transaction, statements, (&statements.lock, &missing), working).await
}

/// Whether the counters are still these. Without a lock, so only what was read before counts by it.
pub(super) async fn are_still(
    connection: &impl ConnectionTrait,
    statements: &Statements,
    counters: &BTreeMap<i64, Counters>,
) -> Result<bool, DbErr> {
    let mut now = Working::at(0);
    let tenants = counters.keys().copied().collect();
    read_counters(connection, statements, (&statements.counters, &tenants), &mut now).await?;
    Ok(now.counters == *counters)
}

async fn read_counters(
    connection: &impl ConnectionTrait,
    statements: &Statements,
    (sql, tenants): (&str, &BTreeSet<i64>),
    working: &mut Working,
) -> Result<(), DbErr> {
    let rows = Rows::collect(&TENANT, tenants.iter().map(|tenant| [(*tenant).into()]));
    for row in query(connection, statements, sql, rows).await? {
        let counters = Counters {
            counts_new: row.try_get_by_index(4)?,
            named_by: row.try_get_by_index(5)?,
            ..Counters::stored(row.try_get_by_index(1)?, row.try_get_by_index(2)?, row.try_get_by_index(3)?)
        };
        working.counters.insert(row.try_get_by_index(0)?, counters);
    }
    Ok(())
}

/// Loads the resources and memberships that the changes name.
pub(super) async fn load_touched(
    connection: &impl ConnectionTrait,
    statements: &Statements,
    changes: &[Change],
    working: &mut Working,
) -> Result<(), DbErr> {
    let needs = Needs::of(changes);
    let mut targets = needs.targets.clone();
    for place in &needs.deleted {
        let referrers = load_referrers(connection, statements, *place).await?;
        targets.extend(referrers.iter().map(|id| ((place.0, *id), true)));
        working.referrers.insert(*place, referrers);
    }
    load_targets(connection, statements, &targets, working).await?;
    let mentioned = Rows::collect(&PLACE, needs.mentioned.iter().map(place_row));
    for row in query(connection, statements, &statements.mentioned, mentioned).await? {
        let place = (row.try_get_by_index(0)?, uuid(&row, 1)?);
        working.known.insert(place, known(&row, 2)?);
    }
    let pair = |(tenant, group, member): &(i64, Uuid, Uuid)| [(*tenant).into(), (*group).into(), (*member).into()];
    let pairs = Rows::collect(&PAIR, needs.pairs.iter().map(pair));
    for row in query(connection, statements, &statements.pairs, pairs).await? {
        let group = (row.try_get_by_index(0)?, uuid(&row, 1)?);
        working.members.entry(group).or_default().insert(uuid(&row, 2)?, row.try_get_by_index(3)?);
    }
    let whole = Rows::collect(&PLACE, needs.whole_groups.iter().map(place_row));
    for row in query(connection, statements, &statements.whole_groups, whole).await? {
        let group: Place = (row.try_get_by_index(0)?, uuid(&row, 1)?);
        let member = uuid(&row, 2)?;
        working.members.entry(group).or_default().insert(member, row.try_get_by_index(3)?);
        working.known.insert((group.0, member), known(&row, 4)?);
    }
    load_targets(connection, statements, &Needs::retold(changes, working), working).await
}

/// The groups that a resource is in, and the users whose manager it is.
async fn load_referrers(
    connection: &impl ConnectionTrait,
    statements: &Statements,
    place: Place,
) -> Result<Vec<Uuid>, DbErr> {
    let mut referrers = Vec::new();
    for sql in [&statements.groups_of, &statements.reports_of] {
        for row in query(connection, statements, sql, Rows::collect(&PLACE, [place_row(&place)])).await? {
            referrers.push(uuid(&row, 0)?);
        }
    }
    Ok(referrers)
}

async fn load_targets(
    connection: &impl ConnectionTrait,
    statements: &Statements,
    targets: &[(Place, bool)],
    working: &mut Working,
) -> Result<(), DbErr> {
    let row = |((tenant, id), groups): &(Place, bool)| [(*tenant).into(), (*id).into(), (*groups).into()];
    let rows = Rows::collect(&TARGET, targets.iter().map(row));
    for row in query(connection, statements, &statements.targets, rows).await? {
        let tenant: i64 = row.try_get_by_index(0)?;
        let record = record(&row, 1)?;
        let Some(id) = key::id(&record.id) else { continue };
        let resource =
            scim::Resource::from_document(&record.document).map_err(|error| DbErr::Json(error.to_string()))?;
        let told_name = row.try_get_by_index(TOLD_NAME)?;
        working.held.insert((tenant, id), Held { record, resource: Arc::new(resource), told_name, fate: Fate::Kept });
    }
    Ok(())
}

/// Loads who has the names that the changes may claim.
pub(super) async fn load_names(
    connection: &impl ConnectionTrait,
    statements: &Statements,
    names: &BTreeSet<Name>,
    working: &mut Working,
) -> Result<(), DbErr> {
    for kind in ResourceKind::ALL {
        let sql = match kind {
            ResourceKind::User => &statements.user_names,
            ResourceKind::Group => &statements.group_names,
        };
        let named = names.iter().filter(|(_, of, _)| *of == kind);
        let rows = Rows::collect(&NAME, named.map(|(tenant, _, name)| [(*tenant).into(), name.as_str().into()]));
        for row in query(connection, statements, sql, rows).await? {
            let name = (row.try_get_by_index(0)?, kind, row.try_get_by_index(1)?);
            working.names.insert(name, uuid(&row, 2)?);
        }
    }
    Ok(())
}

/// Loads who has the names that applications would be told.
pub(super) async fn load_told_names(
    connection: &impl ConnectionTrait,
    statements: &Statements,
    names: &BTreeSet<(i64, String)>,
    working: &mut Working,
) -> Result<(), DbErr> {
    let rows = Rows::collect(&NAME, names.iter().map(|(tenant, name)| [(*tenant).into(), name.as_str().into()]));
    for row in query(connection, statements, &statements.told_names, rows).await? {
        working.told_names.insert((row.try_get_by_index(0)?, row.try_get_by_index(1)?), uuid(&row, 2)?);
    }
    Ok(())
}

/// Loads the notices of the tenants that are to be told of.
pub(super) async fn load_notices(
    connection: &impl ConnectionTrait,
    statements: &Statements,
    changes: &[Change],
    working: &mut Working,
) -> Result<(), DbErr> {
    let telling = changes.iter().filter(|change| matches!(change.action, Action::Tell));
    let tenants: BTreeSet<i64> = telling.map(Change::tenant_number).collect();
    let rows = Rows::collect(&tenancy::NOTICES_OF, tenants.into_iter().map(|tenant| [tenant.into()]));
    for row in query(connection, statements, &statements.notices, rows).await? {
        let notice = Notice::read(&row)?;
        working.notices.entry(notice.tenant).or_default().push(notice);
    }
    Ok(())
}

fn place_row((tenant, id): &Place) -> [Cell; 2] {
    [(*tenant).into(), (*id).into()]
}

fn known(row: &QueryResult, first: usize) -> Result<Known, DbErr> {
    let kind: i64 = row.try_get_by_index(first)?;
    Ok(Known { kind: key::kind(kind), display: row.try_get_by_index(first + 1)? })
}

/// Runs a statement with its rows; without rows there is nothing to ask.
pub(super) async fn query(
    connection: &impl ConnectionTrait,
    statements: &Statements,
    sql: &str,
    rows: Rows,
) -> Result<Vec<QueryResult>, DbErr> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let rows = rows.bind(statements.backend);
    connection.query_all_raw(Statement::from_sql_and_values(statements.backend, sql, rows)).await
}
