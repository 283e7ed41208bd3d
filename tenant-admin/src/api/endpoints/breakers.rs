//! The breaker of a tenant.

use actix_web::{HttpResponse, get, patch, post};

use crate::api::asked::Asked;
use crate::api::body::Body;
use crate::api::problem::Problem;
use crate::api::rule::Needs;
use crate::api::wishes::{BreakerChange, ExpectedUsers};
use crate::api::{breaker_shapes as shapes, reply};
use crate::{BreakerCommand, Command};

/// Shows the breaker of a tenant: its settings, what it does, and what it holds.
#[utoipa::path(
    tag = "breaker",
    params(("tenant" = String, Path)),
    responses((status = 200, body = shapes::Breaker)),
    security(("api_key" = ["operator", "tenant-admin", "auditor"]))
)]
#[get("/tenants/{tenant}/breaker")]
pub(in crate::api) async fn show_breaker(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Read).await?;
    let command = BreakerCommand::Show { tenant: asked.part("tenant") };
    Ok(reply::ok(&permitted.run(Command::Breaker(command)).await?))
}

/// Changes settings of the breaker, all or none.
///
/// Every server counts by them from the next change of the directory on. What is held stays held.
#[utoipa::path(
    tag = "breaker",
    params(("tenant" = String, Path)),
    request_body = BreakerChange,
    responses((status = 200, body = shapes::Breaker)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[patch("/tenants/{tenant}/breaker")]
pub(in crate::api) async fn change_breaker(asked: Asked, body: Body) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    let BreakerChange { settings } = body.read().await?;
    let command = BreakerCommand::Set { tenant: asked.part("tenant"), settings };
    Ok(reply::ok(&permitted.run(Command::Breaker(command)).await?))
}

/// Lets so many new users come without counting them, such as for a first synchronization.
#[utoipa::path(
    tag = "breaker",
    params(("tenant" = String, Path)),
    request_body = ExpectedUsers,
    responses((status = 200, body = shapes::Breaker)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/breaker/expect")]
pub(in crate::api) async fn expect_users(asked: Asked, body: Body) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    let ExpectedUsers { users, hours } = body.read().await?;
    let (tenant, seconds) = (asked.part("tenant"), u64::from(hours) * 60 * 60);
    let command = BreakerCommand::Expect { tenant, users, seconds };
    Ok(reply::ok(&permitted.run(Command::Breaker(command)).await?))
}

/// Has everything brought to the stores that is held, in order.
///
/// The breaker counts anew. Asked again, it does nothing, and `released` is zero.
#[utoipa::path(
    tag = "breaker",
    params(("tenant" = String, Path)),
    responses((status = 200, body = shapes::ReleasedBreaker)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/breaker/release")]
pub(in crate::api) async fn release_breaker(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    let command = BreakerCommand::Release { tenant: asked.part("tenant") };
    Ok(reply::ok(&permitted.run(Command::Breaker(command)).await?))
}

/// Has what is held brought to the stores without the ends of users.
///
/// No store gets the deactivations and deletions that are held, nor what else is told of such a user until he is active again, nor
/// anything of users that are new and not active now. The breaker counts anew. Asked again, it does nothing, and `discarded` is zero.
#[utoipa::path(
    tag = "breaker",
    params(("tenant" = String, Path)),
    responses((status = 200, body = shapes::DiscardedBreaker)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/breaker/discard")]
pub(in crate::api) async fn discard_breaker(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    let command = BreakerCommand::Discard { tenant: asked.part("tenant") };
    Ok(reply::ok(&permitted.run(Command::Breaker(command)).await?))
}
