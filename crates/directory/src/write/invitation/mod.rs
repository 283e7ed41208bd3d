//! Invitations in a batch: who is to verify an address before being a member, and what operators and the invited do about it.
//!
//! What becomes of an invitation is decided with the change of its user and written in its transaction. Mail is another matter: whoever
//! sends it finds what is due in the table.

mod decide;
mod errand;
mod tables;

pub(super) use decide::Known;
pub(crate) use decide::is_same;
pub(super) use errand::perform;
pub(crate) use errand::{InvitationAnswer, InvitationErrand};
pub(super) use tables::{Sql, accepted, load, rows};

use events::EventType;
use events::normal::{InvitationState, User};
use scim::{MemberReference, Resource, ResourceKind};
use tenancy::Tenant;

use super::Change;
use super::event::{Story, tell};
use super::working::{Held, Working};
use crate::DirectoryError;
use decide::decide;

/// The longest address that mail can have (RFC 5321 section 4.5.3.1.3).
const LONGEST_ADDRESS: usize = 254;

/// Decides what a change of a user is for its invitation. Says where it stood before, and whether it is to be told that the user is invited.
pub(super) fn follow(
    change: &Change,
    before: Option<&Resource>,
    after: &Held,
    working: &mut Working,
) -> (Option<InvitationState>, bool) {
    let place = (change.tenant_number(), change.id);
    let known = working.invitations.get(&place);
    let stood = known.map(|known| known.state);
    if change.kind != ResourceKind::User || change.tenant.profile().invitation().is_none() {
        return (stood, false);
    }
    // Of members nothing is decided any more, so no address is looked for.
    let is_member = known.map_or(before.is_some(), |known| known.state == InvitationState::Accepted);
    if is_member {
        return (stood, false);
    }
    let (is_active, address) = (after.resource.active(), address(change, after));
    let Some(next) = decide(known, before.map(Resource::active), is_active, address.as_deref()) else {
        return (stood, false);
    };
    let is_told = next.is_invited();
    working.reinvite(place, next);
    (stood, is_told)
}

/// Tells that a user is invited, or otherwise what came of its invitation.
pub(super) fn tell_of(
    change: &Change,
    happened: EventType,
    stood: Option<InvitationState>,
    working: &mut Working,
) -> Result<(), DirectoryError> {
    let Some(held) = working.held.get(&(change.tenant_number(), change.id)).cloned() else { return Ok(()) };
    let story = Story {
        tenant: &change.tenant,
        id: change.id,
        actor: &change.actor,
        record: &held.record,
        before: Some(&held.resource),
        after: Some(&held.resource),
        groups_before: None,
        moves: &super::member::Moves::default(),
        password: None,
        replaced: false,
        invitation_before: stood.or_else(|| state_of(change, working)),
        happened: Some(happened),
    };
    tell(&story, working)
}

fn state_of(change: &Change, working: &Working) -> Option<InvitationState> {
    working.invitations.get(&(change.tenant_number(), change.id)).map(|known| known.state)
}

/// Where mail to a user goes: the address that the application is told of, or else a user name that is one.
fn address(change: &Change, held: &Held) -> Option<String> {
    let (user, groups) = (&*held.resource, held.record.groups.as_slice());
    address_of(&told(&change.tenant, &change.id.to_string(), user, groups)?)
}

/// The user as the application is told of it.
pub(crate) fn told(tenant: &Tenant, id: &str, user: &Resource, groups: &[MemberReference]) -> Option<User> {
    User::of(id, user, groups).told(tenant.profile().map(user, groups).as_ref()).ok()
}

/// Where mail to such a user goes.
pub(crate) fn address_of(told: &User) -> Option<String> {
    told.email.iter().chain([&told.user_name]).find(|text| is_address(text)).cloned()
}

/// Nothing in it may be a second address or a second line.
fn is_address(text: &str) -> bool {
    let plain = |letter: char| !letter.is_control() && !letter.is_whitespace() && !",;<>\"()[]\\:".contains(letter);
    let parts: Vec<&str> = text.split('@').collect();
    text.len() <= LONGEST_ADDRESS
        && text.chars().all(plain)
        && matches!(parts.as_slice(), [user, domain] if !user.is_empty() && !domain.is_empty())
}
