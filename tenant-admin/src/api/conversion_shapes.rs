//! What answers about conversions of user names look like, for the document.
#![expect(dead_code, reason = "these are read by the document alone")]

use utoipa::ToSchema;

/// What user names are to be: the e-mail address, or that without its domain.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(super) enum UserNames {
    Email,
    Mailbox,
}

/// What becomes of a conversion.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(super) enum ConversionState {
    Running,
    Paused,
    Done,
    Cancelled,
}

/// How far the conversion of user names is.
#[derive(ToSchema)]
pub(super) struct Conversion {
    tenant: String,
    id: String,
    to: UserNames,
    state: ConversionState,
    /// Each pass looks at every user.
    pass: i64,
    /// How many users there were when it began.
    total: i64,
    /// How many were looked at in this pass.
    looked_at: i64,
    /// How many got another name.
    converted: i64,
    /// How many could not get theirs in this pass.
    skipped: i64,
    #[schema(format = DateTime)]
    started: String,
    #[schema(required = true, format = DateTime)]
    ended: Option<String>,
}

/// What a conversion of user names would do.
#[derive(ToSchema)]
pub(super) struct ConversionPlan {
    tenant: String,
    to: UserNames,
    total: i64,
    to_convert: i64,
    unchanged: i64,
    /// How many users cannot get their new names.
    conflicts: i64,
    /// The first thousand of these.
    conflicting_users: Vec<ConversionConflict>,
}

/// A user that cannot get its new name.
#[derive(ToSchema)]
pub(super) struct ConversionConflict {
    id: String,
    user_name: String,
    #[schema(required = true)]
    new_name: Option<String>,
    /// Another user that is, or would be, called so.
    #[schema(required = true)]
    other_id: Option<String>,
    reason: ConversionObstacle,
}

/// What is in the way.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(super) enum ConversionObstacle {
    NoEmail,
    NameTaken,
}
