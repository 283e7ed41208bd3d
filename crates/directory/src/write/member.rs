//! Which memberships a change adds and removes.

use std::collections::BTreeMap;

use scim::{MemberStep, ScimError};
use serde_json::json;
use uuid::Uuid;

use super::working::{Known, Place, Working};
use crate::key;

/// How many members the steps of one change may look at in all, a filter counting for more than a flag. The writer
/// serves every tenant, so what one change may cost is bounded.
const LOOKS: usize = 2_000_000;
const LOOKS_OF_A_FILTER: usize = 8;

/// The memberships of one group that change.
#[derive(Debug, Default)]
pub(super) struct Moves {
    pub(super) added: Vec<Uuid>,
    pub(super) removed: Vec<Uuid>,
}

impl Moves {
    pub(super) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

/// Takes the steps in order, each on what the one before left; only what differs in the end counts (RFC 7644 section
/// 3.5.2: adding a member that is there, or removing one that is not, changes nothing).
pub(super) fn moves(working: &Working, group: Place, steps: &[MemberStep]) -> Result<Moves, ScimError> {
    let before = working.members.get(&group);
    let was = |id: &Uuid| before.and_then(|members| members.get(id)).copied().unwrap_or(false);
    let mut now: BTreeMap<Uuid, bool> = before.cloned().unwrap_or_default();
    let mut looks = 0;
    for step in steps {
        looks += cost(step, now.len());
        if looks > LOOKS {
            return Err(ScimError::invalid_value(
                "the operations on members look at too many members in all; send them in several requests, and name \
                 members by value",
            ));
        }
        take(step, working, group, &mut now)?;
    }
    let mut moves = Moves::default();
    for (id, is) in now {
        match (was(&id), is) {
            (false, true) => moves.added.push(id),
            (true, false) => moves.removed.push(id),
            _ => {}
        }
    }
    Ok(moves)
}

fn cost(step: &MemberStep, members: usize) -> usize {
    match step {
        MemberStep::Add(ids) | MemberStep::Remove(ids) => ids.len(),
        MemberStep::Replace(ids) => ids.len().saturating_add(members),
        MemberStep::Clear => members,
        MemberStep::RemoveWhere(_) => members.saturating_mul(LOOKS_OF_A_FILTER),
    }
}

fn take(step: &MemberStep, working: &Working, group: Place, now: &mut BTreeMap<Uuid, bool>) -> Result<(), ScimError> {
    match step {
        MemberStep::Add(ids) => add(ids, working, group, now)?,
        MemberStep::Replace(ids) => {
            now.values_mut().for_each(|is| *is = false);
            add(ids, working, group, now)?;
        }
        MemberStep::Clear => now.values_mut().for_each(|is| *is = false),
        MemberStep::Remove(ids) => {
            for id in ids.iter().filter_map(|id| key::id(id)) {
                now.insert(id, false);
            }
        }
        MemberStep::RemoveWhere(filter) => {
            for (id, is) in now.iter_mut().filter(|(_, is)| **is) {
                let element = element(*id, working.known.get(&(group.0, *id)));
                *is = !filter.matches_element(&element);
            }
        }
    }
    Ok(())
}

fn add(ids: &[String], working: &Working, group: Place, now: &mut BTreeMap<Uuid, bool>) -> Result<(), ScimError> {
    for text in ids {
        let id = key::id(text).filter(|id| working.known.contains_key(&(group.0, *id)));
        let id = id.ok_or_else(|| unknown_member(text))?;
        if id == group.1 {
            return Err(ScimError::invalid_value("members.value is the group itself; a group cannot contain itself"));
        }
        now.insert(id, true);
    }
    Ok(())
}

fn unknown_member(id: &str) -> ScimError {
    let shown: String = id.chars().take(64).collect();
    ScimError::invalid_value(format!(
        "members.value \"{shown}\" is no user or group of this directory; create it first, or leave it out"
    ))
}

/// A member as far as a filter on `members` sees it.
fn element(id: Uuid, known: Option<&Known>) -> serde_json::Value {
    let kind = known.map(|known| known.kind.name());
    let display = known.and_then(|known| known.display.as_deref());
    json!({ "value": id, "type": kind, "display": display })
}
