//! Writing events, inside the transaction of the change they tell.

use database::rows::{Column, source};
use sea_orm::DbBackend;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::NewEvent;

const COLUMNS: [(&str, Column); 7] = [
    ("tenant_id", Column::Integer),
    ("sequence", Column::Integer),
    ("id", Column::Uuid),
    ("type", Column::Text),
    ("subject", Column::Text),
    ("time", Column::Integer),
    ("data", Column::Text),
];

/// The statement that appends [`rows`], inside the transaction of the changes they tell. It needs no row of another
/// table, so it may be part of a larger statement.
#[must_use]
pub fn insertion(backend: DbBackend) -> String {
    format!(
        "INSERT INTO events (tenant_id, sequence, id, type, subject, time, data) \
         SELECT k.tenant_id, k.sequence, k.id, k.type, k.subject, k.time, k.data FROM {}",
        source(backend, 1, "k", &COLUMNS)
    )
}

/// The rows of events whose numbers the caller has taken under the lock of their tenant's directory.
#[must_use]
pub fn rows(events: &[NewEvent]) -> Vec<Value> {
    events.iter().map(row).collect()
}

fn row(event: &NewEvent) -> Value {
    json!({
        "tenant_id": event.tenant.as_i64(),
        "sequence": event.sequence,
        "id": Uuid::now_v7(),
        "type": event.event_type.as_str(),
        "subject": event.subject,
        "time": event.time_ms,
        "data": event.data,
    })
}
