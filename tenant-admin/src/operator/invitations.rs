//! Invitations: who has accepted, who has not, and other mails.

use std::collections::BTreeSet;

use ::events::normal::InvitationState;
use directory::{Invitation, InvitationRefused, InvitationsPage, MailState};
use serde_json::{Value, json};
use tenancy::{Administered, Tenant};
use uuid::Uuid;

use super::Operator;
use crate::{Answer, Code, Failure, InvitationCommand, Kind, view};

/// The most of one answer.
const MOST: u32 = 1000;

/// What keeps invitations from being sent, of the settings of this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailObstacle {
    /// There is no way out for mail.
    NoServer,
    /// Links would lead to this machine.
    NoPublicUrl,
}

impl MailObstacle {
    const fn name(self) -> &'static str {
        match self {
            Self::NoServer => "waiting-for-mail-settings",
            Self::NoPublicUrl => "waiting-for-public-url",
        }
    }

    /// In words.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NoServer => "no mail server is set (mail.server, mail.from)",
            Self::NoPublicUrl => "it is not set under which URL people reach this server (server.public_url)",
        }
    }
}

impl Operator {
    pub(super) async fn invitation(&self, command: InvitationCommand) -> Result<Answer, Failure> {
        let (tenant, user, what) = match command {
            InvitationCommand::List { tenant, state, after, limit } => {
                return self.list_invitations(&tenant, state.as_deref(), after.as_deref(), limit).await;
            }
            InvitationCommand::ResendAll { tenant } => return self.resend_all(&tenant).await,
            InvitationCommand::Show { tenant, user } => (tenant, user, None),
            InvitationCommand::Resend { tenant, user } => (tenant, user, Some("resent")),
            InvitationCommand::Revoke { tenant, user } => (tenant, user, Some("revoked")),
        };
        let administered = self.tenants.administer(&tenant)?;
        let user = self.user_id(&administered, &user).await?;
        match what {
            Some("resent") => self.directories.resend_invitation(&administered, user).await?,
            Some(_) => self.directories.revoke_invitation(&administered, user).await?,
            None => {}
        }
        if let Some(what) = what {
            let actor = self.tenants.told_actor();
            tracing::info!(tenant.id = tenant, actor = %actor, what, "an invitation was changed");
        }
        let invitation = self.directories.invitation(&administered, user).await?;
        let mut answer = self.shown_invitation(administered.tenant(), &invitation);
        view::add(&mut answer, "tenant", tenant.into());
        Ok(answer)
    }

    /// What is to be known about invitations of a tenant that cannot be sent.
    pub(super) fn warn_of_mail(&self, tenant: &Tenant) -> Option<String> {
        tenant.profile().invitation()?;
        let (name, sentence) = (tenant.name(), self.mail_obstacle?.sentence());
        Some(format!("new users of {name} are invited by mail, and {sentence}: they wait until it is"))
    }

