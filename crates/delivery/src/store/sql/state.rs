//! The row that tells whose the tables are and how far they have come.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement};

use super::names::{Names, STORE};

/// How far a store has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    /// The number of the last event.
    pub(super) position: i64,
    /// How often it was written to. Who feeds it knows by this whether somebody else did.
    pub(super) writes: i64,
    /// How many snapshots have begun. Rows have the number of the one they were told last in, or after.
    pub(super) generation: i64,
}

/// The row of the store.
pub(super) struct Row {
    pub(super) store_id: String,
    pub(super) tenant: String,
    pub(super) state: State,
}

/// Reads it; nobody else changes it before the transaction ends.
pub(super) async fn lock(on: &DatabaseTransaction, names: &Names) -> Result<Option<Row>, DbErr> {
    let backend = names.backend;
    // The transactions of SQLite lock everything.
    let lock = if backend == DbBackend::Sqlite { "" } else { " FOR UPDATE" };
    let id = if backend == DbBackend::Postgres { "CAST(store_id AS text)" } else { "store_id" };
    let table = names.of(STORE);
    let sql = format!("SELECT {id}, tenant, position, writes, generation FROM {table} WHERE one = 1{lock}");
    let row = on.query_one_raw(Statement::from_string(backend, sql)).await?;
    row.map(|row| {
        let state = State {
            position: row.try_get_by_index(2)?,
            writes: row.try_get_by_index(3)?,
            generation: row.try_get_by_index(4)?,
        };
        Ok(Row { store_id: row.try_get_by_index(0)?, tenant: row.try_get_by_index(1)?, state })
    })
    .transpose()
}

/// Writes it.
pub(super) async fn save(on: &DatabaseTransaction, names: &Names, state: State) -> Result<(), DbErr> {
    let State { position, writes, generation } = state;
    let sql = format!(
        "UPDATE {} SET position = {position}, writes = {writes}, generation = {generation} WHERE one = 1",
        names.of(STORE)
    );
    on.execute_unprepared(&sql).await.map(drop)
}
