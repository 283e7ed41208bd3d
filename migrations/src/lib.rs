//! The tables, one change a file. Forward-only in production, and safe while the version before still runs: add, fill,
//! switch, and remove only in a later release.

#![expect(
    elided_lifetimes_in_paths,
    reason = "the trait of sea-orm-migration hides the lifetime, and `async_trait` wants the same signature"
)]

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend};
use sea_orm::{EntityTrait, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use sea_orm_migration::prelude::{DbErr, MigrationTrait, MigratorTrait, SchemaManager, async_trait};
use sea_orm_migration::seaql_migrations;

mod m0001_tenants;
mod m0002_directory;
mod m0003_events;
mod m0004_replicas;
mod m0005_token_rotation;
mod m0006_notices;
mod m0007_oauth_clients;
mod m0008_oauth_secrets;
mod m0009_clocks_and_keys;
mod m0010_oauth_uses;
mod m0011_api_keys;
mod m0012_emails_by_value;
mod m0013_address_limits;
mod m0014_ended_tokens;
mod m0015_stores;
mod m0016_password_hashes;
mod m0017_store_errands;
mod m0018_dead_letters_again;
mod m0019_store_links;
mod m0020_store_brought;
mod m0021_breakers;
mod m0022_token_requests;
mod m0024_set_receipts;
mod m0025_failures;
mod m0026_conversions;
mod m0028_profiles;
mod m0031_breaker_alarms;
mod m0034_replicas_by_share;
mod m0035_invitations;
mod m0037_told_names;
mod m0038_guards;

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
            Box::new(m0004_replicas::Migration),
            Box::new(m0005_token_rotation::Migration),
            Box::new(m0006_notices::Migration),
            Box::new(m0007_oauth_clients::Migration),
            Box::new(m0008_oauth_secrets::Migration),
            Box::new(m0009_clocks_and_keys::Migration),
            Box::new(m0010_oauth_uses::Migration),
            Box::new(m0011_api_keys::Migration),
            Box::new(m0012_emails_by_value::Migration),
            Box::new(m0013_address_limits::Migration),
            Box::new(m0014_ended_tokens::Migration),
            Box::new(m0015_stores::Migration),
            Box::new(m0016_password_hashes::Migration),
            Box::new(m0017_store_errands::Migration),
            Box::new(m0018_dead_letters_again::Migration),
            Box::new(m0019_store_links::Migration),
            Box::new(m0020_store_brought::Migration),
            Box::new(m0021_breakers::Migration),
            Box::new(m0022_token_requests::Migration),
            Box::new(m0024_set_receipts::Migration),
            Box::new(m0025_failures::Migration),
            Box::new(m0026_conversions::Migration),
            Box::new(m0028_profiles::Migration),
            Box::new(m0031_breaker_alarms::Migration),
            Box::new(m0034_replicas_by_share::Migration),
            Box::new(m0037_told_names::Migration),
            Box::new(m0038_guards::Migration),
            Box::new(m0035_invitations::Migration),
        ]
    }
}

/// A fixed number: the advisory lock under which a PostgreSQL database is migrated.
const MIGRATION_LOCK: i64 = 0x6d69_6772_6174_6531;

/// How the tables stand to this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migrated {
    /// They are as it makes them.
    UpToDate,
    /// A newer version has migrated them. The version before may go on with them.
    Newer,
}

/// Brings a database to the newest version. Several processes may call it at once: one migrates, the others wait and
/// find nothing left to do.
///
/// # Errors
/// If a migration fails: then none of them was made. If another program or a newer version has made some of the tables
/// and not all that this one needs.
pub async fn migrate(connection: &DatabaseConnection) -> Result<Migrated, DbErr> {
    // SQLite: the write lock is taken at once, so that the second waits for the first.
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let transaction = connection.begin_with_options(immediate).await?;
    if connection.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")).await?;
    }
    let migrated = up(&transaction).await?;
    transaction.commit().await?;
    Ok(migrated)
}

async fn up(transaction: &DatabaseTransaction) -> Result<Migrated, DbErr> {
    let applied = applied(transaction).await?;
    let ours: BTreeSet<String> =
        Migrator::get_migration_files().iter().map(|migration| migration.name().to_owned()).collect();
    if applied == ours {
        return Ok(Migrated::UpToDate);
    }
    if applied.is_subset(&ours) {
        return Migrator::up(transaction, None).await.map(|()| Migrated::UpToDate);
    }
    if ours.is_subset(&applied) {
        return Ok(Migrated::Newer);
    }
    let unknown: Vec<&str> = applied.difference(&ours).map(String::as_str).collect();
    Err(DbErr::Custom(format!(
        "it was migrated by another version of tenantry ({}), with which this version cannot work; start that version",
        unknown.join(", ")
    )))
}

/// The migrations that were made. To ask for them changes nothing: the user of a server may be one that cannot make
/// tables.
async fn applied(transaction: &DatabaseTransaction) -> Result<BTreeSet<String>, DbErr> {
    if !SchemaManager::new(transaction).has_table("seaql_migrations").await? {
        return Ok(BTreeSet::new());
    }
    let applied = seaql_migrations::Entity::find().all(transaction).await?;
    Ok(applied.into_iter().map(|migration| migration.version).collect())
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
