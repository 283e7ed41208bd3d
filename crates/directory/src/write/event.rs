//! The `data` of an event: the resource after the change, what changed, and who did it.

use events::normal::InvitationState;
use events::{Attributed, EventType};
use profile::Mapped;
use scim::{MemberReference, Resource, ResourceKind};
use serde::Serialize;
use tenancy::{Administrator, CredentialId, Tenant};
use uuid::Uuid;

use super::administrator;
use super::breaker::{Sort, Turn};
use super::member::Moves;
use super::working::{Known, MemberName, Working};
use crate::password::Set;
use crate::{Actor, DirectoryError, Record};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<Group<'a>>,
    created: i64,
    modified: i64,
    version: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changed: Vec<Changed>,
    /// What the client changed, where the application is told of something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    provisioned: Option<Vec<Changed>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<MembersMoved<'a>>,
    client: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oauth_client: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    administrator: Option<Attributed>,
    request_id: &'a str,
    /// A PUT, and not a PATCH.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    replaced: bool,
    /// What the tenant's application is told in place of what was provisioned.
    #[serde(skip_serializing_if = "Option::is_none")]
    mapped: Option<Mapped>,
    /// Where a user stands that was invited.
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<InvitationState>,
}

#[derive(Serialize)]
struct Group<'a> {
    value: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<&'a str>,
}

#[derive(Clone, Serialize)]
struct Changed {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<serde_json::Value>,
}

#[derive(Serialize)]
struct MembersMoved<'a> {
    added: Vec<Member<'a>>,
    removed: Vec<Member<'a>>,
}

#[derive(Serialize)]
struct Member<'a> {
    value: Uuid,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<&'a str>,
}

/// What an event tells of.
pub(super) struct Story<'a> {
    pub(super) tenant: &'a Tenant,
    pub(super) id: Uuid,
    pub(super) actor: &'a Actor,
    pub(super) record: &'a Record,
    pub(super) before: Option<&'a Resource>,
    pub(super) after: Option<&'a Resource>,
    /// The groups that a user was in, if they are others now.
    pub(super) groups_before: Option<&'a [MemberReference]>,
    pub(super) moves: &'a Moves,
    pub(super) password: Option<&'a Set>,
    /// Whether the resource was sent whole.
    pub(super) replaced: bool,
    /// Where the user's invitation stood before.
    pub(super) invitation_before: Option<InvitationState>,
    /// What happened, if that is something else than a change of the resource.
    pub(super) happened: Option<EventType>,
}

/// Gives the change its number, type and text.
pub(super) fn tell(story: &Story<'_>, working: &mut Working) -> Result<(), DirectoryError> {
    let (token, oauth_client) = match story.actor.credential {
        Some(CredentialId::Token(id)) => (Some(id.to_string()), None),
        Some(CredentialId::Client(id)) => (None, Some(id.to_string())),
        None => (None, None),
    };
    let mapped = mapped(story, story.after.or(story.before), &story.record.groups);
    let invitation = invitation(story, working);
    let (changed, provisioned) = changed(story, mapped.as_ref(), working);
    let (changed, provisioned) = with_invitation(story, invitation, (changed, provisioned));
    let groups = story.record.groups.iter();
    let data = Data {
        groups: groups.map(|group| Group { value: &group.id, display: group.display.as_deref() }).collect(),
        created: story.record.created_ms,
        modified: story.record.modified_ms,
        version: story.record.version,
        changed,
        provisioned,
        members: members(story, working),
        client: story.actor.client,
        token,
        oauth_client,
        administrator: attributed(story),
        request_id: &story.actor.request_id,
        replaced: story.replaced,
        mapped,
        invitation,
    };
    // The document is JSON already: it is put in as it is, before the first member of the rest.
    let rest = serde_json::to_string(&data)?;
    let data = ["{\"resource\":", &story.record.document, ",", rest.strip_prefix('{').unwrap_or_default()].concat();
    let subject = format!("{}s/{}", story.record.kind.name(), story.record.id);
    let sequence = working.tell(story.tenant.id(), story.happened.unwrap_or_else(|| event_type(story)), subject, data);
    if let Some(sort) = turn(story) {
        let (tenant, user, actor) = (story.tenant.id(), story.id, story.actor);
        let (client, request_id) = (actor.client, actor.request_id.clone());
        let new_at = story.before.is_none().then_some(story.record.position);
        working.turns.push(Turn { tenant, user, sort, new_at, first: sequence, sequence, client, request_id });
    }
    if let Some(hash) = story.password.and_then(|set| set.hash.clone()) {
        working.password_hashes.push((story.tenant.id(), sequence, hash));
    }
    administrator::look(story, working);
    Ok(())
}

/// To whom the application attributes what a client has changed; what an operator has changed is the operator's.
fn attributed(story: &Story<'_>) -> Option<Attributed> {
    let Administrator { name, user, .. } = story.tenant.settings().administrator.as_ref()?;
    story.actor.credential?;
    Some(Attributed { name: name.clone(), id: user.clone() })
}

/// What the application is told of a user in place of what its client provisioned.
fn mapped(story: &Story<'_>, user: Option<&Resource>, groups: &[MemberReference]) -> Option<Mapped> {
    match story.record.kind {
        ResourceKind::User => story.tenant.profile().map(user?, groups),
        ResourceKind::Group => None,
    }
}

