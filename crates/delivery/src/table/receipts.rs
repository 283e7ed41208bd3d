//! The table `set_receipts`: what receivers that poll have acknowledged after the position of their store, in which order ever.

use std::collections::BTreeSet;

use database::Database;
use database::rows::{Column, Named, Rows, source};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement, Value};
use serde_json::json;
use tenancy::{NoticeType, Tenant, leave_notice};
use uuid::Uuid;

use super::letters::insert_letter;
use super::{At, lease::facts, unreadable};
use crate::{DeliveryError, Exhausted, State, StoreRecord};

const SEQUENCES: [Named; 1] = [("sequence", Column::Integer)];

/// The numbers and ids of up to so many events after a position.
pub(crate) async fn window(
    database: &Database,
    at: At,
    position: i64,
    most: i64,
) -> Result<Vec<(i64, Uuid)>, DeliveryError> {
    let backend = database.backend();
    let id = if backend == DbBackend::Sqlite { "id" } else { "CAST(id AS text)" };
    let sql = format!(
        "SELECT sequence, {id} FROM events WHERE tenant_id = $1 AND sequence > $2 AND sequence <= $2 + {most} ORDER BY sequence"
    );
    let values = [at.tenant.into(), position.into()];
    let rows = database.query(Statement::from_sql_and_values(backend, sql, values)).await?;
    rows.iter()
        .map(|row| {
            let id = Uuid::parse_str(&row.try_get_by_index::<String>(1)?).map_err(|error| unreadable(&error))?;
            Ok((row.try_get_by_index(0)?, id))
        })
        .collect()
}

/// The numbers after a position that need not be given again.
pub(crate) async fn receipts(database: &Database, at: At, position: i64) -> Result<BTreeSet<i64>, DeliveryError> {
    let backend = database.backend();
    let sql = "SELECT sequence FROM set_receipts WHERE tenant_id = $1 AND store_id = $2 AND sequence > $3";
    let [tenant, id] = at.values(backend);
    let rows = database.query(Statement::from_sql_and_values(backend, sql, [tenant, id, position.into()])).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?)
}

/// Forgets what is not after the position any more.
pub(crate) async fn forget_receipts(database: &Database, at: At, position: i64) -> Result<(), DeliveryError> {
    let backend = database.backend();
    let sql = "DELETE FROM set_receipts WHERE tenant_id = $1 AND store_id = $2 AND sequence <= $3";
    let [tenant, id] = at.values(backend);
    let statement = Statement::from_sql_and_values(backend, sql, [tenant, id, position.into()]);
    database.writer().execute_raw(statement).await?;
    Ok(())
}

async fn note(transaction: &DatabaseTransaction, at: At, sequences: &[i64]) -> Result<(), DbErr> {
    let backend = transaction.get_database_backend();
    let id = if backend == DbBackend::Sqlite { "$2" } else { "CAST($2 AS uuid)" };
    let sql = format!(
        "INSERT INTO set_receipts (tenant_id, store_id, sequence) SELECT $1, {id}, k.sequence FROM {} WHERE TRUE \
         ON CONFLICT (tenant_id, store_id, sequence) DO NOTHING",
        source(backend, 3, "k", &SEQUENCES)
    );
    let rows = Rows::collect(&SEQUENCES, sequences.iter().map(|sequence| [(*sequence).into()])).bind(backend);
    let own: [Value; 2] = [at.tenant.into(), at.store.to_string().into()];
    let values: Vec<Value> = own.into_iter().chain(rows).collect();
    transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}

async fn change(
    transaction: &DatabaseTransaction,
    at: At,
    assignments: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<(), DbErr> {
    let backend = transaction.get_database_backend();
    let sql = format!("UPDATE stores SET {assignments} WHERE tenant_id = $1 AND id = $2");
    let values: Vec<Value> = at.values(backend).into_iter().chain(values).collect();
    transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}

/// The receiver of a store has the events with these numbers.
pub(crate) async fn accept(
    database: &Database,
    (tenant, record): (&Tenant, &StoreRecord),
    sequences: &[i64],
) -> Result<(), DeliveryError> {
    let transaction = database.begin().await?;
    note(&transaction, record.at(), sequences).await?;
    if record.is_degraded {
        change(&transaction, record.at(), "degraded = FALSE, error = NULL", []).await?;
        let data = facts(json!({ "store": record.name, "kind": record.kind }));
        leave_notice(&transaction, tenant, NoticeType::StoreRecovered, &record.subject(), data).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// The receiver of a store refuses these events, for these reasons: they are parked, or the store is paused before them, as its
/// options say.
pub(crate) async fn refuse(
    database: &Database,
    (tenant, record): (&Tenant, &StoreRecord),
    refusals: &[(i64, String)],
) -> Result<(), DeliveryError> {
    let Some((first, reason)) = refusals.first() else { return Ok(()) };
    let (at, parks) = (record.at(), record.options.exhausted == Exhausted::Park);
    let transaction = database.begin().await?;
    let (state, assignments) = if parks {
        for (sequence, why) in refusals {
            insert_letter(&transaction, at, (*sequence, 1, why)).await?;
        }
        let sequences: Vec<i64> = refusals.iter().map(|(sequence, _)| *sequence).collect();
        note(&transaction, at, &sequences).await?;
        (record.state, "degraded = TRUE, error = $3")
    } else {
        // What its operator has done since the record was read counts more.
        let paused = "degraded = TRUE, error = $3, state = CASE WHEN state = 'active' THEN 'paused' ELSE state END";
        (State::Paused, paused)
    };
    change(&transaction, at, assignments, [reason.as_str().into()]).await?;
    if !record.is_degraded {
        let (name, kind) = (&record.name, &record.kind);
        let parked = parks.then_some(*first);
        let data = json!({ "store": name, "kind": kind, "reason": reason, "state": state.as_str(), "parked": parked });
        leave_notice(&transaction, tenant, NoticeType::StoreDegraded, &record.subject(), facts(data)).await?;
    }
    transaction.commit().await?;
    Ok(())
}
