//! Deciding one change on what the batch works on: either it is made whole, or it is refused and nothing has changed.

use std::sync::Arc;

use events::EventType;
use scim::{Dialect, Draft, MemberStep, Resource, ResourceKind, ScimError};
use uuid::Uuid;

use super::breaker::tell_errand;
use super::event::{Story, tell};
use super::groups::shown;
use super::invitation;
use super::member::{Moves, moves};
use super::naming::told_name;
use super::needs::name;
use super::retell::Retelling;
use super::working::{Fate, Held, Known, Working};
use super::{Action, Change, New, Outcome};
use crate::key::USER_NAME_LIMIT;
use crate::{Condition, DirectoryError, Record};

type Answer = Result<Outcome, DirectoryError>;

/// Makes one change.
pub(super) fn apply(change: &Change, working: &mut Working) -> Answer {
    if !working.counters.contains_key(&change.tenant_number()) && !matches!(change.action, Action::Erase) {
        return Err(DirectoryError::gone());
    }
    if change.is_of_user() && !working.is_named_for(change) {
        return Err(DirectoryError::profile_changed());
    }
    match &change.action {
        Action::Create(new) => create(change, new, working),
        Action::Replace(draft, condition) => replace(change, draft, condition, working),
        Action::Patch(patch, steps, condition) => {
            let held = working.find(change.tenant_number(), change.kind, change.id)?;
            condition.check(held.record.version)?;
            let mut dialect = change.dialect();
            let after = patch.apply(&held.resource, change.tenant.schemas().of(change.kind), &mut dialect)?;
            update(change, after, steps, dialect, working)
        }
        Action::Delete(condition) => delete(change, condition, working),
        Action::Erase => Ok(erase(change, working)),
        Action::Tell => Ok(tell_notices(change, working)),
        Action::Name => Ok(no_resource(change, working)),
        Action::Invitation(errand) => {
            let outcome = invitation::perform(change, *errand, working)?;
            Ok(outcome.unwrap_or_else(|| no_resource(change, working)))
        }
        Action::Breaker(_) => Ok(Outcome { done: tell_errand(change, working), ..no_resource(change, working) }),
    }
}

/// RFC 7644 section 3.3.
fn create(change: &Change, new: &New, working: &mut Working) -> Answer {
    let tenant = change.tenant_number();
    let steps: Vec<_> = new.members.iter().map(|members| MemberStep::Replace(members.clone())).collect();
    let moves = moves(working, (tenant, change.id), &steps)?;
    check(change, None, &new.resource)?;
    let told_name = told_name(change, None, &new.resource, working)?;
    // Last: a change that is refused leaves no name behind that it has taken.
    claim(change, None, &new.resource, working)?;
    let record = Record {
        kind: change.kind,
        position: working.take_position(tenant, change.kind),
        version: 1,
        created_ms: working.now_ms,
        modified_ms: working.now_ms,
        document: Arc::clone(&new.document),
        id: change.id.to_string(),
        groups: Vec::new(),
        members: None,
        member_count: 0,
    };
    let held = Held { record, resource: Arc::clone(&new.resource), told_name, fate: Fate::Created };
    settle(change, held, None, &moves, Dialect::lenient(), working)
}

/// RFC 7644 section 3.5.1. A group whose new form names no members has none.
fn replace(change: &Change, draft: &Draft, condition: &Condition, working: &mut Working) -> Answer {
    let held = working.find(change.tenant_number(), change.kind, change.id)?;
    condition.check(held.record.version)?;
    let draft = draft.clone().replacing(&held.resource, change.tenant.schemas().of(change.kind))?;
    let steps = match change.kind {
        ResourceKind::User => Vec::new(),
        ResourceKind::Group => vec![MemberStep::Replace(draft.members.unwrap_or_default())],
    };
    update(change, draft.resource, &steps, Dialect::lenient(), working)
}

