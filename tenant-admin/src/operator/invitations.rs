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

/// What is said where there is no way out for mail.
const NO_MAIL: &str = "waiting-for-mail-settings";

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
        let waits = tenant.profile().invitation().is_some() && !self.has_mail;
        waits.then(|| {
            let name = tenant.name();
            format!("new users of {name} are invited by mail, and no mail server is set (mail.server, mail.from): they wait until one is")
        })
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
        match mail {
            MailState::Due(_) if !self.has_mail => (NO_MAIL, None),
            MailState::Due(_) if tenant.profile().invitation().is_none() => ("switched-off", None),
            MailState::Due(problem) => ("waiting", problem.as_deref()),
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
            InvitationRefused::Accepted | InvitationRefused::NotActive | InvitationRefused::NoAddress => {
                Self::caused(Code::Conflict, &refused)
            }
        }
    }
}
