//! The end of hashes of passwords: none is kept that no store waits for.

use database::Database;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::DeliveryError;
use crate::table::now;

/// For how long a store may wait for a hash, in days: as long as an event is tried ten times over.
const DAYS: i64 = 30;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Removes the hashes that every store has that is allowed them, that are too old, or whose event is gone. A parked event
/// keeps its hash.
pub(crate) async fn forget(database: &Database) -> Result<(), DeliveryError> {
    let backend = database.backend();
    let is_allowed = match backend {
        DbBackend::Sqlite => "s.options ->> 'password_hash' = 1",
        _ => "CAST(s.options AS jsonb) ->> 'password_hash' = 'true'",
    };
    let sql = format!(
        "DELETE FROM password_hashes AS h WHERE h.time < {} - $1 \
         OR NOT EXISTS (SELECT 1 FROM events e WHERE e.tenant_id = h.tenant_id AND e.sequence = h.sequence) \
         OR NOT EXISTS (SELECT 1 FROM stores s WHERE s.tenant_id = h.tenant_id AND s.state <> 'disabled' AND {is_allowed} \
         AND (s.position < h.sequence OR EXISTS (SELECT 1 FROM dead_letters d WHERE d.tenant_id = s.tenant_id \
         AND d.store_id = s.id AND d.sequence = h.sequence)))",
        now(backend)
    );
    let statement = Statement::from_sql_and_values(backend, sql, [(DAYS * DAY_MS).into()]);
    database.writer().execute_raw(statement).await?;
    Ok(())
}
