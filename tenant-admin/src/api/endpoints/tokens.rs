//! The tokens of a tenant and their rotation.

use actix_web::{HttpResponse, get, post};

use crate::Command;
use crate::api::asked::Asked;
use crate::api::body::Body;
use crate::api::page::Paging;
use crate::api::problem::Problem;
use crate::api::rule::Needs;
use crate::api::wishes::{NewToken, Which};
use crate::api::{reply, shapes};

/// Lists the tokens that the tenant has and had, the newest first; never the tokens themselves.
#[utoipa::path(
    tag = "tokens",
    params(("tenant" = String, Path, description = "Its name"), Paging),
    responses((status = 200, body = shapes::Tokens)),
    security(("api_key" = ["operator", "tenant-admin", "auditor"]))
)]
#[get("/tenants/{tenant}/tokens")]
pub(in crate::api) async fn list_tokens(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Read).await?;
    let paging: Paging = asked.query()?;
    let answer = permitted.run(Command::ListTokens { tenant: permitted.tenant() }).await?;
    Ok(reply::ok(&paging.cut(answer, "tokens", "id")?))
}

/// Issues a token.
///
/// It is in the answer this once; what its mode says about the token before it is in force when the answer is there.
/// Repeated with the same Idempotency-Key it answers the same, for ten minutes with the token, and issues no second one.
/// The same key with other wishes is a conflict.
#[utoipa::path(
    tag = "tokens",
    params(
        ("tenant" = String, Path, description = "Its name"),
        ("Idempotency-Key" = Option<String>, Header, description = "A name of this call, such as a UUID")
    ),
    request_body = NewToken,
    responses((status = 201, body = shapes::IssuedToken)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/tokens")]
pub(in crate::api) async fn issue_token(asked: Asked, body: Body) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    let request = asked.idempotency_key()?;
    let wishes: NewToken = body.read_or_default().await?;
    let answer = permitted.run(Command::IssueToken(wishes.command(permitted.tenant(), request))).await?;
    Ok(reply::created(&format!("/tenants/{}/tokens", permitted.tenant())).json(answer))
}

/// Completes a rotation: ends the old token.
///
/// It may be staged, wait for the first use, or overlap. Again, it answers the same; with the same Idempotency-Key it does nothing
/// more, also if a newer rotation is under way by then.
#[utoipa::path(
    tag = "tokens",
    params(
        ("tenant" = String, Path, description = "Its name"),
        ("Idempotency-Key" = Option<String>, Header, description = "A name of this call, such as a UUID")
    ),
    request_body = Option<Which>,
    responses((status = 200, body = shapes::CompletedRotation)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/tokens/complete")]
pub(in crate::api) async fn complete_rotation(asked: Asked, body: Body) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    let request_id = asked.idempotency_key()?;
    let Which { token_id: id } = body.read_or_default().await?;
    let answer = permitted.run(Command::CompleteRotation { tenant: permitted.tenant(), id, request_id }).await?;
    Ok(reply::ok(&answer))
}

/// Cancels a rotation that waits: ends the new token.
///
/// The old one stays. Again, it answers the same; with the same Idempotency-Key it does nothing more, also if a newer rotation is
/// under way by then.
#[utoipa::path(
    tag = "tokens",
    params(
        ("tenant" = String, Path, description = "Its name"),
        ("Idempotency-Key" = Option<String>, Header, description = "A name of this call, such as a UUID")
    ),
    request_body = Option<Which>,
    responses((status = 200, body = shapes::CancelledRotation)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/tokens/cancel")]
pub(in crate::api) async fn cancel_rotation(asked: Asked, body: Body) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    let request_id = asked.idempotency_key()?;
    let Which { token_id: id } = body.read_or_default().await?;
    let answer = permitted.run(Command::CancelRotation { tenant: permitted.tenant(), id, request_id }).await?;
    Ok(reply::ok(&answer))
}

/// Revokes a token, or every valid one.
///
/// They are refused when the answer is there. Again, it answers the same; with the same Idempotency-Key it ends nothing that was
/// issued since.
#[utoipa::path(
    tag = "tokens",
    params(
        ("tenant" = String, Path, description = "Its name"),
        ("Idempotency-Key" = Option<String>, Header, description = "A name of this call, such as a UUID")
    ),
    request_body = Option<Which>,
    responses((status = 200, body = shapes::RevokedTokens)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/tokens/revoke")]
pub(in crate::api) async fn revoke_tokens(asked: Asked, body: Body) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    let request_id = asked.idempotency_key()?;
    let Which { token_id: id } = body.read_or_default().await?;
    let answer = permitted.run(Command::RevokeToken { tenant: permitted.tenant(), id, request_id }).await?;
    Ok(reply::ok(&answer))
}
