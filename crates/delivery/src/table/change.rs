//! What operators write.

use database::Database;
use sea_orm::{ConnectionTrait, Statement, Value};

use super::{At, now};
use crate::{DeliveryError, StoreRecord};

/// Adds a store.
pub(crate) async fn insert(database: &Database, store: &StoreRecord) -> Result<(), DeliveryError> {
    let backend = database.backend();
    let now = now(backend);
    let sql = format!(
        "INSERT INTO stores (tenant_id, id, name, kind, options, settings, secrets, state, position, snapshot, created_ms, modified_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, {now}, {now}) ON CONFLICT (tenant_id, name) DO NOTHING"
    );
    let [tenant, id] = At { tenant: store.tenant, store: store.id }.values(backend);
    let values = [
        tenant,
        id,
        store.name.as_str().into(),
        store.kind.as_str().into(),
        serde_json::to_string(&store.options)?.into(),
        serde_json::to_string(&store.settings)?.into(),
        store.secrets.clone().into(),
        store.state.as_str().into(),
        store.position.into(),
        store.snapshot.as_ref().map(crate::snapshot::Wish::text).into(),
    ];
    let inserted = database.writer().execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    if inserted.rows_affected() == 0 {
        return Err(DeliveryError::Taken { name: store.name.clone() });
    }
    Ok(())
}

/// Changes the row of a store if a condition holds; whoever feeds it loses the lease. False if there is none, or the
/// condition does not hold. Values begin with `$3`.
pub(crate) async fn change(
    database: &Database,
    at: At,
    (assignments, condition): (&str, &str),
    values: impl IntoIterator<Item = Value>,
) -> Result<bool, DeliveryError> {
    let backend = database.backend();
    let sql = format!(
        "UPDATE stores SET {assignments}, term = term + 1, holder = NULL, lease_ms = 0 \
         WHERE tenant_id = $1 AND id = $2 AND {condition}"
    );
    let all: Vec<Value> = at.values(backend).into_iter().chain(values).collect();
    let done = database.writer().execute_raw(Statement::from_sql_and_values(backend, sql, all)).await?;
    Ok(done.rows_affected() == 1)
}

/// A store is tried now. Whoever feeds it keeps the lease.
pub(crate) async fn hasten(database: &Database, at: At) -> Result<(), DeliveryError> {
    let backend = database.backend();
    let sql = "UPDATE stores SET due_ms = 0 WHERE tenant_id = $1 AND id = $2";
    database.writer().execute_raw(Statement::from_sql_and_values(backend, sql, at.values(backend))).await?;
    Ok(())
}

/// The reader of a store has everything up to this number.
pub(crate) async fn acknowledge(database: &Database, at: At, position: i64) -> Result<(), DeliveryError> {
    let backend = database.backend();
    let now = now(backend);
    let sql = format!(
        "UPDATE stores SET position = $3, succeeded_ms = {now} WHERE tenant_id = $1 AND id = $2 AND position < $3"
    );
    let [tenant, id] = at.values(backend);
    let values = [tenant, id, position.into()];
    database.writer().execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}

/// The receiver of a store has everything up to the second number, if the store is still at the first. False if it was moved
/// meanwhile: by another question, or because it is to get something again.
pub(crate) async fn come_on(database: &Database, at: At, (from, to): (i64, i64)) -> Result<bool, DeliveryError> {
    let backend = database.backend();
    let now = now(backend);
    let sql = format!(
        "UPDATE stores SET position = $3, succeeded_ms = {now} WHERE tenant_id = $1 AND id = $2 AND position = $4"
    );
    let [tenant, id] = at.values(backend);
    let statement = Statement::from_sql_and_values(backend, sql, [tenant, id, to.into(), from.into()]);
    Ok(database.writer().execute_raw(statement).await?.rows_affected() == 1)
}

/// Removes a store, and what is parked for it.
pub(crate) async fn delete(database: &Database, at: At) -> Result<bool, DeliveryError> {
    let backend = database.backend();
    let sql = "DELETE FROM stores WHERE tenant_id = $1 AND id = $2";
    let done = database.writer().execute_raw(Statement::from_sql_and_values(backend, sql, at.values(backend))).await?;
    Ok(done.rows_affected() == 1)
}
