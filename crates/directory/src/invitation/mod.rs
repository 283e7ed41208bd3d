//! Invitations outside of changes: what the invited see, what operators ask, and what is due to be sent.
//!
//! What changes one is a change of the directory like any other (`write::invitation`), so it has its place among them and its event.

mod addressee;
mod control;
mod letters;
mod table;

pub use addressee::Addressee;
pub use control::InvitationRefused;
pub use letters::{DueLetter, Letter, Undelivered};
pub use table::{Invitation, InvitationsPage, MailState};

use std::net::IpAddr;

use events::normal::InvitationState;
use tenancy::Invited;

use crate::write::{Action, InvitationAnswer, InvitationErrand, is_same};
use crate::{Actor, Directories, Directory, DirectoryError, Work};

/// What one who holds a link is shown, or told after accepting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// It can be accepted.
    Open,
    /// It is accepted: with this link.
    Accepted,
    /// It has ended.
    Expired,
    /// It is good for nothing: another mail took the place of its own, it was taken back, the user is not active or has another address
    /// now, nobody is invited now, or nobody knows it.
    Void,
}

/// What one who holds a link can do.
#[derive(Debug)]
pub struct Invitee {
    invited: Invited,
    directory: Directory,
}

impl Directories {
    /// What the holder of a link can do; it is told as the actor's.
    #[must_use]
    pub fn invited(&self, invited: &Invited, actor: Actor) -> Invitee {
        Invitee { invited: invited.clone(), directory: self.directory(invited.tenant(), actor) }
    }
}

impl Invitee {
    /// What the link is good for, at this moment by the clock that servers share. Nothing is accepted by that: programs that look for harm in mails open every link.
    ///
    /// # Errors
    /// [`DirectoryError`]
    pub async fn look(&self, now_ms: i64) -> Result<LinkState, DirectoryError> {
        let Directory { tenant, all, .. } = &self.directory;
        let link = self.invited.link();
        if tenant.profile().invitation().is_none() {
            return Ok(LinkState::Void);
        }
        let looked = async { Ok(table::look(&all.database, tenant.id().as_i64(), link, now_ms).await?) };
        let Some(looked) = all.within((tenant, Work::Read), looked).await? else { return Ok(LinkState::Void) };
        let Addressee::Active { address, .. } = Addressee::find(&self.directory, link.user).await? else {
            return Ok(LinkState::Void);
        };
        Ok(match looked.state {
            InvitationState::Accepted => LinkState::Accepted,
            InvitationState::Revoked => LinkState::Void,
            InvitationState::Pending if !is_same(looked.address.as_deref(), address.as_deref()) => LinkState::Void,
            InvitationState::Pending if looked.expires_ms.min(link.expires_ms) < now_ms => LinkState::Expired,
            InvitationState::Pending => LinkState::Open,
        })
    }

    /// Accepts: from now on the user is a member. Once more, it changes nothing.
    ///
    /// # Errors
    /// [`DirectoryError`]
    pub async fn accept(&self, sender: IpAddr, now_ms: i64) -> Result<LinkState, DirectoryError> {
        let link = self.invited.link();
        let errand = InvitationErrand::Accept { nonce: link.nonce, expires_ms: link.expires_ms, sender, now_ms };
        let outcome = self.directory.write_user(link.user, Action::Invitation(errand)).await?;
        Ok(match outcome.invitation {
            Some(InvitationAnswer::Done | InvitationAnswer::Accepted) => LinkState::Accepted,
            Some(InvitationAnswer::Expired) => LinkState::Expired,
            _ => LinkState::Void,
        })
    }
}
