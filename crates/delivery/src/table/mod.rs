//! The tables `stores` and `dead_letters`, in SQL that both databases speak. Moments are those of the database's clock, because
//! several servers share leases.

mod change;
mod lease;
mod letters;
mod numbers;
mod receipts;
mod row;
mod take;

use std::collections::HashSet;
use std::time::Duration;

use database::Database;
use events::deliverable;
use sea_orm::{DbBackend, DbErr, QueryResult, Statement, Value};
use uuid::Uuid;

use crate::{DeliveryError, StoreId, StoreRecord};

pub(crate) use change::{acknowledge, change, come_on, delete, hasten, insert};
pub(crate) use lease::{Advance, Lease, Setback, Verdict, claim};
pub(crate) use letters::{discard, forget_gone, letters, mark, next_marked, parked, put_back, remove};
pub(crate) use numbers::numbers;
pub(crate) use receipts::{accept, forget_receipts, receipts, refuse, window};
pub(crate) use take::{Taken, take};

/// One store of one tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct At {
    pub(crate) tenant: i64,
    pub(crate) store: StoreId,
}

/// A store that somebody should look after.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) at: At,
    /// The name of its tenant.
    pub(crate) tenant: String,
    /// This process looks after it already, and there is something new.
    pub(crate) is_ours: bool,
    /// It took nothing the last time.
    pub(crate) is_failing: bool,
}

/// The clock of the database in milliseconds since 1970.
pub(crate) fn now(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
        _ => "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
    }
}

fn id_column(backend: DbBackend) -> &'static str {
    if backend == DbBackend::Sqlite { "s.id" } else { "CAST(s.id AS text)" }
}

impl At {
    pub(crate) fn values(self, backend: DbBackend) -> [Value; 2] {
        let id = if backend == DbBackend::Sqlite { self.store.0.to_string().into() } else { self.store.0.into() };
        [self.tenant.into(), id]
    }
}

fn unreadable(error: &uuid::Error) -> DbErr {
    DbErr::Type(format!("the id of a store cannot be read: {error}"))
}

/// The stores of a tenant, by name.
pub(crate) async fn of_tenant(database: &Database, tenant: i64) -> Result<Vec<StoreRecord>, DeliveryError> {
    let backend = database.backend();
    let sql = format!("SELECT {} FROM stores s WHERE s.tenant_id = $1 ORDER BY s.name", row::columns(backend));
    let rows = database.query(Statement::from_sql_and_values(backend, sql, [tenant.into()])).await?;
    rows.iter().map(row::read).collect()
}

/// One store.
pub(crate) async fn find(database: &Database, at: At) -> Result<Option<StoreRecord>, DeliveryError> {
    let backend = database.backend();
    let sql = format!("SELECT {} FROM stores s WHERE s.tenant_id = $1 AND s.id = $2", row::columns(backend));
    let rows = database.query(Statement::from_sql_and_values(backend, sql, at.values(backend))).await?;
    rows.first().map(row::read).transpose()
}

/// The stores that have something to get, are due, and are looked after by nobody: first those that took something the
/// last time. One that is to get a snapshot waits while events are held, because they would be in it. A moment that lies too far ahead was written before the clock of the database was set back.
pub(crate) async fn waiting(
    database: &Database,
    holder: &str,
    (lease, longest): (Duration, Duration),
    limit: usize,
) -> Result<Vec<Waiting>, DeliveryError> {
    let backend = database.backend();
    let (id, now) = (id_column(backend), now(backend));
    let (lease, longest) = (milliseconds(lease), milliseconds(longest));
    let flag = |condition: &str| format!("CAST(CASE WHEN {condition} THEN 1 ELSE 0 END AS bigint)");
    let (ours, failing) = (flag(&format!("s.holder = $1 AND s.lease_ms > {now}")), flag("s.attempts > 0"));
    let sql = format!(
        "SELECT s.tenant_id, {id}, t.name, {ours}, {failing} \
         FROM stores s CROSS JOIN tenants t LEFT JOIN directories d ON d.tenant_id = s.tenant_id \
         LEFT JOIN breakers b ON b.tenant_id = s.tenant_id \
         WHERE t.id = s.tenant_id AND s.state = 'active' AND s.kind NOT IN ('pull', 'set_poll') \
         AND CASE WHEN s.snapshot IS NOT NULL THEN b.held_after IS NULL \
         ELSE COALESCE(b.held_after, d.sequence, 0) > s.position OR s.letters END \
         AND (s.holder = $1 OR ((s.lease_ms <= {now} OR s.lease_ms > {now} + {lease}) \
         AND (s.due_ms <= {now} OR s.due_ms > {now} + {longest}))) ORDER BY 4 DESC, 5, s.due_ms LIMIT {limit}"
    );
    let rows = database.query(Statement::from_sql_and_values(backend, sql, [holder.into()])).await?;
    rows.iter()
        .map(|row| {
            let id = Uuid::parse_str(&row.try_get_by_index::<String>(1)?).map_err(|error| unreadable(&error))?;
            Ok(Waiting {
                at: At { tenant: row.try_get_by_index(0)?, store: StoreId(id) },
                tenant: row.try_get_by_index(2)?,
                is_ours: row.try_get_by_index::<i64>(3)? == 1,
                is_failing: row.try_get_by_index::<i64>(4)? == 1,
            })
        })
        .collect()
}

/// The stores that are fed and did not fail the last time.
pub(crate) async fn contented(database: &Database) -> Result<HashSet<At>, DeliveryError> {
    let backend = database.backend();
    let sql = format!(
        "SELECT s.tenant_id, {} FROM stores s WHERE s.state = 'active' AND s.attempts = 0 \
         AND s.kind NOT IN ('pull', 'set_poll')",
        id_column(backend)
    );
    let rows = database.query(Statement::from_string(backend, sql)).await?;
    let at = |row: &QueryResult| {
        let id = Uuid::parse_str(&row.try_get_by_index::<String>(1)?).map_err(|error| unreadable(&error))?;
        Ok(At { tenant: row.try_get_by_index(0)?, store: StoreId(id) })
    };
    rows.iter().map(at).collect()
}

/// The number of the newest event of a tenant that stores may have.
pub(crate) async fn newest(database: &Database, tenant: i64) -> Result<i64, DeliveryError> {
    let sql = format!("SELECT {} FROM directories d WHERE d.tenant_id = $1", deliverable());
    let rows = database.query(Statement::from_sql_and_values(database.backend(), sql, [tenant.into()])).await?;
    Ok(rows.first().map_or(Ok(0), |row| row.try_get_by_index(0))?)
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
