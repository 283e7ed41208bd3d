//! Which memberships a change adds and removes.

use std::collections::BTreeMap;

use scim::{Member, MemberStep, ScimError};
use serde_json::json;
use uuid::Uuid;

use super::working::{Known, MemberName, MemberNames, Place, Working};
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
    /// Every row that is written, with its name, or removed.
    pub(super) rows: Vec<(Uuid, Option<MemberName>)>,
}

impl Moves {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// One member goes.
    pub(super) fn removing(member: Uuid) -> Self {
        Self { added: Vec::new(), removed: vec![member], rows: vec![(member, None)] }
    }

    /// All members go with their group; their rows go with it, too.
    pub(super) fn ending(members: Option<&MemberNames>) -> Self {
        Self { removed: members.into_iter().flat_map(BTreeMap::keys).copied().collect(), ..Self::default() }
    }

    fn between(before: &MemberNames, after: MemberNames) -> Self {
        let mut moves = Self::default();
        for id in before.keys().filter(|id| !after.contains_key(id)) {
            moves.removed.push(*id);
            moves.rows.push((*id, None));
        }
        for (id, name) in after {
            match before.get(&id) {
                Some(known) if *known == name => continue,
                Some(_) => {}
                None => moves.added.push(id),
            }
            moves.rows.push((id, Some(name)));
        }
        moves
    }
}

/// Takes the steps in order, each on what the one before left; only what differs in the end counts (RFC 7644 section
/// 3.5.2: adding a member that is there, or removing one that is not, changes nothing).
pub(super) fn moves(working: &Working, group: Place, steps: &[MemberStep]) -> Result<Moves, ScimError> {
    if steps.is_empty() {
        return Ok(Moves::default());
    }
    let nobody = MemberNames::new();
    let before = working.members.get(&group).unwrap_or(&nobody);
    let mut now = before.clone();
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
    Ok(Moves::between(before, now))
}

fn cost(step: &MemberStep, members: usize) -> usize {
    match step {
        MemberStep::Add(added) => added.len(),
        MemberStep::Remove(ids) => ids.len(),
        MemberStep::Replace(kept) => kept.len().saturating_add(members),
        MemberStep::Clear => members,
        MemberStep::RemoveWhere(_) => members.saturating_mul(LOOKS_OF_A_FILTER),
    }
}

fn take(step: &MemberStep, working: &Working, group: Place, now: &mut MemberNames) -> Result<(), ScimError> {
    match step {
        MemberStep::Add(members) => {
            for member in members {
                now.entry(known_id(member, working, group)?).or_insert_with(|| member.display.clone());
            }
        }
        MemberStep::Replace(members) => {
            now.clear();
            for member in members {
                now.insert(known_id(member, working, group)?, member.display.clone());
            }
        }
        MemberStep::Clear => now.clear(),
        MemberStep::Remove(ids) => {
            for id in ids.iter().filter_map(|id| key::id(id)) {
                now.remove(&id);
            }
        }
        MemberStep::RemoveWhere(filter) => {
            now.retain(|id, name| !filter.matches_element(&element(*id, name, working.known.get(&(group.0, *id)))));
        }
    }
    Ok(())
}

/// Members are users and groups of this directory, other than the group itself.
fn known_id(member: &Member, working: &Working, group: Place) -> Result<Uuid, ScimError> {
    let id = key::id(&member.id).filter(|id| working.known.contains_key(&(group.0, *id)));
    let id = id.ok_or_else(|| unknown_member(&member.id))?;
    if id == group.1 {
        return Err(ScimError::invalid_value("members.value is the group itself; a group cannot contain itself"));
    }
    Ok(id)
}

fn unknown_member(id: &str) -> ScimError {
    let shown: String = id.chars().take(64).collect();
    ScimError::invalid_value(format!(
        "members.value \"{shown}\" is no user or group of this directory; create it first, or leave it out"
    ))
}

/// A member as far as a filter on `members` sees it.
fn element(id: Uuid, name: &MemberName, known: Option<&Known>) -> serde_json::Value {
    let kind = known.map(|known| known.kind.name());
    let display = name.as_deref().or_else(|| known?.display.as_deref());
    json!({ "value": id, "type": kind, "display": display })
}
