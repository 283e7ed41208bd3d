//! The numbers of all stores.

use database::Database;
use events::deliverable;
use sea_orm::{QueryResult, Statement};
use uuid::Uuid;

use super::{At, id_column, unreadable};
use crate::running::Counted;
use crate::{DeliveryError, StoreId, StoreNumbers};

/// The numbers of all stores, with what this process has counted.
pub(crate) async fn numbers(
    database: &Database,
    counted: impl Fn(At) -> Counted,
) -> Result<Vec<StoreNumbers>, DeliveryError> {
    let backend = database.backend();
    let sql = format!(
        "SELECT s.tenant_id, {}, t.name, s.name, s.state, s.attempts, s.degraded, s.position, COALESCE(d.sequence, 0), \
         COALESCE({} < d.sequence, FALSE), (SELECT COUNT(*) FROM dead_letters l WHERE l.tenant_id = s.tenant_id AND l.store_id = s.id) \
         FROM stores s CROSS JOIN tenants t LEFT JOIN directories d ON d.tenant_id = s.tenant_id WHERE t.id = s.tenant_id",
        id_column(backend),
        deliverable()
    );
    let rows = database.query(Statement::from_string(backend, sql)).await?;
    rows.iter().map(|row| read(row, &counted)).collect()
}

fn read(row: &QueryResult, counted: impl Fn(At) -> Counted) -> Result<StoreNumbers, DeliveryError> {
    let id = Uuid::parse_str(&row.try_get_by_index::<String>(1)?).map_err(|error| unreadable(&error))?;
    let at = At { tenant: row.try_get_by_index(0)?, store: StoreId(id) };
    let state: String = row.try_get_by_index(4)?;
    let (attempts, degraded): (i64, bool) = (row.try_get_by_index(5)?, row.try_get_by_index(6)?);
    let (position, newest): (i64, i64) = (row.try_get_by_index(7)?, row.try_get_by_index(8)?);
    let is_held: bool = row.try_get_by_index(9)?;
    let Counted { taken, failed } = counted(at);
    Ok(StoreNumbers {
        tenant: row.try_get_by_index(2)?,
        store: row.try_get_by_index(3)?,
        state: match (state.as_str(), degraded, attempts > 0) {
            ("paused", ..) => "paused",
            ("disabled", ..) => "disabled",
            (_, true, _) => "degraded",
            (_, _, true) => "failing",
            _ if is_held => "held",
            _ => "active",
        },
        lag: (newest - position).max(0),
        dead_letters: row.try_get_by_index(10)?,
        taken,
        failed,
    })
}
