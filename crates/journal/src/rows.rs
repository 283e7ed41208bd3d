//! The columns of the table, and the values of statements.

use std::time::{SystemTime, UNIX_EPOCH};

use database::rows::Column::{Integer, OptionalText, Text, Uuid as UuidColumn};
use database::rows::{Cell, Named, Rows};
use sea_orm::DbBackend;
use uuid::{Builder, Uuid};

use crate::Failure;
use crate::merge::Merged;

pub(crate) const COLUMNS: [Named; 17] = [
    ("tenant_id", Integer),
    ("id", UuidColumn),
    ("time_ms", Integer),
    ("request_id", Text),
    ("client", Text),
    ("operation", Text),
    ("resource_type", OptionalText),
    ("name_key", OptionalText),
    ("user_name", OptionalText),
    ("display_name", OptionalText),
    ("external_id", OptionalText),
    ("resource_id", OptionalText),
    ("status", Integer),
    ("scim_type", OptionalText),
    ("detail", Text),
    ("times", Integer),
    ("administrator", OptionalText),
];

/// What is noted, as rows.
#[must_use]
pub fn rows(noted: Vec<Failure>) -> Rows {
    Rows::collect(&COLUMNS, noted.into_iter().map(|failure| row(Merged { failure: failure.shortened(), times: 1 })))
}

/// A failure as a row, numbered by the moment at which it is written.
pub(crate) fn row(Merged { failure, times }: Merged) -> [Cell; 17] {
    let name_key = failure.named.key();
    let named = failure.named;
    [
        failure.tenant.into(),
        Uuid::now_v7().into(),
        failure.time_ms.into(),
        failure.request_id.into(),
        failure.client.into(),
        failure.operation.as_str().into(),
        failure.resource_type.into(),
        name_key.into(),
        named.user_name.into(),
        named.display_name.into(),
        named.external_id.into(),
        named.id.into(),
        i64::from(failure.status).into(),
        failure.scim_type.into(),
        failure.detail.into(),
        times.into(),
        failure.administrator.into(),
    ]
}

/// A parameter that is an id in the writing of the table; it is bound as text.
pub(crate) fn id(backend: DbBackend, parameter: usize) -> String {
    if backend == DbBackend::Postgres { format!("CAST(${parameter} AS uuid)") } else { format!("${parameter}") }
}

/// Milliseconds since 1970 UTC.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Before the id of everything that is written from a moment on, and after everything before.
pub(crate) fn first_id(at_ms: i64) -> Uuid {
    Builder::from_unix_timestamp_millis(u64::try_from(at_ms).unwrap_or_default(), &[0; 10]).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_the_order_of_moments() {
        let now = now_ms();
        let id = Uuid::now_v7();
        assert!(first_id(now - 1) < id && id < first_id(now + 60_000), "{id}");
        assert!(first_id(now).to_string() < first_id(now + 1).to_string(), "also as texts");
    }
}
