//! What the invited and operators do with an invitation, in its turn among the changes of the directory.

use std::net::IpAddr;

use events::EventType;
use events::normal::InvitationState;
use journal::{Failure, Named, Operation};
use scim::{Dialect, ResourceKind};
use uuid::Uuid;

use super::decide::{Known, is_same};
use super::{address, tell_of};
use crate::DirectoryError;
use crate::write::working::{Fate, Held, Working};
use crate::write::{Change, Outcome};

/// What is to be done with the invitation of a user.
#[derive(Clone, Copy, Debug)]
pub(crate) enum InvitationErrand {
    /// Somebody who holds its link accepts it.
    Accept {
        /// What the link names.
        nonce: Uuid,
        /// Until when the link is good.
        expires_ms: i64,
        /// From where.
        sender: IpAddr,
        /// When, by the clock that servers share.
        now_ms: i64,
    },
    /// Another mail takes the place of the one before.
    Resend {
        /// Also if it was taken back.
        revoked_too: bool,
    },
    /// Its link is good no more.
    Revoke,
    /// A mail is about to go to an address that is the user's no more, or to a user who is not active.
    CatchUp,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InvitationAnswer {
    /// It is done.
    Done,
    /// The user has accepted before.
    Accepted,
    /// The link has ended.
    Expired,
    /// The link is none of a present invitation.
    Void,
    /// The user was not invited, or is not there.
    NotInvited,
    /// The user is not active.
    NotActive,
    /// There is no address to write to.
    NoAddress,
    /// The tenant invites nobody now.
    Off,
}

/// Does it, and tells it.
pub(in crate::write) fn perform(
    change: &Change,
    errand: InvitationErrand,
    working: &mut Working,
) -> Result<Option<Outcome>, DirectoryError> {
    let place = (change.tenant_number(), change.id);
    let is_there = |held: &&Held| held.record.kind == ResourceKind::User && held.fate != Fate::Deleted;
    let Some(held) = working.held.get(&place).filter(is_there).cloned() else { return Ok(None) };
    let Some(known) = working.invitations.get(&place).cloned() else { return Ok(None) };
    let answer = match errand {
        _ if change.tenant.profile().invitation().is_none() => InvitationAnswer::Off,
        InvitationErrand::Accept { nonce, .. } if known.nonce != Some(nonce) => InvitationAnswer::Void,
        InvitationErrand::Accept { expires_ms, now_ms, sender, .. } => {
            let is_over = known.expires_ms.unwrap_or(expires_ms).min(expires_ms) < now_ms;
            accept(change, (&held, known), (is_over, sender), working)?
        }
        InvitationErrand::Resend { revoked_too } => resend(change, (&held, &known), revoked_too, working)?,
        InvitationErrand::Revoke => revoke(change, &known, working)?,
        InvitationErrand::CatchUp if known.state != InvitationState::Pending => InvitationAnswer::Void,
        InvitationErrand::CatchUp => catch_up(change, (&held, &known), working)?,
    };
    Ok(Some(Outcome { invitation: Some(answer), ..Outcome::of(held.record, Dialect::lenient()) }))
}

fn accept(
    change: &Change,
    (held, known): (&Held, Known),
    (is_over, sender): (bool, IpAddr),
    working: &mut Working,
) -> Result<InvitationAnswer, DirectoryError> {
    let is_active = held.resource.active();
    match known.state {
        InvitationState::Accepted if is_active => return Ok(InvitationAnswer::Accepted),
        InvitationState::Accepted | InvitationState::Revoked => return Ok(InvitationAnswer::Void),
        InvitationState::Pending
            if !is_active || !is_same(known.address.as_deref(), address(change, held).as_deref()) =>
        {
            return catch_up(change, (held, &known), working);
        }
        InvitationState::Pending if is_over => return Ok(InvitationAnswer::Expired),
        InvitationState::Pending => {}
    }
    let place = (change.tenant_number(), change.id);
    working.accepted.push((place, sender.to_string()));
    working.audits.push(audit(change, held, sender, working.now_ms));
    working.invitations.insert(place, Known { state: InvitationState::Accepted, ..known });
    tell_of(change, EventType::UserVerified, Some(InvitationState::Pending), working)?;
    Ok(InvitationAnswer::Done)
}

/// The user has changed where nobody was invited, or by a server that knew of no invitations: what would have come of it then comes of
/// it now. The link verifies an address that is not the user's, or a user who is not to be one.
fn catch_up(
    change: &Change,
    (held, known): (&Held, &Known),
    working: &mut Working,
) -> Result<InvitationAnswer, DirectoryError> {
    if held.resource.active() {
        let next = Known::anew(InvitationState::Pending, address(change, held));
        let is_told = next.is_invited();
        working.reinvite((change.tenant_number(), change.id), next);
        if is_told {
            tell_of(change, EventType::UserInvited, Some(known.state), working)?;
        }
    } else {
        revoke(change, known, working)?;
    }
    Ok(InvitationAnswer::Void)
}

fn resend(
    change: &Change,
    (held, known): (&Held, &Known),
    revoked_too: bool,
    working: &mut Working,
) -> Result<InvitationAnswer, DirectoryError> {
    let place = (change.tenant_number(), change.id);
    match known.state {
        InvitationState::Accepted => return Ok(InvitationAnswer::Accepted),
        InvitationState::Revoked if !revoked_too => return Ok(InvitationAnswer::Void),
        _ if !held.resource.active() => return Ok(InvitationAnswer::NotActive),
        _ => {}
    }
    let next = Known::anew(InvitationState::Pending, address(change, held));
    if !next.is_invited() {
        return Ok(InvitationAnswer::NoAddress);
    }
    working.reinvite(place, next);
    tell_of(change, EventType::UserInvited, Some(known.state), working)?;
    Ok(InvitationAnswer::Done)
}

fn revoke(change: &Change, known: &Known, working: &mut Working) -> Result<InvitationAnswer, DirectoryError> {
    match known.state {
        InvitationState::Accepted => return Ok(InvitationAnswer::Accepted),
        InvitationState::Revoked => return Ok(InvitationAnswer::Done),
        InvitationState::Pending => {}
    }
    let next = Known::anew(InvitationState::Revoked, known.address.clone());
    working.reinvite((change.tenant_number(), change.id), next);
    tell_of(change, EventType::UserInvitationRevoked, Some(known.state), working)?;
    Ok(InvitationAnswer::Done)
}

/// Who accepted, when and from where, for the provisioning log.
fn audit(change: &Change, held: &Held, sender: IpAddr, time_ms: i64) -> Failure {
    let text = |text: Option<&str>| text.map(str::to_owned);
    Failure {
        tenant: change.tenant_number(),
        time_ms,
        request_id: change.actor.request_id.clone(),
        client: change.actor.client,
        operation: Operation::AcceptInvitation,
        resource_type: Some("User"),
        named: Named {
            user_name: text(held.resource.user_name()),
            display_name: None,
            external_id: text(held.resource.external_id()),
            id: Some(held.record.id.clone()),
        },
        status: 200,
        scim_type: None,
        administrator: None,
        detail: format!("the invitation was accepted, from {sender}; the address is verified"),
    }
}
