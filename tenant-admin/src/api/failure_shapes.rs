//! What answers about failures look like, for the document.
#![expect(dead_code, reason = "these are read by the document alone")]

use utoipa::ToSchema;

/// What an identity provider did not get done, the newest first.
#[derive(ToSchema)]
pub(super) struct Failures {
    tenant: String,
    failures: Vec<Failure>,
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// A request, or an operation of a bulk request, that was not done.
#[derive(ToSchema)]
pub(super) struct Failure {
    id: String,
    #[schema(format = DateTime)]
    time: String,
    /// What the identity provider was told in `X-Request-Id`.
    request_id: String,
    /// The short name of the client.
    #[schema(example = "entra")]
    client: String,
    operation: Operation,
    /// `User` or `Group`, if it was about one sort.
    #[schema(required = true)]
    resource_type: Option<String>,
    #[schema(required = true)]
    user_name: Option<String>,
    #[schema(required = true)]
    display_name: Option<String>,
    #[schema(required = true)]
    external_id: Option<String>,
    #[schema(required = true)]
    resource_id: Option<String>,
    status: i64,
    #[schema(required = true)]
    scim_type: Option<String>,
    /// To whom what the client changes was attributed then.
    #[schema(required = true)]
    administrator: Option<String>,
    /// The sentence that the identity provider was told.
    detail: String,
    /// What an administrator can do about it.
    #[schema(required = true)]
    hint: Option<String>,
    /// How often it happened within a second.
    times: i64,
}

/// What was to be done.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(super) enum Operation {
    Create,
    Replace,
    Patch,
    Delete,
    Read,
    Search,
    Bulk,
    Authenticate,
    /// An invited user has accepted: it was done, with status 200.
    #[schema(rename = "accept_invitation")]
    AcceptInvitation,
    Other,
}
