//! The tables, one change a file. Forward-only in production, and safe while the version before still runs: add, fill,
//! switch, and remove only in a later release.

#![expect(
    elided_lifetimes_in_paths,
    reason = "the trait of sea-orm-migration hides the lifetime, and `async_trait` wants the same signature"
)]

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, TransactionTrait};
use sea_orm_migration::prelude::{DbErr, MigrationTrait, MigratorTrait, SchemaManager, async_trait};

mod m0001_tenants;
mod m0002_directory;
mod m0003_events;

/// The migrations in their order.
#[derive(Debug)]
struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_tenants::Migration),
            Box::new(m0002_directory::Migration),
            Box::new(m0003_events::Migration),
        ]
    }
}

/// A fixed number: the advisory lock under which a PostgreSQL database is migrated.
const MIGRATION_LOCK: i64 = 0x6d69_6772_6174_6531;

/// Brings a database to the newest version. Several processes may call it at once on PostgreSQL: one migrates, the
/// others wait and find nothing left to do.
///
/// # Errors
/// If a migration fails; the ones before it stay applied.
pub async fn migrate(connection: &DatabaseConnection) -> Result<(), DbErr> {
    if connection.get_database_backend() != DbBackend::Postgres {
        return Migrator::up(connection, None).await;
    }
    let transaction = connection.begin().await?;
    transaction.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")).await?;
    Migrator::up(&transaction, None).await?;
    transaction.commit().await
}

/// Runs one statement in which `{uuid}` stands for the database's type of UUIDs, and `{room}` asks for room in each page,
/// so that a changed row stays where it is and its indexes are not touched.
async fn create(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let (uuid, room) = match connection.get_database_backend() {
        DbBackend::Postgres => ("UUID", " WITH (fillfactor = 80)"),
        _ => ("TEXT", ""),
    };
    connection.execute_unprepared(&sql.replace("{uuid}", uuid).replace("{room}", room)).await?;
    Ok(())
}