    async fn list_invitations(
        &self,
        tenant: &str,
        state: Option<&str>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Answer, Failure> {
        let administered = self.tenants.administer(tenant)?;
        let after = after.map(|after| after.parse().map_err(|_| no_user(after))).transpose()?;
        let (state, expired) = match state {
            None => (None, None),
            Some("invited") => (Some(InvitationState::Pending), Some(false)),
            Some("expired") => (Some(InvitationState::Pending), Some(true)),
            Some("accepted") => (Some(InvitationState::Accepted), None),
            Some("revoked") => (Some(InvitationState::Revoked), None),
            Some(other) => {
                let sentence = format!("state is invited, expired, accepted or revoked, not \"{other}\"");
                return Err(Failure::new(Code::Invalid, sentence));
            }
        };
        let states = state.map(InvitationState::as_str).into_iter().collect::<BTreeSet<_>>();
        let (now_ms, limit) = (self.now_ms(), limit.clamp(1, MOST));
        let page = InvitationsPage { after, only: None, states, expired, now_ms, limit };
        let found = self.directories.invitations(&administered, &page).await?;
        let invitations: Vec<Value> =
            found.iter().map(|one| self.shown_invitation(administered.tenant(), one)).collect();
        Ok(json!({ "tenant": tenant, "invitations": invitations, "warning": self.warn_of_mail(administered.tenant()) }))
    }

    async fn resend_all(&self, tenant: &str) -> Result<Answer, Failure> {
        let administered = self.tenants.administer(tenant)?;
        let resent = self.directories.resend_invitations(&administered).await?;
        let actor = self.tenants.told_actor();
        tracing::info!(tenant.id = tenant, actor = %actor, resent, "all invitations that were not accepted are sent again");
        Ok(json!({ "tenant": tenant, "resent": resent, "warning": self.warn_of_mail(administered.tenant()) }))
    }

    /// By id, or by `userName`.
    async fn user_id(&self, administered: &Administered, name: &str) -> Result<Uuid, Failure> {
        let shown = self.show_resource(administered.tenant().name(), Kind::User, name).await?;
        let id = shown.get("id").and_then(Value::as_str).unwrap_or_default();
        id.parse().map_err(|_| no_user(name))
    }

    fn shown_invitation(&self, tenant: &Tenant, invitation: &Invitation) -> Value {
        let Invitation { user, user_name, address, .. } = invitation;
        let moment = |moment: Option<i64>| moment.map(view::moment);
        let (mail, problem) = self.mail_of(tenant, &invitation.mail);
        json!({
            "user_id": user,
            "user_name": user_name,
            "address": address,
            "state": state_of(invitation, self.now_ms()),
            "mail": mail,
            "problem": problem,
            "invited": view::moment(invitation.invited_ms),
            "sent": moment(invitation.sent_ms),
            "times_sent": invitation.times_sent,
            "opened": moment(invitation.opened_ms),
            "expires": moment(invitation.expires_ms),
            "accepted": moment(invitation.accepted_ms),
            "accepted_from": invitation.accepted_from,
            "revoked": moment(invitation.revoked_ms),
        })
    }

    /// By the clock that servers share.
    fn now_ms(&self) -> i64 {
        self.tenants.now().unix_timestamp() * 1000
    }

    fn mail_of<'a>(&self, tenant: &Tenant, mail: &'a MailState) -> (&'static str, Option<&'a str>) {
        if matches!(mail, MailState::Due(_)) && tenant.profile().invitation().is_none() {
            return ("switched-off", None);
        }
        match mail {
            MailState::Due(problem) => match self.mail_obstacle {
                Some(obstacle) => (obstacle.name(), None),
                None => ("waiting", problem.as_deref()),
            },
            MailState::Sent => ("sent", None),
            MailState::Failed(problem) => ("failed", Some(problem)),
            MailState::NoAddress => ("waiting-for-an-address", None),
            MailState::None => ("none", None),
        }
    }
}

fn state_of(invitation: &Invitation, now_ms: i64) -> &'static str {
    match invitation.state {
        InvitationState::Pending if invitation.expires_ms.is_some_and(|expires| expires < now_ms) => "expired",
        InvitationState::Pending => "invited",
        InvitationState::Accepted => "accepted",
        InvitationState::Revoked => "revoked",
    }
}

fn no_user(name: &str) -> Failure {
    Failure::new(Code::Invalid, format!("\"{name}\" is the id of no user"))
}

impl From<InvitationRefused> for Failure {
    fn from(refused: InvitationRefused) -> Self {
        match refused {
            InvitationRefused::Directory(error) => error.into(),
            InvitationRefused::None => Self::caused(Code::NotFound, &refused),
            InvitationRefused::Accepted
            | InvitationRefused::NotActive
            | InvitationRefused::NoAddress
            | InvitationRefused::Off => Self::caused(Code::Conflict, &refused),
        }
    }
}
