//! The secrets of an OAuth client.

use actix_web::{HttpResponse, get, post};

use crate::api::asked::Asked;
use crate::api::body::Body;
use crate::api::page::Paging;
use crate::api::problem::Problem;
use crate::api::rule::Needs;
use crate::api::wishes::NewOauthSecret;
use crate::api::{reply, shapes};
use crate::{Command, OauthCommand};

/// Lists the secrets that a client has and had, the newest first; never the secrets themselves.
#[utoipa::path(
    tag = "OAuth clients",
    params(("tenant" = String, Path, description = "Its name"), ("client" = String, Path, description = "Its id"), Paging),
    responses((status = 200, body = shapes::OauthSecrets)),
    security(("api_key" = ["operator", "tenant-admin", "auditor"]))
)]
#[get("/tenants/{tenant}/oauth-clients/{client}/secrets")]
pub(in crate::api) async fn list_oauth_secrets(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Read).await?;
    let paging: Paging = asked.query()?;
    let command = OauthCommand::ListSecrets { tenant: permitted.tenant(), client: asked.part("client") };
    let answer = permitted.run(Command::Oauth(command)).await?;
    Ok(reply::ok(&paging.cut(answer, "secrets", "secret_id")?))
}

/// Issues a secret beside those that are valid.
///
/// It is in the answer this once. Whoever is not told the answer issues another one, and revokes the one that the list has
/// and nobody knows.
#[utoipa::path(
    tag = "OAuth clients",
    params(("tenant" = String, Path, description = "Its name"), ("client" = String, Path, description = "Its id")),
    request_body = Option<NewOauthSecret>,
    responses((status = 201, body = shapes::IssuedOauthSecret)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/oauth-clients/{client}/secrets")]
pub(in crate::api) async fn issue_oauth_secret(asked: Asked, body: Body) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    asked.without_idempotency_key(
        "secrets stand beside each other; issue another one, and revoke the one that was lost",
    )?;
    let NewOauthSecret { days } = body.read_or_default().await?;
    let (tenant, client) = (permitted.tenant(), asked.part("client"));
    let path = format!("/tenants/{tenant}/oauth-clients/{client}/secrets");
    let answer = permitted.run(Command::Oauth(OauthCommand::IssueSecret { tenant, client, days })).await?;
    Ok(reply::created(&path).json(answer))
}

/// Revokes a secret, and the access tokens that were got with it.
///
/// Again, it answers the same.
#[utoipa::path(
    tag = "OAuth clients",
    params(
        ("tenant" = String, Path, description = "Its name"),
        ("client" = String, Path, description = "Its id"),
        ("secret" = String, Path, description = "The secret's id")
    ),
    responses((status = 200, body = shapes::RevokedOauthSecret)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/oauth-clients/{client}/secrets/{secret}/revoke")]
pub(in crate::api) async fn revoke_oauth_secret(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    let (client, secret) = (asked.part("client"), asked.part("secret"));
    let command = OauthCommand::RevokeSecret { tenant: permitted.tenant(), client, secret };
    Ok(reply::ok(&permitted.run(Command::Oauth(command)).await?))
}
