//! The provisioning log of a tenant.

use actix_web::{HttpResponse, get};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use crate::api::asked::Asked;
use crate::api::page::Paging;
use crate::api::problem::Problem;
use crate::api::rule::Needs;
use crate::api::{failure_shapes as shapes, reply};
use crate::{Command, ListFailures, view};

/// Which part of the log is asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct Wanted {
    /// At most so many, 1 to 200; 50 if nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Those about the user or group of this name, `externalId` or id.
    user: Option<String>,
    /// Those from this moment on.
    #[param(format = DateTime)]
    since: Option<String>,
}

/// Lists what the tenant's identity provider did not get done, the newest first, and why.
#[utoipa::path(
    tag = "failures",
    params(("tenant" = String, Path, description = "Its name"), Wanted),
    responses((status = 200, body = shapes::Failures)),
    security(("api_key" = ["operator", "tenant-admin", "auditor"]))
)]
#[get("/tenants/{tenant}/failures")]
pub(in crate::api) async fn list_failures(asked: Asked) -> Result<HttpResponse, Problem> {
    let permitted = asked.of_tenant(Needs::Read).await?;
    let Wanted { limit, cursor, user, since } = asked.query()?;
    let paging = Paging::of(limit, cursor);
    let (limit, before) = (paging.limit()?, paging.after()?);
    // One more tells whether there is another page.
    let more = u32::try_from(limit).unwrap_or_default().saturating_add(1);
    let command = ListFailures { tenant: permitted.tenant(), user, since, before, limit: more };
    let answer = permitted.run(Command::ListFailures(command)).await?;
    Ok(reply::ok(&page(answer, limit)))
}

/// With the mark of the last one, if there are more.
fn page(mut answer: Value, limit: usize) -> Value {
    let failures = answer.get_mut("failures").and_then(Value::as_array_mut);
    let next = failures.and_then(|failures| {
        let is_more = failures.len() > limit;
        failures.truncate(limit);
        failures.last().filter(|_| is_more).and_then(|last| last.get("id")).and_then(Value::as_str).map(Paging::cursor)
    });
    view::add(&mut answer, "next_cursor", next.into());
    answer
}
