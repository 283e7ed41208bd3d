//! Writing events, inside the transaction of the change they tell.

use database::rows::{Column, Named, Rows, source};
use sea_orm::DbBackend;
use tenancy::TenantId;
use uuid::Uuid;

use crate::EventType;

/// An event on its way into the log.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Whose directory changed.
    pub tenant: TenantId,
    /// Its number: one more than the tenant's last.
    pub sequence: i64,
    /// What happened.
    pub event_type: EventType,
    /// What it is about: `Users/{id}`, `Groups/{id}`, `Tokens/{id}` or `OauthClients/{id}`.
    pub subject: String,
    /// When, in milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// The JSON text of `data`.
    pub data: String,
}

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
