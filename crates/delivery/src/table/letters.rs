//! Dead letters: events that a store did not take. The event itself is in the log.

use std::collections::BTreeSet;

use database::Database;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Statement, Value};

use super::{At, now};
use crate::DeliveryError;
use crate::record::DeadLetter;

pub(super) async fn insert_letter(
    transaction: &DatabaseTransaction,
    at: At,
    (sequence, attempts, error): (i64, u32, &str),
) -> Result<(), DbErr> {
    let backend = transaction.get_database_backend();
    let sql = format!(
        "INSERT INTO dead_letters (tenant_id, store_id, sequence, parked_ms, attempts, error) \
         VALUES ($1, $2, $3, {}, $4, $5) ON CONFLICT (tenant_id, store_id, sequence) DO UPDATE \
         SET parked_ms = excluded.parked_ms, attempts = dead_letters.attempts + excluded.attempts, error = excluded.error, \
         again = FALSE",
        now(backend)
    );
    let [tenant, id] = at.values(backend);
    let values = [tenant, id, sequence.into(), i64::from(attempts).into(), error.into()];
    transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.map(|_| ())
}

/// Up to so many dead letters of a store that are numbered above `after`, in order.
pub(crate) async fn letters(
    database: &Database,
    at: At,
    after: i64,
    limit: u32,
) -> Result<Vec<DeadLetter>, DeliveryError> {
    let backend = database.backend();
    let sql = format!(
        "SELECT l.sequence, l.parked_ms, l.attempts, l.error, l.again, e.type, e.subject \
         FROM dead_letters l LEFT JOIN events e ON e.tenant_id = l.tenant_id AND e.sequence = l.sequence \
         WHERE l.tenant_id = $1 AND l.store_id = $2 AND l.sequence > $3 ORDER BY l.sequence LIMIT {limit}"
    );
    let [tenant, id] = at.values(backend);
    let rows = database.query(Statement::from_sql_and_values(backend, sql, [tenant, id, after.into()])).await?;
    rows.iter().map(read).collect()
}

fn read(row: &QueryResult) -> Result<DeadLetter, DeliveryError> {
    Ok(DeadLetter {
        sequence: row.try_get_by_index(0)?,
        parked_ms: row.try_get_by_index(1)?,
        attempts: u32::try_from(row.try_get_by_index::<i64>(2)?).unwrap_or(u32::MAX),
        error: row.try_get_by_index(3)?,
        is_asked_for: row.try_get_by_index(4)?,
        event_type: row.try_get_by_index(5)?,
        subject: row.try_get_by_index(6)?,
    })
}

/// The numbers of the events after this one that are parked for a store.
pub(crate) async fn parked(database: &Database, at: At, after: i64) -> Result<BTreeSet<i64>, DeliveryError> {
    let backend = database.backend();
    let sql = "SELECT sequence FROM dead_letters WHERE tenant_id = $1 AND store_id = $2 AND sequence > $3";
    let [tenant, id] = at.values(backend);
    let rows = database.query(Statement::from_sql_and_values(backend, sql, [tenant, id, after.into()])).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?)
}

/// The condition for one dead letter, or for all of a store.
fn of(sequence: Option<i64>) -> &'static str {
    if sequence.is_some() { "AND sequence = $3" } else { "" }
}

fn values(database: &Database, at: At, sequence: Option<i64>) -> Vec<Value> {
    at.values(database.backend()).into_iter().chain(sequence.map(Value::from)).collect()
}

async fn execute(database: &Database, sql: &str, values: Vec<Value>) -> Result<u64, DeliveryError> {
    let statement = Statement::from_sql_and_values(database.backend(), sql, values);
    Ok(database.writer().execute_raw(statement).await?.rows_affected())
}

/// One dead letter, or all of a store, is to be brought again. Says how many that are.
pub(crate) async fn mark(database: &Database, at: At, sequence: Option<i64>) -> Result<u64, DeliveryError> {
    let sql = format!("UPDATE dead_letters SET again = TRUE WHERE tenant_id = $1 AND store_id = $2 {}", of(sequence));
    execute(database, &sql, values(database, at, sequence)).await
}

/// Forgets one dead letter, or all of a store. Says how many that were.
pub(crate) async fn discard(database: &Database, at: At, sequence: Option<i64>) -> Result<u64, DeliveryError> {
    let sql = format!("DELETE FROM dead_letters WHERE tenant_id = $1 AND store_id = $2 {}", of(sequence));
    execute(database, &sql, values(database, at, sequence)).await
}

/// How many dead letters are forgotten in one statement: it must hold up nobody for long.
const STEP: u32 = 500;

/// Forgets dead letters of a tenant whose events are no longer in the log: one small step. Says how many that were.
pub(crate) async fn forget_gone(database: &Database, tenant: i64, oldest: i64) -> Result<u64, DeliveryError> {
    let sql = format!(
        "DELETE FROM dead_letters WHERE (tenant_id, store_id, sequence) IN (SELECT tenant_id, store_id, sequence \
         FROM dead_letters WHERE tenant_id = $1 AND sequence < $2 LIMIT {STEP})"
    );
    execute(database, &sql, vec![tenant.into(), oldest.into()]).await
}

/// The number of the first dead letter that is to be brought again.
pub(crate) async fn next_marked(database: &Database, at: At) -> Result<Option<i64>, DeliveryError> {
    let backend = database.backend();
    let sql = "SELECT MIN(sequence) FROM dead_letters WHERE tenant_id = $1 AND store_id = $2 AND again";
    let rows = database.query(Statement::from_sql_and_values(backend, sql, at.values(backend))).await?;
    Ok(rows.first().map_or(Ok(None), |row| row.try_get_by_index(0))?)
}

/// It was brought.
pub(crate) async fn remove(database: &Database, at: At, sequence: i64) -> Result<(), DeliveryError> {
    discard(database, at, Some(sequence)).await.map(|_| ())
}

/// It was not taken again, for this reason; with `all`, none of the others is tried either.
pub(crate) async fn put_back(
    database: &Database,
    at: At,
    (sequence, error): (i64, &str),
    all: bool,
) -> Result<(), DeliveryError> {
    let sql = "UPDATE dead_letters SET again = FALSE, attempts = attempts + 1, error = $4 \
               WHERE tenant_id = $1 AND store_id = $2 AND sequence = $3";
    let mut own = values(database, at, Some(sequence));
    own.push(error.into());
    execute(database, sql, own).await?;
    if all {
        let sql = "UPDATE dead_letters SET again = FALSE WHERE tenant_id = $1 AND store_id = $2 AND again";
        execute(database, sql, values(database, at, None)).await?;
    }
    Ok(())
}
