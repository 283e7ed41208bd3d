//! The OAuth clients of a tenant.

use actix_web::{HttpResponse, delete, get, post};

use crate::api::asked::Asked;
use crate::api::body::Body;
use crate::api::page::Paging;
use crate::api::problem::Problem;
use crate::api::rule::Needs;
use crate::api::wishes::NewOauthClient;
use crate::api::{reply, shapes};
use crate::{Command, OauthCommand};

/// Lists the OAuth clients, by name, with their valid secrets; never the secrets themselves.
#[utoipa::path(
    tag = "OAuth clients",
    params(("tenant" = String, Path, description = "Its name"), Paging),
    responses((status = 200, body = shapes::OauthClients)),
    security(("api_key" = ["operator", "tenant-admin", "auditor"]))
)]
#[get("/tenants/{tenant}/oauth-clients")]
pub(in crate::api) async fn list_oauth_clients(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Read).await?;
    let paging: Paging = asked.query()?;
    let answer = permitted.run(Command::Oauth(OauthCommand::ListClients { tenant: permitted.tenant() })).await?;
    Ok(reply::ok(&paging.cut(answer, "clients", "client_id")?))
}

/// Adds an OAuth client.
///
/// It has no secret yet; with an issuer it needs none. A name that is taken is a conflict, so that a repeated call makes no
/// second one.
#[utoipa::path(
    tag = "OAuth clients",
    params(("tenant" = String, Path, description = "Its name")),
    request_body = NewOauthClient,
    responses((status = 201, body = shapes::OauthClientOfTenant)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/oauth-clients")]
pub(in crate::api) async fn create_oauth_client(asked: Asked, body: Body) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    asked.without_idempotency_key("the name of the client tells; repeated, the call is a conflict")?;
    let wishes: NewOauthClient = body.read().await?;
    let command = OauthCommand::CreateClient(wishes.command(permitted.tenant()));
    let answer = permitted.run(Command::Oauth(command)).await?;
    let id = answer.get("client_id").and_then(serde_json::Value::as_str).unwrap_or_default();
    Ok(reply::created(&format!("/tenants/{}/oauth-clients/{id}", permitted.tenant())).json(&answer))
}

/// Shows an OAuth client.
#[utoipa::path(
    tag = "OAuth clients",
    params(("tenant" = String, Path, description = "Its name"), ("client" = String, Path, description = "Its id")),
    responses((status = 200, body = shapes::OauthClientOfTenant)),
    security(("api_key" = ["operator", "tenant-admin", "auditor"]))
)]
#[get("/tenants/{tenant}/oauth-clients/{client}")]
pub(in crate::api) async fn show_oauth_client(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Read).await?;
    let command = OauthCommand::ShowClient { tenant: permitted.tenant(), client: asked.part("client") };
    Ok(reply::ok(&permitted.run(Command::Oauth(command)).await?))
}

/// Lets an OAuth client in again.
#[utoipa::path(
    tag = "OAuth clients",
    params(("tenant" = String, Path, description = "Its name"), ("client" = String, Path, description = "Its id")),
    responses((status = 200, body = shapes::OauthClientOfTenant)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/oauth-clients/{client}/enable")]
pub(in crate::api) async fn enable_oauth_client(asked: Asked) -> Result<HttpResponse, Problem> {
    switch(&asked, true).await
}

/// Refuses an OAuth client and its access tokens from now on.
#[utoipa::path(
    tag = "OAuth clients",
    params(("tenant" = String, Path, description = "Its name"), ("client" = String, Path, description = "Its id")),
    responses((status = 200, body = shapes::OauthClientOfTenant)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/oauth-clients/{client}/disable")]
pub(in crate::api) async fn disable_oauth_client(asked: Asked) -> Result<HttpResponse, Problem> {
    switch(&asked, false).await
}

/// Deletes an OAuth client with its secrets; its access tokens are refused from now on.
#[utoipa::path(
    tag = "OAuth clients",
    params(("tenant" = String, Path, description = "Its name"), ("client" = String, Path, description = "Its id")),
    responses((status = 200, body = shapes::DeletedOauthClient)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[delete("/tenants/{tenant}/oauth-clients/{client}")]
pub(in crate::api) async fn delete_oauth_client(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    let command = OauthCommand::DeleteClient { tenant: permitted.tenant(), client: asked.part("client") };
    Ok(reply::ok(&permitted.run(Command::Oauth(command)).await?))
}

async fn switch(asked: &Asked, enabled: bool) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    let command = OauthCommand::EnableClient { tenant: permitted.tenant(), client: asked.part("client"), enabled };
    Ok(reply::ok(&permitted.run(Command::Oauth(command)).await?))
}
