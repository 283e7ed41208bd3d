//! What a batch writes, table by table.

use std::collections::BTreeSet;

use sea_orm::DbErr;
use serde_json::{Value, json};

use super::row::Row;
use super::statements::Statements;
use super::together::Part;
use super::working::{Fate, Held, Place, Working};
use crate::key;

/// What must be gone before anything is written in its place.
pub(super) fn removals<'a>(statements: &'a Statements, working: &Working) -> Result<Vec<Part<'a>>, DbErr> {
    let tenants: Vec<_> = working.erased.iter().map(|tenant| json!({ "tenant_id": tenant })).collect();
    let mut parts = Vec::new();
    for sql in &statements.erase {
        parts.extend(Part::of(sql, &tenants)?);
    }
    let deleted = places(working, |fate| fate == Fate::Deleted);
    let readdressed = places(working, |fate| matches!(fate, Fate::Changed { emails: true } | Fate::Deleted));
    let left: Vec<_> = working.moved.iter().filter(|(_, row)| row.is_none()).map(|(at, _)| membership(*at)).collect();
    parts.extend(Part::of(&statements.delete_resources, &deleted)?);
    parts.extend(Part::of(&statements.delete_members_of, &deleted)?);
    parts.extend(Part::of(&statements.delete_member, &deleted)?);
    parts.extend(Part::of(&statements.delete_emails, &readdressed)?);
    parts.extend(Part::of(&statements.delete_memberships, &left)?);
    let told: Vec<_> = working.told.iter().map(|(tenant, id)| json!({ "tenant_id": tenant, "id": id })).collect();
    parts.extend(Part::of(&statements.delete_notices, &told)?);
    Ok(parts)
}

/// What is written; no part needs to see what another wrote.
pub(super) fn writes<'a>(statements: &'a Statements, working: &Working) -> Result<Vec<Part<'a>>, DbErr> {
    let changed = rows(working, |fate| matches!(fate, Fate::Changed { .. }));
    let created = rows(working, |fate| fate == Fate::Created);
    let parts = [
        Part::of(&statements.update_resources, &changed)?,
        Part::of(&statements.insert_resources, &created)?,
        Part::of(&statements.insert_emails, &emails(working))?,
        Part::of(&statements.insert_memberships, &memberships(working))?,
        Part::of(&statements.count_blocks, &blocks(working))?,
        Part::of(&statements.save_counters, &counters(working))?,
        Part::of(&statements.append_events, &delivery::rows(working.events()))?,
    ];
    Ok(parts.into_iter().flatten().collect())
}

fn with_fate<'a>(working: &'a Working, wanted: impl Fn(Fate) -> bool + 'a) -> impl Iterator<Item = (Place, &'a Held)> {
    working.held.iter().filter(move |(_, held)| wanted(held.fate)).map(|(place, held)| (*place, held))
}

fn rows<'a>(working: &'a Working, wanted: impl Fn(Fate) -> bool + 'a) -> Vec<Row<'a>> {
    with_fate(working, wanted).map(|((tenant, _), held)| Row::of(tenant, held)).collect()
}

fn places(working: &Working, wanted: impl Fn(Fate) -> bool) -> Vec<Value> {
    with_fate(working, wanted).map(|((tenant, id), _)| json!({ "tenant_id": tenant, "id": id })).collect()
}

fn emails(working: &Working) -> Vec<Value> {
    let fresh = |fate| matches!(fate, Fate::Created | Fate::Changed { emails: true });
    let mut emails = BTreeSet::new();
    for ((tenant, id), held) in with_fate(working, fresh) {
        emails.extend(held.resource.emails().map(|email| (tenant, key::folded(email), id)));
    }
    let row = |(tenant, value, id)| json!({ "tenant_id": tenant, "value": value, "resource_id": id });
    emails.into_iter().map(row).collect()
}

fn memberships(working: &Working) -> Vec<Value> {
    let written = working.moved.iter().filter_map(|(at, row)| Some((*at, row.as_ref()?)));
    let row = |(at, display): (_, &Option<String>)| {
        let mut row = membership(at);
        if let Some(row) = row.as_object_mut() {
            row.insert("display".to_owned(), json!(display.as_deref().map(key::exact)));
        }
        row
    };
    written.map(row).collect()
}

fn membership((tenant, group, member): (i64, uuid::Uuid, uuid::Uuid)) -> Value {
    json!({ "tenant_id": tenant, "group_id": group, "member_id": member })
}

fn blocks(working: &Working) -> Vec<Value> {
    let row = |((tenant, kind, block), live): (&(i64, i64, i64), &i64)| json!({ "tenant_id": tenant, "kind": kind, "block": block, "live": live });
    working.blocks.iter().filter(|(_, live)| **live != 0).map(row).collect()
}

/// Of the directories that had events; an erased one has no counters left.
fn counters(working: &Working) -> Vec<Value> {
    let row = |(tenant, counters): (&i64, &super::working::Counters)| json!({ "tenant_id": tenant, "sequence": counters.sequence, "next_position": counters.next_position });
    working.counters.iter().filter(|(tenant, _)| !working.erased.contains(tenant)).map(row).collect()
}
