//! The end of hashes of passwords: none is kept that no store waits for.

use database::Database;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tenancy::TenantId;

use crate::DeliveryError;
use crate::table::now;

/// For how long a store may wait for a hash, in days: as long as an event is tried ten times over.
const DAYS: i64 = 30;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Removes the hashes that every store has that is allowed them, that are too old, or whose event is gone. A parked event
/// keeps its hash. Of one tenant, or of all.
pub(crate) async fn forget(database: &Database, tenant: Option<TenantId>) -> Result<(), DeliveryError> {
    let backend = database.backend();
    let whose = if tenant.is_some() { "h.tenant_id = $2" } else { "TRUE" };
    let is_allowed = match backend {
        DbBackend::Sqlite => "s.options ->> 'password_hash' = 1",
        _ => "CAST(s.options AS jsonb) ->> 'password_hash' = 'true'",
    };
    let sql = format!(
        "DELETE FROM password_hashes AS h WHERE {whose} AND (h.time < {} - $1 \
         OR NOT EXISTS (SELECT 1 FROM events e WHERE e.tenant_id = h.tenant_id AND e.sequence = h.sequence) \
         OR NOT EXISTS (SELECT 1 FROM stores s WHERE s.tenant_id = h.tenant_id AND s.state <> 'disabled' AND {is_allowed} \
         AND (s.position < h.sequence OR EXISTS (SELECT 1 FROM dead_letters d WHERE d.tenant_id = s.tenant_id \
         AND d.store_id = s.id AND d.sequence = h.sequence))))",
        now(backend)
    );
    let values = [(DAYS * DAY_MS).into()].into_iter().chain(tenant.map(|tenant| tenant.as_i64().into()));
    let statement = Statement::from_sql_and_values(backend, sql, values);
    database.writer().execute_raw(statement).await?;
    Ok(())
}
