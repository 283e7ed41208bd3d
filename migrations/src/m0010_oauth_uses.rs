//! When OAuth clients and their secrets were used, and which warnings of the end of a secret were given.

use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// As they are in `tokens`.
const COLUMNS: [(&str, &str); 7] = [
    ("oauth_clients", "last_used_ms BIGINT"),
    ("oauth_clients", "last_address TEXT"),
    ("oauth_clients", "last_client TEXT"),
    ("oauth_secrets", "last_used_ms BIGINT"),
    ("oauth_secrets", "last_address TEXT"),
    ("oauth_secrets", "last_client TEXT"),
    ("oauth_secrets", "warned_days BIGINT"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in COLUMNS {
            let add = format!("ALTER TABLE {table} ADD COLUMN {column}");
            manager.get_connection().execute_unprepared(&add).await?;
        }
        Ok(())
    }
}
