//! The stores of a tenant: what they are.

use actix_web::{HttpResponse, delete, get, patch, post};
use serde_json::{Map, Value};

use crate::api::asked::{Asked, Permitted};
use crate::api::body::Body;
use crate::api::page::Paging;
use crate::api::problem::{Problem, Sort};
use crate::api::rule::Needs;
use crate::api::wishes::{NewStore, StoreChange};
use crate::api::{reply, shapes};
use crate::{Command, StoreCommand};

/// Lists the kinds of stores there are.
#[utoipa::path(
    tag = "stores",
    responses((status = 200, body = shapes::StoreKinds)),
    security(("api_key" = ["operator", "tenant-admin", "auditor"]))
)]
#[get("/store-kinds")]
pub(in crate::api) async fn list_store_kinds(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.permitted(Needs::Read)?;
    Ok(reply::ok(&permitted.run(Command::Store(StoreCommand::Kinds)).await?))
}

/// Lists the stores of a tenant, by name.
#[utoipa::path(
    tag = "stores",
    params(("tenant" = String, Path, description = "Its name"), Paging),
    responses((status = 200, body = shapes::Stores)),
    security(("api_key" = ["operator", "tenant-admin", "auditor"]))
)]
#[get("/tenants/{tenant}/stores")]
pub(in crate::api) async fn list_stores(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Read).await?;
    let paging: Paging = asked.query()?;
    let answer = permitted.run(Command::Store(StoreCommand::List { tenant: permitted.tenant() })).await?;
    Ok(reply::ok(&paging.cut(answer, "stores", "name")?))
}

/// Adds a store.
///
/// Secrets that are made for it are in the answer this once. A name that is taken is a conflict, so that a repeated call adds no
/// second one. Files on the server, and hashes of passwords, are for an operator to allow.
#[utoipa::path(
    tag = "stores",
    params(("tenant" = String, Path, description = "Its name")),
    request_body = NewStore,
    responses((status = 201, body = shapes::AddedStore)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/stores")]
pub(in crate::api) async fn add_store(asked: Asked, body: Body) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    asked.without_idempotency_key("the name of the store tells; repeated, the call is a conflict")?;
    let wanted: NewStore = body.read().await?;
    if wanted.kind == "file" {
        check(&permitted, true, "a store of the kind file")?;
    }
    check_settings(&permitted, &wanted.settings)?;
    let tenant = permitted.tenant();
    let path = format!("/tenants/{tenant}/stores/{}", wanted.name);
    let answer = permitted.run(Command::Store(wanted.command(tenant))).await?;
    Ok(reply::tagged(reply::created(&path), &answer))
}

/// Shows a store, and how far it has come.
#[utoipa::path(
    tag = "stores",
    params(("tenant" = String, Path, description = "Its name"), ("store" = String, Path, description = "Its name")),
    responses((status = 200, body = shapes::Store)),
    security(("api_key" = ["operator", "tenant-admin", "auditor"]))
)]
#[get("/tenants/{tenant}/stores/{store}")]
pub(in crate::api) async fn show_store(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Read).await?;
    let command = StoreCommand::Show { tenant: permitted.tenant(), name: asked.part("store") };
    let answer = permitted.run(Command::Store(command)).await?;
    Ok(reply::tagged(HttpResponse::Ok(), &answer))
}

/// Changes settings and options of a store, all or none, and tries it at once.
///
/// With If-Match only if nothing else has changed it since. Files on the server, and hashes of passwords, are for an operator to
/// allow.
#[utoipa::path(
    tag = "stores",
    params(
        ("tenant" = String, Path, description = "Its name"),
        ("store" = String, Path, description = "Its name"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the store as it was read")
    ),
    request_body = StoreChange,
    responses((status = 200, body = shapes::Store)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[patch("/tenants/{tenant}/stores/{store}")]
pub(in crate::api) async fn change_store(asked: Asked, body: Body) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    let if_version = asked.if_version()?;
    let StoreChange { settings } = body.read().await?;
    check_settings(&permitted, &settings)?;
    let leads_elsewhere = settings.keys().any(|name| !OPTIONS.contains(&name.as_str()));
    check_of_hashes(&permitted, &asked.part("store"), leads_elsewhere).await?;
    let command = StoreCommand::Set { tenant: permitted.tenant(), name: asked.part("store"), settings, if_version };
    let answer = permitted.run(Command::Store(command)).await?;
    Ok(reply::tagged(HttpResponse::Ok(), &answer))
}

/// Removes a store with its position and dead letters; what it has is left as it is.
#[utoipa::path(
    tag = "stores",
    params(("tenant" = String, Path, description = "Its name"), ("store" = String, Path, description = "Its name")),
    responses((status = 200, body = shapes::DeletedStore)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[delete("/tenants/{tenant}/stores/{store}")]
pub(in crate::api) async fn delete_store(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    let command = StoreCommand::Delete { tenant: permitted.tenant(), name: asked.part("store") };
    Ok(reply::ok(&permitted.run(Command::Store(command)).await?))
}

/// What says neither where a store is nor who is believed to be there.
const OPTIONS: [&str; 7] =
    ["types", "attributes", "password_hash", "batch", "retry_seconds", "give_up_hours", "exhausted"];

/// Leaves it to the operator where the hashes of passwords go that the operator has allowed.
pub(super) async fn check_of_hashes(permitted: &Permitted, store: &str, is_wanted: bool) -> Result<(), Problem> {
    if permitted.is_operator() || !is_wanted {
        return Ok(());
    }
    let show = StoreCommand::Show { tenant: permitted.tenant(), name: store.to_owned() };
    let shown = permitted.run(Command::Store(show)).await?;
    let has_hashes = shown.pointer("/options/password_hash").and_then(Value::as_bool).unwrap_or_default();
    check(permitted, has_hashes, "where a store is that gets hashes of passwords")
}

/// Refuses what the administrator of a tenant may not set.
fn check_settings(permitted: &Permitted, settings: &Map<String, Value>) -> Result<(), Problem> {
    let hashes =
        settings.get("password_hash").is_some_and(|wanted| !matches!(wanted, Value::Null | Value::Bool(false)));
    check(permitted, hashes, "a store that gets hashes of passwords")?;
    let url = settings.get("url").and_then(Value::as_str).unwrap_or_default();
    check(permitted, url.trim_start().to_ascii_lowercase().starts_with("sqlite"), "a store in a file of SQLite")
}

fn check(permitted: &Permitted, is_wanted: bool, what: &str) -> Result<(), Problem> {
    if permitted.is_operator() || !is_wanted {
        return Ok(());
    }
    Err(Problem::new(Sort::Forbidden, format!("{what} is for the role operator to set up")))
}
