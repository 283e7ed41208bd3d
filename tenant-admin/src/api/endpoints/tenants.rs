//! The tenants.

use actix_web::{HttpResponse, delete, get, patch, post};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::IntoParams;

use crate::api::asked::{Asked, Permitted};
use crate::api::body::Body;
use crate::api::page::Paging;
use crate::api::problem::{Problem, Sort};
use crate::api::rule::Needs;
use crate::api::wishes::{NewTenant, TenantChange};
use crate::api::{reply, shapes};
use crate::{Command, view};

/// What the administrator of a tenant may set. How much it may ask, and which tokens it may have, is the operator's to say.
const OF_TENANT_ADMINS: [&str; 7] = [
    "strict",
    "profile_options",
    "administrator",
    "unique_group_names",
    "token_networks",
    "token_contacts",
    "failure_contacts",
];

/// Lists the tenants that the key may see, by name.
#[utoipa::path(
    tag = "tenants",
    params(Paging),
    responses((status = 200, body = shapes::Tenants)),
    security(("api_key" = ["operator", "tenant-admin", "auditor"]))
)]
#[get("/tenants")]
pub(in crate::api) async fn list_tenants(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.permitted(Needs::Read)?;
    let paging: Paging = asked.query()?;
    let (after, limit) = (paging.after()?, paging.limit()?);
    let only = permitted.only().map(str::to_owned);
    let answer = permitted.run(Command::ListSomeTenants { after, limit, only }).await?;
    Ok(reply::ok(&page(answer)))
}

/// Adds a tenant.
///
/// It has no token yet. A name that is taken is a conflict, so that a repeated call makes no second one.
#[utoipa::path(
    tag = "tenants",
    request_body = NewTenant,
    responses((status = 201, body = shapes::Tenant)),
    security(("api_key" = ["operator"]))
)]
#[post("/tenants")]
pub(in crate::api) async fn create_tenant(asked: Asked, body: Body) -> Result<HttpResponse, Problem> {
    let permitted = asked.permitted(Needs::Operate)?;
    asked.without_idempotency_key("the name of the tenant tells; repeated, the call is a conflict")?;
    let NewTenant { name, hosts, settings } = body.read().await?;
    let path = format!("/tenants/{name}");
    let command = Command::CreateTenant { name, hosts, settings, with_token: false, days: None };
    let answer = permitted.run(command).await?;
    Ok(reply::tagged(reply::created(&path), &answer))
}

/// Shows a tenant with its settings and tokens.
#[utoipa::path(
    tag = "tenants",
    params(("tenant" = String, Path, description = "Its name")),
    responses((status = 200, body = shapes::TenantWithTokens)),
    security(("api_key" = ["operator", "tenant-admin", "auditor"]))
)]
#[get("/tenants/{tenant}")]
pub(in crate::api) async fn show_tenant(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Read).await?;
    let answer = permitted.run(Command::ShowTenant { name: permitted.tenant() }).await?;
    Ok(reply::tagged(HttpResponse::Ok(), &answer))
}

/// Changes settings and domain names, all or none.
///
/// With If-Match only if nothing else has changed it since. A tenant-admin may set `strict`, `profile_options`, `administrator`,
/// `unique_group_names`, `token_networks`, `token_contacts` and `failure_contacts`.
#[utoipa::path(
    tag = "tenants",
    params(
        ("tenant" = String, Path, description = "Its name"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the tenant as it was read")
    ),
    request_body = TenantChange,
    responses((status = 200, body = shapes::Tenant)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[patch("/tenants/{tenant}")]
pub(in crate::api) async fn change_tenant(asked: Asked, body: Body) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    let if_version = asked.if_version()?;
    let change: TenantChange = body.read().await?;
    check(&permitted, &change)?;
    let TenantChange { settings, add_hosts, remove_hosts } = change;
    let name = permitted.tenant();
    let answer = permitted.run(Command::ChangeTenant { name, settings, add_hosts, remove_hosts, if_version }).await?;
    Ok(reply::tagged(HttpResponse::Ok(), &answer))
}

/// Lets a tenant's client in again.
#[utoipa::path(
    tag = "tenants",
    params(("tenant" = String, Path, description = "Its name")),
    responses((status = 200, body = shapes::Tenant)),
    security(("api_key" = ["operator"]))
)]
#[post("/tenants/{tenant}/enable")]
pub(in crate::api) async fn enable_tenant(asked: Asked) -> Result<HttpResponse, Problem> {
    switch(&asked, true).await
}

