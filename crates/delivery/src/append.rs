//! Writing events, inside the transaction of the change they tell.

use database::rows::{Column, source};
use sea_orm::{ConnectionTrait, DbErr, Statement};
use serde_json::json;
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

/// Appends events whose numbers the caller has taken under the lock of their tenant's directory.
///
/// # Errors
/// If the database fails, or a number is taken.
pub async fn append(connection: &impl ConnectionTrait, events: &[NewEvent]) -> Result<(), DbErr> {
    if events.is_empty() {
        return Ok(());
    }
    let backend = connection.get_database_backend();
    let rows: Vec<_> = events.iter().map(row).collect();
    let sql = format!(
        "INSERT INTO events (tenant_id, sequence, id, type, subject, time, data) \
         SELECT tenant_id, sequence, id, type, subject, time, data FROM {}",
        source(backend, 1, "r", &COLUMNS)
    );
    let rows = serde_json::Value::Array(rows).to_string();
    connection.execute_raw(Statement::from_sql_and_values(backend, sql, [rows.into()])).await?;
    Ok(())
}

fn row(event: &NewEvent) -> serde_json::Value {
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