/// Attributes whose values changed; a new or deleted resource is told whole instead. Of a password there is no value to tell. Where the
/// application is told of something else than was provisioned, that, and then what was provisioned.
fn changed(story: &Story<'_>, told: Option<&Mapped>, working: &Working) -> (Vec<Changed>, Option<Vec<Changed>>) {
    let password = story.password.map(|_| Changed { path: "password".to_owned(), old: None, new: None });
    if story.before.is_none() || story.after.is_none() {
        return (password.into_iter().collect(), None);
    }
    let changes = scim::changes(story.before, story.after).into_iter();
    let changes = changes.map(|change| Changed { path: change.path, old: change.old, new: change.new });
    let provisioned: Vec<Changed> = changes.chain(renamed(story, working)).chain(password).collect();
    let groups = story.groups_before.unwrap_or(&story.record.groups);
    match told.and_then(|now| Some((mapped(story, story.before, groups)?, now))) {
        Some((before, now)) => (told_changes(&provisioned, &before, now), Some(provisioned)),
        None => (provisioned, None),
    }
}

/// Where a user stands now that was invited; nowhere, if the tenant invites nobody now.
fn invitation(story: &Story<'_>, working: &Working) -> Option<InvitationState> {
    story.tenant.profile().invitation()?;
    let known = working.invitations.get(&(story.tenant.id().as_i64(), story.id))?;
    (story.record.kind == ResourceKind::User).then_some(known.state)
}

/// With what became of the invitation, of which nothing was provisioned.
fn with_invitation(
    story: &Story<'_>,
    now: Option<InvitationState>,
    (mut changed, provisioned): (Vec<Changed>, Option<Vec<Changed>>),
) -> (Vec<Changed>, Option<Vec<Changed>>) {
    let before = story.invitation_before;
    if now.is_none() || before == now || story.before.is_none() || story.after.is_none() {
        return (changed, provisioned);
    }
    let provisioned = provisioned.unwrap_or_else(|| changed.clone());
    let told = |state: Option<InvitationState>| state.map(|state| state.as_str().into());
    changed.push(Changed { path: "invitation".to_owned(), old: told(before), new: told(now) });
    (changed, Some(provisioned))
}

/// What no rule fills is told as it was provisioned, and what a rule fills as it is filled.
fn told_changes(provisioned: &[Changed], before: &Mapped, now: &Mapped) -> Vec<Changed> {
    let is_told = |change: &&Changed| now.tells(&change.path) && !now.fills(&change.path);
    let mapped = Mapped::changes(before, now).into_iter().map(|(path, old, new)| Changed { path, old, new });
    provisioned.iter().filter(is_told).cloned().chain(mapped).collect()
}

/// The members that stay under another name that the client gave them.
fn renamed(story: &Story<'_>, working: &Working) -> Vec<Changed> {
    let Some(names) = working.members.get(&(story.tenant.id().as_i64(), story.id)) else { return Vec::new() };
    let renamed = story.moves.rows.iter().filter_map(|(id, row)| Some((id, names.get(id)?, row.as_ref()?)));
    let changed = |(id, old, new): (&Uuid, &MemberName, &MemberName)| Changed {
        path: format!("members[value eq \"{id}\"].display"),
        old: old.clone().map(Into::into),
        new: new.clone().map(Into::into),
    };
    renamed.map(changed).collect()
}

fn members<'a>(story: &Story<'_>, working: &'a Working) -> Option<MembersMoved<'a>> {
    let member = |id: &Uuid| {
        let known: Option<&Known> = working.known.get(&(story.tenant.id().as_i64(), *id));
        Member {
            value: *id,
            kind: known.map(|known| known.kind.name()),
            display: known.and_then(|known| known.display.as_deref()),
        }
    };
    let moves = story.moves;
    (!moves.added.is_empty() || !moves.removed.is_empty()).then(|| MembersMoved {
        added: moves.added.iter().map(member).collect(),
        removed: moves.removed.iter().map(member).collect(),
    })
}

/// Whether a user is new, or is active who was not, or has ended.
fn turn(story: &Story<'_>) -> Option<Sort> {
    if story.record.kind != ResourceKind::User {
        return None;
    }
    let was_active = story.before.is_some_and(Resource::active);
    match story.after.map(Resource::active) {
        None => Some(Sort::Ends { was_active }),
        Some(false) if was_active => Some(Sort::Ends { was_active }),
        Some(true) if !was_active => Some(Sort::Begins),
        // A new user that is not active yet.
        Some(_) if story.before.is_none() => Some(Sort::Rests),
        Some(_) => None,
    }
}

fn event_type(story: &Story<'_>) -> EventType {
    match (story.record.kind, story.before, story.after) {
        (ResourceKind::User, None, _) => EventType::UserCreated,
        (ResourceKind::User, _, None) => EventType::UserDeleted,
        (ResourceKind::User, Some(before), Some(after)) => match (before.active(), after.active()) {
            (true, false) => EventType::UserDeactivated,
            (false, true) => EventType::UserActivated,
            _ => EventType::UserUpdated,
        },
        (ResourceKind::Group, None, _) => EventType::GroupCreated,
        (ResourceKind::Group, _, None) => EventType::GroupDeleted,
        (ResourceKind::Group, Some(before), Some(after)) if before == after => {
            match (story.moves.added.is_empty(), story.moves.removed.is_empty()) {
                (false, true) => EventType::GroupMemberAdded,
                (true, false) => EventType::GroupMemberRemoved,
                _ => EventType::GroupUpdated,
            }
        }
        (ResourceKind::Group, ..) => EventType::GroupUpdated,
    }
}
