//! Giving all users of a tenant other names.

use actix_web::{HttpResponse, get, post};

use crate::api::asked::Asked;
use crate::api::body::Body;
use crate::api::problem::Problem;
use crate::api::rule::Needs;
use crate::api::wishes::NewConversion;
use crate::api::{conversion_shapes as shapes, reply};
use crate::{Command, ConversionCommand};

/// Shows how far the last conversion of user names is.
#[utoipa::path(
    tag = "user-conversion",
    params(("tenant" = String, Path)),
    responses((status = 200, body = shapes::Conversion)),
    security(("api_key" = ["operator", "tenant-admin", "auditor"]))
)]
#[get("/tenants/{tenant}/user-conversion")]
pub(in crate::api) async fn show_user_conversion(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Read).await?;
    let command = ConversionCommand::Status { tenant: permitted.tenant() };
    Ok(reply::ok(&permitted.run(Command::Conversion(command)).await?))
}

/// Tells what it would do to convert all user names, and which users are in the way. Nothing is changed.
#[utoipa::path(
    tag = "user-conversion",
    params(("tenant" = String, Path)),
    request_body = NewConversion,
    responses((status = 200, body = shapes::ConversionPlan)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/user-conversion/plan")]
pub(in crate::api) async fn plan_user_conversion(asked: Asked, body: Body) -> Result<HttpResponse, Problem> {
    convert(asked, body, true).await
}

/// Begins to convert all user names, in small steps, while clients go on.
///
/// While users are in the way it is a conflict, unless `skip_conflicts` is true: then these keep their names. It is a conflict, too,
/// while another one is under way.
#[utoipa::path(
    tag = "user-conversion",
    params(("tenant" = String, Path)),
    request_body = NewConversion,
    responses((status = 200, body = shapes::Conversion)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/user-conversion")]
pub(in crate::api) async fn begin_user_conversion(asked: Asked, body: Body) -> Result<HttpResponse, Problem> {
    convert(asked, body, false).await
}

async fn convert(asked: Asked, body: Body, dry_run: bool) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    asked.without_idempotency_key("while one is under way, another one is a conflict")?;
    let NewConversion { to, skip_conflicts } = body.read().await?;
    let command = ConversionCommand::Convert { tenant: permitted.tenant(), to, dry_run, skip_conflicts };
    Ok(reply::ok(&permitted.run(Command::Conversion(command)).await?))
}

/// Lets the conversion rest.
#[utoipa::path(
    tag = "user-conversion",
    params(("tenant" = String, Path)),
    responses((status = 200, body = shapes::Conversion)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/user-conversion/pause")]
pub(in crate::api) async fn pause_user_conversion(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    let command = ConversionCommand::Pause { tenant: permitted.tenant() };
    Ok(reply::ok(&permitted.run(Command::Conversion(command)).await?))
}

/// Goes on with the conversion where it was.
#[utoipa::path(
    tag = "user-conversion",
    params(("tenant" = String, Path)),
    responses((status = 200, body = shapes::Conversion)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/user-conversion/resume")]
pub(in crate::api) async fn resume_user_conversion(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    let command = ConversionCommand::Resume { tenant: permitted.tenant() };
    Ok(reply::ok(&permitted.run(Command::Conversion(command)).await?))
}

/// Breaks the conversion off. What was converted stays.
#[utoipa::path(
    tag = "user-conversion",
    params(("tenant" = String, Path)),
    responses((status = 200, body = shapes::Conversion)),
    security(("api_key" = ["operator", "tenant-admin"]))
)]
#[post("/tenants/{tenant}/user-conversion/cancel")]
pub(in crate::api) async fn cancel_user_conversion(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Manage).await?;
    let command = ConversionCommand::Cancel { tenant: permitted.tenant() };
    Ok(reply::ok(&permitted.run(Command::Conversion(command)).await?))
}
