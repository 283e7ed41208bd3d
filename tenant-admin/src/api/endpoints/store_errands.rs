//! The stores of a tenant: what is done with them.

use actix_web::{HttpResponse, get, post};
use serde_json::Value;

use super::stores::check_of_hashes;
use crate::api::asked::Asked;
use crate::api::body::Body;
use crate::api::page::Paging;
use crate::api::problem::{Problem, Sort};
use crate::api::rule::Needs;
use crate::api::wishes::{Letter, Part};
use crate::api::{reply, shapes};
use crate::{Command, StoreCommand, view};

/// Does one thing with a store.
macro_rules! errand {
    ($(#[doc = $doc:literal])+ $name:ident, $path:literal, $command:ident, $shape:ty) => {
        $(#[doc = $doc])+
        #[utoipa::path(
            tag = "stores",
            params(("tenant" = String, Path, description = "Its name"), ("store" = String, Path, description = "Its name")),
            responses((status = 200, body = $shape)),
            security(("api_key" = ["operator", "tenant-admin"]))
        )]
        #[post($path)]
        pub(in crate::api) async fn $name(asked: Asked) -> Result<HttpResponse, Problem> {
            let permitted = asked.of_tenant(Needs::Manage).await?;
            let command = StoreCommand::$command { tenant: permitted.tenant(), name: asked.part("store") };
            Ok(reply::ok(&permitted.run(Command::Store(command)).await?))
        }
    };
}

errand!(
    /// Stops feeding a store; its events wait. Again, it answers the same.
    pause_store, "/tenants/{tenant}/stores/{store}/pause", Pause, shapes::Store
);
errand!(
    /// Feeds a store again, at once. Again, it answers the same.
    resume_store, "/tenants/{tenant}/stores/{store}/resume", Resume, shapes::Store
);
errand!(
    /// Tries a store now that is to be tried later.
    retry_store, "/tenants/{tenant}/stores/{store}/retry", Retry, shapes::Store
);
errand!(
    /// Has a snapshot of all users and groups brought to a store, and then what comes.
    rebuild_store, "/tenants/{tenant}/stores/{store}/rebuild", Rebuild, shapes::Store
);
errand!(
    /// Asks a store whether it could take events now, and why not.
    test_store, "/tenants/{tenant}/stores/{store}/test", Test, shapes::TestedStore
);

/// Gives a store that fetches its events a new token, which is in the answer this once; the one before ends.
///
/// Whoever is not told the answer issues another one.
#[utoipa::path(
    tag = "stores",
    params(("tenant" = String, Path, description = "Its name"), ("store" = String, Path, description = "Its name")),
    responses((status = 200, body = shapes::StoreToken)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/stores/{store}/token")]
pub(in crate::api) async fn issue_store_token(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    asked.without_idempotency_key("each call issues another token, and the last one is valid")?;
    check_of_hashes(&permitted, &asked.part("store"), true).await?;
    let command = StoreCommand::IssueToken { tenant: permitted.tenant(), name: asked.part("store") };
    Ok(reply::ok(&permitted.run(Command::Store(command)).await?))
}

/// Has a part of the log brought to a store again.
#[utoipa::path(
    tag = "stores",
    params(("tenant" = String, Path, description = "Its name"), ("store" = String, Path, description = "Its name")),
    request_body = Part,
    responses((status = 200, body = shapes::ReplayedStore)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/stores/{store}/replay")]
pub(in crate::api) async fn replay_store(asked: Asked, body: Body) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    let Part { from, since, to } = body.read().await?;
    let command = StoreCommand::Replay { tenant: permitted.tenant(), name: asked.part("store"), from, since, to };
    Ok(reply::ok(&permitted.run(Command::Store(command)).await?))
}

/// Lists events that a store did not take, in order.
#[utoipa::path(
    tag = "stores",
    params(
        ("tenant" = String, Path, description = "Its name"),
        ("store" = String, Path, description = "Its name"),
        Paging
    ),
    responses((status = 200, body = shapes::DeadLetters)),
    security(("api_key" = ["operator", "tenant-admin", "auditor"]))
)]
#[get("/tenants/{tenant}/stores/{store}/dead-letters")]
pub(in crate::api) async fn list_dead_letters(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Read).await?;
    let paging: Paging = asked.query()?;
    let after = match paging.after()?.map(|mark| mark.parse()) {
        None => 0,
        Some(Ok(after)) => after,
        Some(Err(_)) => {
            let detail = "this cursor is of no page of this list; begin again without one";
            return Err(Problem::new(Sort::Invalid, detail));
        }
    };
    let limit = paging.limit()?;
    // One more tells whether there is another page.
    let more = u32::try_from(limit).unwrap_or_default().saturating_add(1);
    let (tenant, name) = (permitted.tenant(), asked.part("store"));
    let answer = permitted.run(Command::Store(StoreCommand::DeadLetters { tenant, name, after, limit: more })).await?;
    Ok(reply::ok(&page(answer, limit)))
}

/// Has dead letters brought again: one, or all of the store. They come after newer events.
#[utoipa::path(
    tag = "stores",
    params(("tenant" = String, Path, description = "Its name"), ("store" = String, Path, description = "Its name")),
    request_body = Option<Letter>,
    responses((status = 200, body = shapes::RetriedLetters)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/stores/{store}/dead-letters/retry")]
pub(in crate::api) async fn retry_dead_letters(asked: Asked, body: Body) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    let Letter { sequence } = body.read_or_default().await?;
    let command = StoreCommand::RetryDeadLetters { tenant: permitted.tenant(), name: asked.part("store"), sequence };
    Ok(reply::ok(&permitted.run(Command::Store(command)).await?))
}

/// Forgets dead letters: one, or all of the store. The store never gets them.
#[utoipa::path(
    tag = "stores",
    params(("tenant" = String, Path, description = "Its name"), ("store" = String, Path, description = "Its name")),
    request_body = Option<Letter>,
    responses((status = 200, body = shapes::DiscardedLetters)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/stores/{store}/dead-letters/discard")]
pub(in crate::api) async fn discard_dead_letters(asked: Asked, body: Body) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    let Letter { sequence } = body.read_or_default().await?;
    let command = StoreCommand::DiscardDeadLetters { tenant: permitted.tenant(), name: asked.part("store"), sequence };
    Ok(reply::ok(&permitted.run(Command::Store(command)).await?))
}

/// With the mark of the last dead letter, if there are more.
fn page(mut answer: Value, limit: usize) -> Value {
    let letters = answer.get_mut("dead_letters").and_then(Value::as_array_mut);
    let next = letters.and_then(|letters| {
        let is_more = letters.len() > limit;
        letters.truncate(limit);
        letters.last().filter(|_| is_more).and_then(|last| last.get("sequence")).and_then(Value::as_i64)
    });
    view::add(&mut answer, "next_cursor", next.map(|last| Paging::cursor(&last.to_string())).into());
    answer
}
