//! What a batch writes, table by table.

use database::rows::{Cell, Rows};

use super::breaker;
use super::invitation;
use super::row;
use super::statements::{BLOCK, COUNTERS, EMAIL, MEMBERSHIP, PAIR, PLACE, RESOURCE, Statements, TENANT};
use super::together::Part;
use super::working::{Counters, Fate, Held, Place, Working};
use crate::key;

/// What goes as a whole, before anything is written: only changes that are alone in their batch remove so much.
pub(super) fn removals<'a>(statements: &'a Statements, working: &Working) -> Vec<Part<'a>> {
    let tenants = Rows::collect(&TENANT, working.erased.iter().map(|tenant| [(*tenant).into()]));
    let deleted = places(working, |fate| fate == Fate::Deleted);
    let told = working.told.iter().map(|(tenant, id)| [(*tenant).into(), (*id).into()]);
    let erased = statements.erase.iter().map(|sql| Part::of(sql, tenants.clone()));
    let parts = [
        Part::of(&statements.delete_resources, deleted.clone()),
        Part::of(&statements.delete_members_of, deleted.clone()),
        Part::of(&statements.delete_member, deleted.clone()),
        Part::of(&statements.invitation.delete, deleted),
        Part::of(&statements.delete_notices, Rows::collect(&tenancy::NOTICES, told)),
    ];
    erased.chain(parts).flatten().collect()
}

/// What is written; no part needs to see what another wrote, and no two touch the same row. The events are taken out of
/// the batch.
pub(super) fn writes<'a>(statements: &'a Statements, working: &mut Working) -> Vec<Part<'a>> {
    let parts = [
        Part::of(&statements.update_resources, rows(working, |fate| fate == Fate::Changed)),
        Part::of(&statements.insert_resources, rows(working, |fate| fate == Fate::Created)),
        Part::of(&statements.delete_emails, emails(working, false)),
        Part::of(&statements.insert_emails, emails(working, true)),
        Part::of(&statements.delete_memberships, left(working)),
        Part::of(&statements.insert_memberships, memberships(working)),
        Part::of(&statements.count_blocks, blocks(working)),
        Part::guarding(&statements.save_counters, counters(working)),
        Part::of(&statements.append_events, events::rows(working.take_events())),
        Part::of(&statements.keep_password_hashes, password_hashes(working)),
        Part::of(&statements.invitation.save, invitation::rows(working)),
        Part::of(&statements.invitation.accept, invitation::accepted(working)),
        Part::of(&statements.note, journal::rows(std::mem::take(&mut working.audits))),
        Part::of(&statements.breaker.insert_endings, breaker::endings(working.now_ms, &working.endings)),
        Part::of(&statements.breaker.delete_outdated, breaker::outdated(working.now_ms, &working.endings)),
        Part::of(&statements.breaker.allow, breaker::allowances(&working.allowances)),
        Part::of(&statements.breaker.trip, breaker::trips(working.now_ms, &working.trips)),
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

/// The addresses that are written, or those that are removed.
fn emails(working: &Working, written: bool) -> Rows {
    let moved = working.emails.iter().filter(|(_, is_written)| **is_written == written);
    let row = |((tenant, value, id), _): (&(i64, String, uuid::Uuid), &bool)| {
        [(*tenant).into(), value.as_str().into(), (*id).into()]
    };
    Rows::collect(&EMAIL, moved.map(row))
}

/// The memberships that end.
fn left(working: &Working) -> Rows {
    let left = working.moved.iter().filter(|(_, row)| row.is_none());
    let row = |((tenant, group, member), _): (&(i64, uuid::Uuid, uuid::Uuid), &_)| {
        [(*tenant).into(), (*group).into(), (*member).into()]
    };
    Rows::collect(&PAIR, left.map(row))
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

fn password_hashes(working: &mut Working) -> Rows {
    events::password_hashes(working.now_ms, std::mem::take(&mut working.password_hashes))
}

/// Of the directories that had events; an erased one has no counters left.
fn counters(working: &Working) -> Rows {
    let told = working.counters.iter().filter(|(tenant, _)| !working.erased.contains(tenant));
    let row = |(tenant, counters): (&i64, &Counters)| {
        let Counters { sequence, next_position, events, positions, naming, .. } = *counters;
        [(*tenant).into(), events.into(), positions.into(), sequence.into(), next_position.into(), naming.into()]
    };
    Rows::collect(&COUNTERS, told.map(row))
}
