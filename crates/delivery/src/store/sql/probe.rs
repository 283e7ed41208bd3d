//! Whether the store could take events now, found out without a change.

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr};

use super::failure::failed;
use super::names::{self, Names};
use super::prepare;
use super::read::versions;
use super::write::begin;
use crate::store::{Failure, Place};

/// Looks whether the tables can be made, or written if they are there.
pub(super) async fn probe(
    connection: &DatabaseConnection,
    names: &Names,
    place: &Place,
    with_events: bool,
) -> Result<(), Failure> {
    let transaction = begin(connection).await.map_err(failed)?;
    if prepare::check(&transaction, names, place, with_events).await? {
        may_write(&transaction, names, with_events).await.map_err(failed)?;
    } else {
        may_make(&transaction, names).await.map_err(failed)?;
    }
    transaction.rollback().await.map_err(failed)
}

/// Rights are looked at before rows are, so statements that find none show them.
async fn may_write(on: &DatabaseTransaction, names: &Names, with_events: bool) -> Result<(), DbErr> {
    let mut tables = vec![
        (names::USERS, "id", "version"),
        (names::GROUPS, "id", "version"),
        (names::MEMBERSHIPS, "group_id", "generation"),
    ];
    if with_events {
        tables.push((names::EVENTS, "sequence", "subject"));
    }
    for (table, key, column) in tables {
        let name = names.of(table);
        on.execute_unprepared(&format!("INSERT INTO {name} SELECT * FROM {name} WHERE {key} IS NULL")).await?;
        on.execute_unprepared(&format!("UPDATE {name} SET {column} = {column} WHERE {key} IS NULL")).await?;
        on.execute_unprepared(&format!("DELETE FROM {name} WHERE {key} IS NULL")).await?;
    }
    for table in [names::USERS, names::GROUPS] {
        versions(on, names, table, None, 1).await?;
    }
    Ok(())
}

/// What is made here is taken back with the transaction, a schema of PostgreSQL too.
async fn may_make(on: &DatabaseTransaction, names: &Names) -> Result<(), DbErr> {
    if let Some(schema) = &names.schema {
        prepare::make_schema(on, names, schema).await?;
    }
    let table = names.of("tenantry_probe");
    on.execute_unprepared(&format!("CREATE TABLE {table} (one INTEGER)")).await?;
    // MySQL takes back no table.
    if names.backend == DbBackend::MySql {
        on.execute_unprepared(&format!("DROP TABLE {table}")).await?;
    }
    Ok(())
}
