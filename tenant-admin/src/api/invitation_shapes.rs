//! What answers about invitations look like, for the document.
#![expect(dead_code, reason = "these are read by the document alone")]

use utoipa::ToSchema;

/// Who was invited, in the order in which the users were created.
#[derive(ToSchema)]
pub(super) struct Invitations {
    tenant: String,
    invitations: Vec<Invitation>,
    /// What keeps all of them from being sent.
    #[schema(required = true)]
    warning: Option<String>,
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// The invitation of a user.
#[derive(ToSchema)]
pub(super) struct Invitation {
    /// Where one is shown alone.
    #[schema(required = false)]
    tenant: Option<String>,
    user_id: String,
    user_name: String,
    /// Where its mail goes.
    #[schema(required = true)]
    address: Option<String>,
    state: InvitationState,
    mail: InvitationMail,
    /// Why its mail was not taken.
    #[schema(required = true)]
    problem: Option<String>,
    #[schema(format = DateTime)]
    invited: String,
    #[schema(required = true, format = DateTime)]
    sent: Option<String>,
    /// How many mails were sent in all.
    times_sent: i64,
    /// When its link was opened first: by the user, or by a program that looks through mail.
    #[schema(required = true, format = DateTime)]
    opened: Option<String>,
    #[schema(required = true, format = DateTime)]
    expires: Option<String>,
    #[schema(required = true, format = DateTime)]
    accepted: Option<String>,
    /// The network address of whoever accepted.
    #[schema(required = true)]
    accepted_from: Option<String>,
    #[schema(required = true, format = DateTime)]
    revoked: Option<String>,
}

/// Where it stands.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(super) enum InvitationState {
    Invited,
    Expired,
    Accepted,
    Revoked,
}

/// What becomes of its mail.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(super) enum InvitationMail {
    Waiting,
    WaitingForMailSettings,
    WaitingForPublicUrl,
    WaitingForAnAddress,
    SwitchedOff,
    Sent,
    Failed,
    None,
}

/// How many are sent again.
#[derive(ToSchema)]
pub(super) struct Resent {
    tenant: String,
    resent: u64,
    #[schema(required = true)]
    warning: Option<String>,
}