/// Leaves the resource with new attributes and members; if nothing differs, nothing is written and nothing told.
fn update(change: &Change, after: Resource, steps: &[MemberStep], dialect: Dialect, working: &mut Working) -> Answer {
    let tenant = change.tenant_number();
    let held = working.find(tenant, change.kind, change.id)?.clone();
    let moves = moves(working, (tenant, change.id), steps)?;
    if after == *held.resource && moves.is_empty() && change.password.is_none() {
        return Ok(Outcome::of(held.record, dialect));
    }
    check(change, Some(&held.resource), &after)?;
    let told_name = told_name(change, Some(&held), &after, working)?;
    claim(change, Some(&held.resource), &after, working)?;
    let before = held.resource;
    let mut record = held.record;
    record.version += 1;
    record.modified_ms = working.now_ms;
    record.document = after.to_document(change.tenant.schemas().of(change.kind), &record.id).into();
    let fate = held.fate.changed();
    settle(change, Held { record, resource: Arc::new(after), told_name, fate }, Some(&before), &moves, dialect, working)
}

/// Puts the changed resource and its memberships into the batch, and tells the change.
fn settle(
    change: &Change,
    mut held: Held,
    before: Option<&Resource>,
    moves: &Moves,
    dialect: Dialect,
    working: &mut Working,
) -> Answer {
    held.record.member_count += count(&moves.added) - count(&moves.removed);
    let (invitation_before, is_invited) = invitation::follow(change, before, &held, working);
    let story = Story {
        tenant: &change.tenant,
        id: change.id,
        actor: &change.actor,
        record: &held.record,
        before,
        after: Some(&held.resource),
        groups_before: None,
        moves,
        password: change.password.as_ref(),
        replaced: matches!(change.action, Action::Replace(..)),
        invitation_before,
        happened: None,
    };
    let renamed = before.is_some_and(|before| before.display_name() != held.resource.display_name());
    let retelling = Retelling::begin(change, moves, renamed, working);
    tell(&story, working)?;
    let tenant = change.tenant_number();
    working.readdress((tenant, change.id), before, Some(&held.resource));
    working.rename((tenant, change.id), change.kind, before, &held.resource);
    working.move_members((tenant, change.id), moves, &held.resource);
    let record = held.record.clone();
    working.call((tenant, change.id), held.told_name.as_deref());
    working.held.insert((tenant, change.id), held);
    if is_invited {
        invitation::tell_of(change, EventType::UserInvited, None, working)?;
    }
    retelling.end(change, working)?;
    Ok(Outcome::of(record, dialect))
}

/// Refuses a user that the tenant's application cannot take. Who is not active need not be taken, so that nobody stays active
/// because a role has gone; and what was so before may stay so.
fn check(change: &Change, before: Option<&Resource>, after: &Resource) -> Result<(), DirectoryError> {
    if change.kind != ResourceKind::User || !after.active() {
        return Ok(());
    }
    let profile = change.tenant.profile();
    let known: Vec<String> =
        before.filter(|before| before.active()).into_iter().flat_map(|before| profile.refusals(before)).collect();
    match profile.refusals(after).find(|refusal| !known.contains(refusal)) {
        Some(refusal) => Err(ScimError::invalid_value(refusal).into()),
        None => Ok(()),
    }
}

fn count(ids: &[Uuid]) -> i64 {
    i64::try_from(ids.len()).unwrap_or(i64::MAX)
}

/// Takes the resource's unique name, and gives back the one it had.
fn claim(
    change: &Change,
    before: Option<&Resource>,
    after: &Resource,
    working: &mut Working,
) -> Result<(), DirectoryError> {
    let tenant = change.tenant_number();
    let unique = change.kind == ResourceKind::User || change.tenant.settings().unique_group_names;
    let Some(wanted) = name(tenant, change.kind, after).filter(|_| unique) else { return Ok(()) };
    let (attribute, text) = match change.kind {
        ResourceKind::User => ("userName", after.user_name()),
        ResourceKind::Group => ("displayName", after.display_name()),
    };
    let text = text.unwrap_or_default();
    if text.chars().count() > USER_NAME_LIMIT {
        let sentence = format!("{attribute} is longer than {USER_NAME_LIMIT} characters; send a shorter one");
        return Err(ScimError::invalid_value(sentence).into());
    }
    if working.names.get(&wanted).is_some_and(|owner| *owner != change.id) {
        let sentence = format!(
            "{attribute} \"{text}\" is taken by another {}; find it with the filter {attribute} eq, or send another",
            change.kind.name().to_lowercase()
        );
        return Err(ScimError::uniqueness(sentence).into());
    }
    if let Some(had) = before.and_then(|before| name(tenant, change.kind, before)).filter(|had| *had != wanted) {
        working.names.remove(&had);
    }
    working.names.insert(wanted, change.id);
    Ok(())
}

