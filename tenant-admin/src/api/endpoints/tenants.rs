//! The tenants.

use actix_web::{HttpResponse, get};

use crate::Command;
use crate::api::asked::Asked;
use crate::api::problem::Problem;
use crate::api::rule::Needs;
use crate::api::{reply, shapes};

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
    Ok(reply::ok(&permitted.run(Command::ShowTenant { name: permitted.tenant() }).await?))
}
