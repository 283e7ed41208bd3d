//! Loading what a batch touches, one statement a sort of row.

use std::collections::BTreeSet;

use scim::ResourceKind;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Statement};
use serde_json::{Value, json};
use tenancy::Notice;
use uuid::Uuid;

use super::needs::Needs;
use super::statements::Statements;
use super::working::{Counters, Fate, Held, Known, Name, Place, Working};
use super::{Action, Change};
use crate::key;
use crate::read::{record, uuid};

/// Locks the directories of the batch, in the order of their tenants, and reads their counters.
pub(super) async fn lock(
    transaction: &DatabaseTransaction,
    statements: &Statements,
    changes: &[Change],
    working: &mut Working,
) -> Result<(), DbErr> {
    let tenants: BTreeSet<i64> = changes.iter().map(Change::tenant_number).collect();
    read_counters(transaction, statements, &tenants, working).await?;
    let missing: BTreeSet<i64> = tenants.into_iter().filter(|t| !working.counters.contains_key(t)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let rows = Value::Array(missing.iter().map(|tenant| json!({ "tenant_id": tenant })).collect()).to_string();
    let sql = statements.create_directories.as_str();
    transaction.execute_raw(Statement::from_sql_and_values(statements.backend, sql, [rows.into()])).await?;
    read_counters(transaction, statements, &missing, working).await
}

async fn read_counters(
    transaction: &DatabaseTransaction,
    statements: &Statements,
    tenants: &BTreeSet<i64>,
    working: &mut Working,
) -> Result<(), DbErr> {
    let rows = tenants.iter().map(|tenant| json!({ "tenant_id": tenant })).collect();
    for row in query(transaction, statements, &statements.lock, rows).await? {
        let counters = Counters { sequence: row.try_get_by_index(1)?, next_position: row.try_get_by_index(2)? };
        working.counters.insert(row.try_get_by_index(0)?, counters);
    }
    Ok(())
}

/// Loads the resources and memberships that the changes name.
pub(super) async fn load_touched(
    transaction: &DatabaseTransaction,
    statements: &Statements,
    needs: &Needs,
    working: &mut Working,
) -> Result<(), DbErr> {
    let mut targets = needs.targets.clone();
    for place in &needs.deleted {
        let referrers = load_referrers(transaction, statements, *place).await?;
        targets.extend(referrers.iter().map(|id| ((place.0, *id), false)));
        working.referrers.insert(*place, referrers);
    }
    load_targets(transaction, statements, &targets, working).await?;
    let mentioned = needs.mentioned.iter().map(|place| place_row(*place)).collect();
    for row in query(transaction, statements, &statements.mentioned, mentioned).await? {
        let place = (row.try_get_by_index(0)?, uuid(&row, 1)?);
        working.known.insert(place, known(&row, 2)?);
    }
    let pair = |(tenant, group, member): &(i64, Uuid, Uuid)| json!({ "tenant_id": tenant, "group_id": group, "member_id": member });
    let pairs = needs.pairs.iter().map(pair).collect();
    for row in query(transaction, statements, &statements.pairs, pairs).await? {
        let group = (row.try_get_by_index(0)?, uuid(&row, 1)?);
        working.members.entry(group).or_default().insert(uuid(&row, 2)?, row.try_get_by_index(3)?);
    }
    let whole = needs.whole_groups.iter().map(|place| place_row(*place)).collect();
    for row in query(transaction, statements, &statements.whole_groups, whole).await? {
        let group: Place = (row.try_get_by_index(0)?, uuid(&row, 1)?);
        let member = uuid(&row, 2)?;
        working.members.entry(group).or_default().insert(member, row.try_get_by_index(3)?);
        working.known.insert((group.0, member), known(&row, 4)?);
    }
    Ok(())
}

/// The groups that a resource is in, and the users whose manager it is.
async fn load_referrers(
    transaction: &DatabaseTransaction,
    statements: &Statements,
    place: Place,
) -> Result<Vec<Uuid>, DbErr> {
    let mut referrers = Vec::new();
    for sql in [&statements.groups_of, &statements.reports_of] {
        for row in query(transaction, statements, sql, vec![place_row(place)]).await? {
            referrers.push(uuid(&row, 0)?);
        }
    }
    Ok(referrers)
}

async fn load_targets(
    transaction: &DatabaseTransaction,
    statements: &Statements,
    targets: &[(Place, bool)],
    working: &mut Working,
) -> Result<(), DbErr> {
    let row = |((tenant, id), groups): &(Place, bool)| json!({ "tenant_id": tenant, "id": id, "with_groups": groups });
    let rows = targets.iter().map(row).collect();
    for row in query(transaction, statements, &statements.targets, rows).await? {
        let tenant: i64 = row.try_get_by_index(0)?;
        let record = record(&row, 1)?;
        let Some(id) = key::id(&record.id) else { continue };
        let resource =
            scim::Resource::from_document(&record.document).map_err(|error| DbErr::Json(error.to_string()))?;
        working.held.insert((tenant, id), Held { record, resource, fate: Fate::Kept });
    }
    Ok(())
}

/// Loads who has the names that the changes may claim.
pub(super) async fn load_names(
    transaction: &DatabaseTransaction,
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
        let rows = named.map(|(tenant, _, name)| json!({ "tenant_id": tenant, "name": name })).collect();
        for row in query(transaction, statements, sql, rows).await? {
            let name = (row.try_get_by_index(0)?, kind, row.try_get_by_index(1)?);
            working.names.insert(name, uuid(&row, 2)?);
        }
    }
    Ok(())
}

/// Loads the notices of the tenants that are to be told of.
pub(super) async fn load_notices(
    transaction: &DatabaseTransaction,
    statements: &Statements,
    changes: &[Change],
    working: &mut Working,
) -> Result<(), DbErr> {
    let telling = changes.iter().filter(|change| matches!(change.action, Action::Tell));
    let tenants: BTreeSet<i64> = telling.map(Change::tenant_number).collect();
    let rows = tenants.iter().map(|tenant| json!({ "tenant_id": tenant })).collect();
    for row in query(transaction, statements, &statements.notices, rows).await? {
        let notice = Notice::read(&row)?;
        working.notices.entry(notice.tenant).or_default().push(notice);
    }
    Ok(())
}

fn place_row((tenant, id): Place) -> Value {
    json!({ "tenant_id": tenant, "id": id })
}

fn known(row: &QueryResult, first: usize) -> Result<Known, DbErr> {
    let kind: i64 = row.try_get_by_index(first)?;
    Ok(Known { kind: key::kind(kind), display: row.try_get_by_index(first + 1)? })
}

/// Runs a statement with its rows; without rows there is nothing to ask.
async fn query(
    transaction: &DatabaseTransaction,
    statements: &Statements,
    sql: &str,
    rows: Vec<Value>,
) -> Result<Vec<QueryResult>, DbErr> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let rows = Value::Array(rows).to_string();
    transaction.query_all_raw(Statement::from_sql_and_values(statements.backend, sql, [rows.into()])).await
}