/// RFC 7644 section 3.6: the resource goes, and with it every membership and every reference to it as a manager.
fn delete(change: &Change, condition: &Condition, working: &mut Working) -> Answer {
    let tenant = change.tenant_number();
    let held = working.find(tenant, change.kind, change.id)?.clone();
    condition.check(held.record.version)?;
    let known = Known { kind: change.kind, display: shown(&held.resource) };
    working.known.insert((tenant, change.id), known);
    let first = working.next_sequence(tenant);
    let moves = Moves::ending(working.members.get(&(tenant, change.id)));
    let referrers = working.referrers.remove(&(tenant, change.id)).unwrap_or_default();
    working.dying = Some((tenant, change.id));
    let mut others = referrers.into_iter().filter(|referrer| *referrer != change.id);
    let forgotten = others.try_for_each(|referrer| forget(change, referrer, working));
    working.dying = None;
    forgotten?;
    let story = Story {
        tenant: &change.tenant,
        id: change.id,
        actor: &change.actor,
        record: &held.record,
        before: Some(&held.resource),
        after: None,
        groups_before: None,
        moves: &moves,
        password: None,
        replaced: false,
        invitation_before: working.invitations.get(&(tenant, change.id)).map(|known| known.state),
        happened: None,
    };
    let retelling = Retelling::begin(change, &moves, false, working);
    tell(&story, working)?;
    working.turn_begins(change.id, first);
    for member in &moves.removed {
        working.leave((tenant, *member), change.id);
    }
    retelling.end(change, working)?;
    working.count(tenant, change.kind, held.record.position, -1);
    working.readdress((tenant, change.id), Some(&held.resource), None);
    let record = held.record.clone();
    working.held.insert((tenant, change.id), Held { fate: Fate::Deleted, ..held });
    Ok(Outcome::of(record, Dialect::lenient()))
}

/// Takes a deleted resource out of a group, or out of a user's `manager`.
fn forget(change: &Change, referrer: Uuid, working: &mut Working) -> Result<(), DirectoryError> {
    let tenant = change.tenant_number();
    let Some(held) = working.held.get(&(tenant, referrer)).cloned() else { return Ok(()) };
    let kind = held.record.kind;
    let mut moves = Moves::default();
    let mut after = Resource::clone(&held.resource);
    match kind {
        ResourceKind::Group => moves = Moves::removing(change.id),
        ResourceKind::User => after.clear_manager(),
    }
    let of = change.tenant.schemas().of(kind);
    let mut record = held.record;
    record.version += 1;
    record.modified_ms = working.now_ms;
    record.document = after.to_document(of, &record.id).into();
    let forgetting = Change { kind, id: referrer, ..change.clone() };
    let fate = held.fate.changed();
    settle(
        &forgetting,
        Held { record, resource: Arc::new(after), told_name: held.told_name, fate },
        Some(&held.resource),
        &moves,
        Dialect::lenient(),
        working,
    )?;
    Ok(())
}

fn erase(change: &Change, working: &mut Working) -> Outcome {
    working.erased.push(change.tenant_number());
    no_resource(change, working)
}

/// Makes events of the notices that were left for this tenant.
fn tell_notices(change: &Change, working: &mut Working) -> Outcome {
    for notice in working.notices.remove(&change.tenant_number()).unwrap_or_default() {
        working.tell(change.tenant.id(), notice.notice_type.into(), notice.subject, notice.data);
        working.told.push((notice.tenant, notice.id));
    }
    no_resource(change, working)
}

fn no_resource(change: &Change, working: &Working) -> Outcome {
    let record = Record {
        kind: change.kind,
        id: change.id.to_string(),
        position: 0,
        version: 0,
        created_ms: working.now_ms,
        modified_ms: working.now_ms,
        document: Arc::default(),
        groups: Vec::new(),
        members: None,
        member_count: 0,
    };
    Outcome::of(record, Dialect::lenient())
}

impl Fate {
    /// What becomes of the row after one more change.
    fn changed(self) -> Self {
        match self {
            Self::Created => Self::Created,
            Self::Kept | Self::Changed | Self::Deleted => Self::Changed,
        }
    }
}
