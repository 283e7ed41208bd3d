//! The limits of network addresses.

use actix_web::{HttpResponse, get, patch};

use crate::Command;
use crate::api::asked::Asked;
use crate::api::body::Body;
use crate::api::problem::Problem;
use crate::api::rule::Needs;
use crate::api::wishes::LimitsChange;
use crate::api::{reply, shapes};

/// Shows how often one network address may ask.
#[utoipa::path(
    tag = "limits",
    responses((status = 200, body = shapes::Limits)),
    security(("api_key" = ["operator"]))
)]
#[get("/limits")]
pub(in crate::api) async fn show_limits(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.permitted(Needs::Operate)?;
    Ok(reply::ok(&permitted.run(Command::ShowLimits).await?))
}

/// Changes how often one network address may ask, all or none.
///
/// Every server goes by it when the answer is there.
#[utoipa::path(
    tag = "limits",
    request_body = LimitsChange,
    responses((status = 200, body = shapes::Limits)),
    security(("api_key" = ["operator"]))
)]
#[patch("/limits")]
pub(in crate::api) async fn change_limits(asked: Asked, body: Body) -> Result<HttpResponse, Problem> {
    let permitted = asked.permitted(Needs::Operate)?;
    let LimitsChange { limits } = body.read().await?;
    Ok(reply::ok(&permitted.run(Command::ChangeLimits { limits }).await?))
}
