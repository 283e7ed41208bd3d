//! The provisioning log: what clients did not get, and why.

use journal::{Logged, Page};
use serde_json::{Value, json};
use tenancy::Administered;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Operator;
use crate::{Answer, Code, Failure, Kind, ListFailures, view};

/// The most of one answer.
const MOST: u32 = 1000;

impl Operator {
    pub(super) async fn list_failures(&self, wanted: ListFailures) -> Result<Answer, Failure> {
        let ListFailures { tenant, user, since, before, limit } = wanted;
        let administered = self.tenants.administer(&tenant)?;
        let journal =
            self.journal.as_ref().ok_or_else(|| Failure::new(Code::Failed, "there is no provisioning log here"))?;
        let page = Page {
            before: before.map(|id| id.parse().map_err(|_| no_id(&id))).transpose()?,
            since_ms: since.map(|since| milliseconds(&since)).transpose()?,
            about_id: self.id_of(&administered, user.as_deref()).await?,
            about: user,
            limit: limit.clamp(1, MOST),
        };
        let logged = journal.list(&administered, &page).await;
        let logged = logged.map_err(|error| Failure::caused(Code::Unavailable, &error))?;
        Ok(json!({ "tenant": tenant, "failures": logged.iter().map(shown).collect::<Vec<_>>() }))
    }

    /// The id of the user or group of this name. Where there is none, or are several, the name alone counts.
    async fn id_of(&self, tenant: &Administered, name: Option<&str>) -> Result<Option<String>, Failure> {
        let Some(name) = name else { return Ok(None) };
        for kind in [Kind::User, Kind::Group] {
            match self.show_resource(tenant.tenant().name(), kind, name).await {
                Ok(found) => return Ok(found.get("id").and_then(Value::as_str).map(str::to_owned)),
                Err(Failure { code: Code::NotFound | Code::Conflict | Code::Invalid, .. }) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(None)
    }
}

fn no_id(id: &str) -> Failure {
    Failure::new(Code::Invalid, format!("\"{id}\" is the id of no failure"))
}

fn milliseconds(since: &str) -> Result<i64, Failure> {
    let moment = OffsetDateTime::parse(since, &Rfc3339).map_err(|_| {
        Failure::new(Code::Invalid, format!("\"{since}\" is not a moment such as 2026-11-27T20:00:00Z"))
    })?;
    Ok(i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX))
}

fn shown(failure: &Logged) -> Value {
    let named = &failure.named;
    json!({
        "id": failure.id,
        "time": view::moment(failure.time_ms),
        "request_id": failure.request_id,
        "client": failure.client,
        "operation": failure.operation,
        "resource_type": failure.resource_type,
        "user_name": named.user_name,
        "display_name": named.display_name,
        "external_id": named.external_id,
        "resource_id": named.id,
        "status": failure.status,
        "scim_type": failure.scim_type,
        "administrator": failure.administrator,
        "detail": failure.detail,
        "hint": failure.hint,
        "times": failure.times,
    })
}
