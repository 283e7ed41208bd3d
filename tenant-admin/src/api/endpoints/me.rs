//! Who asks.

use actix_web::{HttpResponse, get};

use crate::api::asked::Asked;
use crate::api::problem::Problem;
use crate::api::{reply, shapes};
use crate::view;

/// Tells which key the request carries, and what it is for.
#[utoipa::path(
    tag = "keys",
    responses((status = 200, body = shapes::ApiKey)),
    security(("api_key" = ["operator", "tenant-admin", "auditor"]))
)]
#[get("/me")]
pub(in crate::api) async fn show_me(asked: Asked) -> Result<HttpResponse, Problem> {
    Ok(reply::ok(&view::api_key(asked.key())))
}
