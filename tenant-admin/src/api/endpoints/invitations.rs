//! Invitations of a tenant's users.

use actix_web::{HttpResponse, get, post};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use crate::api::asked::Asked;
use crate::api::page::Paging;
use crate::api::problem::Problem;
use crate::api::rule::Needs;
use crate::api::{invitation_shapes as shapes, reply};
use crate::{Command, InvitationCommand, view};

/// Which invitations are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct Wanted {
    /// At most so many, 1 to 200; 50 if nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only those in this state: `invited`, `expired`, `accepted` or `revoked`.
    state: Option<String>,
}

/// Lists the tenant's invitations, in the order in which the users were created.
#[utoipa::path(
    tag = "invitations",
    params(("tenant" = String, Path, description = "Its name"), Wanted),
    responses((status = 200, body = shapes::Invitations)),
    security(("api_key" = ["operator", "tenant-admin", "auditor"]))
)]
#[get("/tenants/{tenant}/invitations")]
pub(in crate::api) async fn list_invitations(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Read).await?;
    let Wanted { limit, cursor, state } = asked.query()?;
    let paging = Paging::of(limit, cursor);
    let (limit, after) = (paging.limit()?, paging.after()?);
    // One more tells whether there is another page.
    let more = u32::try_from(limit).unwrap_or_default().saturating_add(1);
    let command = InvitationCommand::List { tenant: permitted.tenant(), state, after, limit: more };
    let answer = permitted.run(Command::Invitation(command)).await?;
    Ok(reply::ok(&page(answer, limit)))
}

/// With the mark of the last one, if there are more.
fn page(mut answer: Value, limit: usize) -> Value {
    let all = answer.get_mut("invitations").and_then(Value::as_array_mut);
    let next = all.and_then(|all| {
        let is_more = all.len() > limit;
        all.truncate(limit);
        all.last().filter(|_| is_more).and_then(|last| last.get("user_id")).and_then(Value::as_str).map(Paging::cursor)
    });
    view::add(&mut answer, "next_cursor", next.into());
    answer
}

/// Shows the invitation of a user.
#[utoipa::path(
    tag = "invitations",
    params(("tenant" = String, Path), ("user" = String, Path, description = "The id or userName")),
    responses((status = 200, body = shapes::Invitation)),
    security(("api_key" = ["operator", "tenant-admin", "auditor"]))
)]
#[get("/tenants/{tenant}/invitations/{user}")]
pub(in crate::api) async fn show_invitation(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Read).await?;
    let command = InvitationCommand::Show { tenant: permitted.tenant(), user: asked.part("user") };
    Ok(reply::ok(&permitted.run(Command::Invitation(command)).await?))
}

/// Sends another mail to a user who has not accepted. The link in the one before is good no more.
#[utoipa::path(
    tag = "invitations",
    params(("tenant" = String, Path), ("user" = String, Path, description = "The id or userName")),
    responses((status = 200, body = shapes::Invitation)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/invitations/{user}/resend")]
pub(in crate::api) async fn resend_invitation(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    asked.without_idempotency_key("each call sends a mail that takes the place of the one before")?;
    let command = InvitationCommand::Resend { tenant: permitted.tenant(), user: asked.part("user") };
    Ok(reply::ok(&permitted.run(Command::Invitation(command)).await?))
}

/// Takes an invitation back: its link is good no more, and no mail is sent.
#[utoipa::path(
    tag = "invitations",
    params(("tenant" = String, Path), ("user" = String, Path, description = "The id or userName")),
    responses((status = 200, body = shapes::Invitation)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/invitations/{user}/revoke")]
pub(in crate::api) async fn revoke_invitation(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    let command = InvitationCommand::Revoke { tenant: permitted.tenant(), user: asked.part("user") };
    Ok(reply::ok(&permitted.run(Command::Invitation(command)).await?))
}

/// Sends another mail to everybody who has not accepted, whether or not their links have ended.
#[utoipa::path(
    tag = "invitations",
    params(("tenant" = String, Path)),
    responses((status = 200, body = shapes::Resent)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/invitations/resend")]
pub(in crate::api) async fn resend_invitations(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    asked.without_idempotency_key("each call sends mails that take the place of those before")?;
    let command = InvitationCommand::ResendAll { tenant: permitted.tenant() };
    Ok(reply::ok(&permitted.run(Command::Invitation(command)).await?))
}
