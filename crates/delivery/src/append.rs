//! Writing events, inside the transaction of the change they tell.

use database::rows::{Column, Named, Rows, source};
use sea_orm::DbBackend;
use uuid::Uuid;

use crate::NewEvent;

const COLUMNS: [Named; 7] = [
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

/// The rows of events whose numbers the caller has taken.
#[must_use]
pub fn rows(events: Vec<NewEvent>) -> Rows {
    let row = |event: NewEvent| {
        [
            event.tenant.as_i64().into(),
            event.sequence.into(),
            Uuid::now_v7().into(),
            event.event_type.as_str().into(),
            event.subject.into(),
            event.time_ms.into(),
            event.data.into(),
        ]
    };
    Rows::collect(&COLUMNS, events.into_iter().map(row))
}
