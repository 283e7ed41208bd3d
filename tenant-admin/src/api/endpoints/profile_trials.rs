//! What a change of a tenant's profile would do: nothing is changed.

use actix_web::{HttpResponse, post};

use super::tenants::check_settings;
use crate::api::asked::{Asked, Permitted};
use crate::api::body::Body;
use crate::api::problem::{Problem, Sort};
use crate::api::rule::Needs;
use crate::api::wishes::{ProfilePreview, ProfileTrial};
use crate::api::{profile_shapes as shapes, reply};
use crate::{Command, ProfileChange, ProfileCommand};

/// Shows what the application is told of one user, as things are and as they would be.
///
/// The user is one of the directory, or one that a client would send. Settings are those that the tenant would have, as far as the
/// caller may change them; only an operator can give the text of a profile.
#[utoipa::path(
    tag = "profiles",
    params(("tenant" = String, Path)),
    request_body = ProfilePreview,
    responses((status = 200, body = shapes::ProfilePreviewed)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/profile/preview")]
pub(in crate::api) async fn preview_profile(asked: Asked, body: Body) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    let ProfilePreview { settings, text, user, request } = body.read().await?;
    let change = change(&permitted, settings, text)?;
    let command = ProfileCommand::Preview { change, user, request };
    Ok(reply::ok(&permitted.run(Command::Profile(command)).await?))
}

/// Counts what a change would be for the users of a tenant, 500 of them at a time, in the order of their ids.
///
/// `next` is the `after` of the next step; where it is null all have been looked at. Users who would be called like another one by the
/// application are counted in the first step, all of them.
#[utoipa::path(
    tag = "profiles",
    params(("tenant" = String, Path)),
    request_body = ProfileTrial,
    responses((status = 200, body = shapes::ProfileTried)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/profile/try")]
pub(in crate::api) async fn try_profile(asked: Asked, body: Body) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    let ProfileTrial { settings, text, after } = body.read().await?;
    let command = ProfileCommand::TryOut { change: change(&permitted, settings, text)?, after };
    Ok(reply::ok(&permitted.run(Command::Profile(command)).await?))
}

fn change(
    permitted: &Permitted,
    settings: serde_json::Map<String, serde_json::Value>,
    text: Option<String>,
) -> Result<ProfileChange, Problem> {
    if text.is_some() && !permitted.is_operator() {
        let detail = "the text of a profile is for operators; a tenant tries other settings of the profile it has";
        return Err(Problem::new(Sort::Forbidden, detail));
    }
    check_settings(permitted, &settings)?;
    Ok(ProfileChange { tenant: permitted.tenant(), settings, text, file: None })
}
