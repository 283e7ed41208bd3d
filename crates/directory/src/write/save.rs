//! Saving what a batch decided, one statement a table.

use std::collections::BTreeSet;

use scim::ResourceKind;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Statement};
use serde::Serialize;
use serde_json::{Value, json};

use super::statements::Statements;
use super::working::{Fate, Held, Place, Working};
use crate::key;

/// A row of `resources`.
#[derive(Serialize)]
struct Row<'a> {
    tenant_id: i64,
    id: &'a str,
    kind: i64,
    position: i64,
    version: i64,
    created: i64,
    modified: i64,
    active: bool,
    user_name: Option<String>,
    external_id: Option<String>,
    display_name: Option<String>,
    display: Option<String>,
    manager_id: Option<String>,
    member_count: i64,
    document: &'a str,
}

impl<'a> Row<'a> {
    fn of(tenant_id: i64, held: &'a Held) -> Self {
        let (record, resource) = (&held.record, &held.resource);
        Self {
            tenant_id,
            id: &record.id,
            kind: key::number(record.kind),
            position: record.position,
            version: record.version,
            created: record.created_ms,
            modified: record.modified_ms,
            active: resource.active(),
            user_name: resource.user_name().filter(|_| record.kind == ResourceKind::User).map(key::folded),
            external_id: resource.external_id().map(|id| key::exact(id).into_owned()),
            display_name: resource.display_name().map(key::folded),
            display: resource.display().map(|display| key::exact(&display).into_owned()),
            manager_id: resource.manager().filter(|id| key::id(id).is_some()).map(str::to_owned),
            member_count: record.member_count,
            document: &record.document,
        }
    }
}

/// Writes every table that the batch changed.
pub(super) async fn save(tx: &DatabaseTransaction, statements: &Statements, working: &Working) -> Result<(), DbErr> {
    if !working.erased.is_empty() {
        let tenants: Vec<_> = working.erased.iter().map(|tenant| json!({ "tenant_id": tenant })).collect();
        for sql in &statements.erase {
            execute(tx, statements, sql, &tenants).await?;
        }
        return Ok(());
    }
    save_resources(tx, statements, working).await?;
    save_emails(tx, statements, working).await?;
    save_memberships(tx, statements, working).await?;
    let block = |((tenant, kind, block), live): (&(i64, i64, i64), &i64)| json!({ "tenant_id": tenant, "kind": kind, "block": block, "live": live });
    let blocks: Vec<_> = working.blocks.iter().filter(|(_, live)| **live != 0).map(block).collect();
    execute(tx, statements, &statements.count_blocks, &blocks).await?;
    let counters: Vec<_> = working.counters.iter().map(|(tenant, counters)| {
        json!({ "tenant_id": tenant, "sequence": counters.sequence, "next_position": counters.next_position })
    }).collect();
    execute(tx, statements, &statements.save_counters, &counters).await
}

fn with_fate<'a>(working: &'a Working, wanted: impl Fn(Fate) -> bool + 'a) -> impl Iterator<Item = (Place, &'a Held)> {
    working.held.iter().filter(move |(_, held)| wanted(held.fate)).map(|(place, held)| (*place, held))
}

async fn save_resources(tx: &DatabaseTransaction, statements: &Statements, working: &Working) -> Result<(), DbErr> {
    let deleted: Vec<_> = with_fate(working, |fate| fate == Fate::Deleted).map(|(place, _)| place_row(place)).collect();
    execute(tx, statements, &statements.delete_resources, &deleted).await?;
    execute(tx, statements, &statements.delete_members_of, &deleted).await?;
    execute(tx, statements, &statements.delete_member, &deleted).await?;
    let changed: Vec<_> =
        with_fate(working, |fate| matches!(fate, Fate::Changed { .. })).map(|(at, held)| Row::of(at.0, held)).collect();
    execute(tx, statements, &statements.update_resources, &changed).await?;
    let created: Vec<_> =
        with_fate(working, |fate| fate == Fate::Created).map(|(at, held)| Row::of(at.0, held)).collect();
    execute(tx, statements, &statements.insert_resources, &created).await
}

async fn save_emails(tx: &DatabaseTransaction, statements: &Statements, working: &Working) -> Result<(), DbErr> {
    let stale = |fate| matches!(fate, Fate::Changed { emails: true } | Fate::Deleted);
    let stale: Vec<_> = with_fate(working, stale).map(|(place, _)| place_row(place)).collect();
    execute(tx, statements, &statements.delete_emails, &stale).await?;
    let fresh = |fate| matches!(fate, Fate::Created | Fate::Changed { emails: true });
    let mut emails = BTreeSet::new();
    for ((tenant, id), held) in with_fate(working, fresh) {
        emails.extend(held.resource.emails().map(|email| (tenant, key::folded(email), id)));
    }
    let emails: Vec<_> = emails
        .into_iter()
        .map(|(tenant, value, id)| json!({ "tenant_id": tenant, "value": value, "resource_id": id }))
        .collect();
    execute(tx, statements, &statements.insert_emails, &emails).await
}

async fn save_memberships(tx: &DatabaseTransaction, statements: &Statements, working: &Working) -> Result<(), DbErr> {
    let mut gone = Vec::new();
    let mut written = Vec::new();
    for ((tenant, group, member), row) in &working.moved {
        match row {
            None => gone.push(json!({ "tenant_id": tenant, "group_id": group, "member_id": member })),
            Some(display) => {
                let display = display.as_deref().map(key::exact);
                written
                    .push(json!({ "tenant_id": tenant, "group_id": group, "member_id": member, "display": display }));
            }
        }
    }
    execute(tx, statements, &statements.delete_memberships, &gone).await?;
    execute(tx, statements, &statements.insert_memberships, &written).await
}

fn place_row((tenant, id): Place) -> Value {
    json!({ "tenant_id": tenant, "id": id })
}

/// Runs a statement with its rows; without rows there is nothing to do.
async fn execute<R: Serialize>(
    tx: &DatabaseTransaction,
    statements: &Statements,
    sql: &str,
    rows: &[R],
) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = serde_json::to_string(rows).map_err(|error| DbErr::Json(error.to_string()))?;
    tx.execute_raw(Statement::from_sql_and_values(statements.backend, sql, [rows.into()])).await?;
    Ok(())
}
