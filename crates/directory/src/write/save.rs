//! What a batch writes, table by table.

use std::collections::BTreeSet;

use database::rows::{Cell, Rows};

use super::row;
use super::statements::{BLOCK, COUNTERS, EMAIL, MEMBERSHIP, PAIR, PLACE, RESOURCE, Statements, TENANT};
use super::together::Part;
use super::working::{Counters, Fate, Held, Place, Working};
use crate::key;

/// What must be gone before anything is written in its place.
pub(super) fn removals<'a>(statements: &'a Statements, working: &Working) -> Vec<Part<'a>> {
    let tenants = Rows::collect(&TENANT, working.erased.iter().map(|tenant| [(*tenant).into()]));
    let deleted = places(working, |fate| fate == Fate::Deleted);
    let readdressed = places(working, |fate| matches!(fate, Fate::Changed { emails: true } | Fate::Deleted));
    let left = working.moved.iter().filter(|(_, row)| row.is_none());
    let left = Rows::collect(
        &PAIR,
        left.map(|((tenant, group, member), _)| [(*tenant).into(), (*group).into(), (*member).into()]),
    );
    let told = working.told.iter().map(|(tenant, id)| [(*tenant).into(), (*id).into()]);
    let erased = statements.erase.iter().map(|sql| Part::of(sql, tenants.clone()));
    let parts = [
        Part::of(&statements.delete_resources, deleted.clone()),
        Part::of(&statements.delete_members_of, deleted.clone()),
        Part::of(&statements.delete_member, deleted),
        Part::of(&statements.delete_emails, readdressed),
        Part::of(&statements.delete_memberships, left),
        Part::of(&statements.delete_notices, Rows::collect(&tenancy::NOTICES, told)),
    ];
    erased.chain(parts).flatten().collect()
}

/// What is written; no part needs to see what another wrote. The events are taken out of the batch.
pub(super) fn writes<'a>(statements: &'a Statements, working: &mut Working) -> Vec<Part<'a>> {
    let parts = [
        Part::of(&statements.update_resources, rows(working, |fate| matches!(fate, Fate::Changed { .. }))),
        Part::of(&statements.insert_resources, rows(working, |fate| fate == Fate::Created)),
        Part::of(&statements.insert_emails, emails(working)),
        Part::of(&statements.insert_memberships, memberships(working)),
        Part::of(&statements.count_blocks, blocks(working)),
        Part::guarding(&statements.save_counters, counters(working)),
        Part::of(&statements.append_events, delivery::rows(working.take_events())),
    ];
    parts.into_iter().flatten().collect()
}

fn with_fate<'a>(working: &'a Working, wanted: impl Fn(Fate) -> bool + 'a) -> impl Iterator<Item = (Place, &'a Held)> {
    working.held.iter().filter(move |(_, held)| wanted(held.fate)).map(|(place, held)| (*place, held))
}

fn rows(working: &Working, wanted: impl Fn(Fate) -> bool) -> Rows {
    Rows::collect(&RESOURCE, with_fate(working, wanted).map(|(place, held)| row::of(place, held)))
}

fn places(working: &Working, wanted: impl Fn(Fate) -> bool) -> Rows {
    Rows::collect(&PLACE, with_fate(working, wanted).map(|((tenant, id), _)| [tenant.into(), id.into()]))
}

fn emails(working: &Working) -> Rows {
    let fresh = |fate| matches!(fate, Fate::Created | Fate::Changed { emails: true });
    let mut emails = BTreeSet::new();
    for ((tenant, id), held) in with_fate(working, fresh) {
        emails.extend(held.resource.emails().map(|email| (tenant, key::folded(email), id)));
    }
    Rows::collect(&EMAIL, emails.into_iter().map(|(tenant, value, id)| [tenant.into(), value.into(), id.into()]))
}

fn memberships(working: &Working) -> Rows {
    let written = working.moved.iter().filter_map(|(at, row)| Some((at, row.as_ref()?)));
    let row = |((tenant, group, member), display): (&(i64, uuid::Uuid, uuid::Uuid), &Option<String>)| {
        let display: Cell = display.as_deref().map(|name| key::exact(name).into_owned()).into();
        [(*tenant).into(), (*group).into(), (*member).into(), display]
    };
    Rows::collect(&MEMBERSHIP, written.map(row))
}

fn blocks(working: &Working) -> Rows {
    let changed = working.blocks.iter().filter(|(_, live)| **live != 0);
    let row = |((tenant, kind, block), live): (&(i64, i64, i64), &i64)| {
        [(*tenant).into(), (*kind).into(), (*block).into(), (*live).into()]
    };
    Rows::collect(&BLOCK, changed.map(row))
}

/// Of the directories that had events; an erased one has no counters left.
fn counters(working: &Working) -> Rows {
    let told = working.counters.iter().filter(|(tenant, _)| !working.erased.contains(tenant));
    let row = |(tenant, counters): (&i64, &Counters)| {
        let Counters { sequence, next_position, events, positions } = *counters;
        [(*tenant).into(), events.into(), positions.into(), sequence.into(), next_position.into()]
    };
    Rows::collect(&COUNTERS, told.map(row))
}
