//! What operators ask about invitations, and have done.

use std::collections::{BTreeSet, HashMap};

use events::normal::InvitationState;
use futures::future::join_all;
use tenancy::Administered;
use uuid::Uuid;

use super::table::{self, Invitation, InvitationsPage, MailState};
use crate::write::{Action, InvitationAnswer, InvitationErrand};
use crate::{Directories, Directory, DirectoryError};

/// How many are sent anew at once: they share commits.
const STEP: u32 = 64;

/// Why nothing was done about an invitation.
#[derive(Clone, Debug, thiserror::Error)]
pub enum InvitationRefused {
    /// There is none.
    #[error("this user was not invited")]
    None,
    /// It is too late.
    #[error("this user has accepted the invitation already")]
    Accepted,
    /// The user is not active.
    #[error("this user is not active; who is made active by the identity provider is invited again")]
    NotActive,
    /// There is no address.
    #[error("this user has no e-mail address to write to; it is invited when the identity provider sends one")]
    NoAddress,
    /// The tenant invites nobody now.
    #[error(
        "invitations of this tenant are switched off: who was invited counts as a member; see profile and profile_options"
    )]
    Off,
    /// The directory failed.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl Directories {
    /// Some of a tenant's invitations, in the order in which their users were created.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn invitations(
        &self,
        tenant: &Administered,
        page: &InvitationsPage,
    ) -> Result<Vec<Invitation>, DirectoryError> {
        Ok(table::list(self.database(), tenant.tenant().id().as_i64(), page).await?)
    }

    /// The invitation of one user.
    ///
    /// # Errors
    /// [`InvitationRefused::None`], or if the database fails.
    pub async fn invitation(&self, tenant: &Administered, user: Uuid) -> Result<Invitation, InvitationRefused> {
        let page = InvitationsPage { only: Some(user), limit: 1, ..InvitationsPage::default() };
        self.invitations(tenant, &page).await?.into_iter().next().ok_or(InvitationRefused::None)
    }

    /// Has another mail sent to a user, also to one whose invitation was taken back. The link of the one before is good no more.
    ///
    /// # Errors
    /// [`InvitationRefused`]
    pub async fn resend_invitation(&self, tenant: &Administered, user: Uuid) -> Result<(), InvitationRefused> {
        let done = self.do_with_invitation(tenant, user, InvitationErrand::Resend { revoked_too: true }).await?;
        done.checked()
    }

    /// The same for everybody who has not accepted, and whose invitation was not taken back. Whose first mail is about to be sent gets
    /// that one. Says how many they are.
    ///
    /// # Errors
    /// [`InvitationRefused::Off`], or if the database fails; then it was done for some.
    pub async fn resend_invitations(&self, tenant: &Administered) -> Result<u64, InvitationRefused> {
        if tenant.tenant().profile().invitation().is_none() {
            return Err(InvitationRefused::Off);
        }
        let mut page = InvitationsPage {
            states: BTreeSet::from([InvitationState::Pending.as_str()]),
            limit: STEP,
            ..InvitationsPage::default()
        };
        let mut count = 0;
        loop {
            let some = self.invitations(tenant, &page).await?;
            let Some(last) = some.last() else { return Ok(count) };
            page.after = Some(last.user);
            let errand = InvitationErrand::Resend { revoked_too: false };
            let is_first =
                |invitation: &&Invitation| invitation.times_sent == 0 && invitation.mail == MailState::Due(None);
            let wanted = some.iter().filter(|invitation| !is_first(invitation));
            let all = wanted.map(|invitation| self.do_with_invitation(tenant, invitation.user, errand));
            for answer in join_all(all).await {
                count += u64::from(answer? == InvitationAnswer::Done);
            }
        }
    }

    /// Takes an invitation back: its link is good no more.
    ///
    /// # Errors
    /// [`InvitationRefused`]
    pub async fn revoke_invitation(&self, tenant: &Administered, user: Uuid) -> Result<(), InvitationRefused> {
        self.do_with_invitation(tenant, user, InvitationErrand::Revoke).await?.checked()
    }

    pub(super) async fn do_with_invitation(
        &self,
        tenant: &Administered,
        user: Uuid,
        errand: InvitationErrand,
    ) -> Result<InvitationAnswer, DirectoryError> {
        let outcome = self.administered(tenant).write_user(user, Action::Invitation(errand)).await?;
        Ok(outcome.invitation.unwrap_or(InvitationAnswer::NotInvited))
    }
}

impl Directory {
    /// Where those of these users stand that were invited. Nobody, where the tenant invites nobody now.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn invitation_states(&self, users: &[Uuid]) -> Result<HashMap<Uuid, InvitationState>, DirectoryError> {
        if self.tenant.profile().invitation().is_none() {
            return Ok(HashMap::new());
        }
        Ok(table::states(&self.all.database, self.tenant.id().as_i64(), users).await?)
    }
}

impl InvitationAnswer {
    fn checked(self) -> Result<(), InvitationRefused> {
        match self {
            Self::Done => Ok(()),
            Self::Accepted => Err(InvitationRefused::Accepted),
            Self::NotActive => Err(InvitationRefused::NotActive),
            Self::NoAddress => Err(InvitationRefused::NoAddress),
            Self::Off => Err(InvitationRefused::Off),
            Self::NotInvited | Self::Expired | Self::Void => Err(InvitationRefused::None),
        }
    }
}