/// Refuses a tenant's client; directory and tokens stay.
#[utoipa::path(
    tag = "tenants",
    params(("tenant" = String, Path, description = "Its name")),
    responses((status = 200, body = shapes::Tenant)),
    security(("api_key" = ["operator"]))
)]
#[post("/tenants/{tenant}/disable")]
pub(in crate::api) async fn disable_tenant(asked: Asked) -> Result<HttpResponse, Problem> {
    switch(&asked, false).await
}

/// That it is meant.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct Confirmation {
    /// The name of the tenant once more.
    #[param(required = true)]
    confirm: Option<String>,
}

/// Deletes a tenant with its users, groups, events, tokens and API keys, for good.
#[utoipa::path(
    tag = "tenants",
    params(("tenant" = String, Path, description = "Its name"), Confirmation),
    responses((status = 200, body = shapes::DeletedTenant)),
    security(("api_key" = ["operator"]))
)]
#[delete("/tenants/{tenant}")]
pub(in crate::api) async fn delete_tenant(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Operate).await?;
    let (name, Confirmation { confirm }) = (permitted.tenant(), asked.query()?);
    if confirm.as_ref() != Some(&name) {
        let detail = format!("deleting \"{name}\" cannot be undone; add ?confirm={name} to do it");
        return Err(Problem::new(Sort::Invalid, detail));
    }
    Ok(reply::ok(&permitted.run(Command::DeleteTenant { name }).await?))
}

async fn switch(asked: &Asked, enabled: bool) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Operate).await?;
    let answer = permitted.run(Command::EnableTenant { name: permitted.tenant(), enabled }).await?;
    Ok(reply::tagged(HttpResponse::Ok(), &answer))
}

/// Refuses what the administrator of a tenant may not change.
fn check(permitted: &Permitted, change: &TenantChange) -> Result<(), Problem> {
    let has_hosts = !change.add_hosts.is_empty() || !change.remove_hosts.is_empty();
    if has_hosts && !permitted.is_operator() {
        return Err(for_operators("a domain name"));
    }
    check_settings(permitted, &change.settings)
}

/// Refuses settings that the administrator of a tenant may not change.
pub(super) fn check_settings(permitted: &Permitted, settings: &Map<String, Value>) -> Result<(), Problem> {
    let foreign = settings.keys().find(|name| !OF_TENANT_ADMINS.contains(&name.as_str()));
    match foreign.filter(|_| !permitted.is_operator()) {
        Some(name) => Err(for_operators(&format!("setting {name}"))),
        None => Ok(()),
    }
}

fn for_operators(what: &str) -> Problem {
    let own = OF_TENANT_ADMINS.join(", ");
    let detail = format!("{what} is for the role operator to change; a tenant-admin may set {own}");
    Problem::new(Sort::Forbidden, detail)
}

/// With the mark of the last tenant, if there are more.
fn page(mut answer: Value) -> Value {
    let last = answer.get("tenants").and_then(Value::as_array).and_then(|tenants| tenants.last());
    let last = last.and_then(|tenant| tenant.get("name")).and_then(Value::as_str).map(Paging::cursor);
    let next = last.filter(|_| answer.get("more") == Some(&Value::Bool(true)));
    if let Some(members) = answer.as_object_mut() {
        members.shift_remove("more");
    }
    view::add(&mut answer, "next_cursor", next.into());
    answer
}
