//! What a store is to get besides what comes: a part of the log again, or what was parked.

use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// `replay_to`: the last event that is brought again; then the store goes on after `replay_back`, where it was. `letters`: some of
/// its dead letters are to be brought again.
const STORES: [&str; 3] = [
    "ALTER TABLE stores ADD COLUMN replay_to BIGINT",
    "ALTER TABLE stores ADD COLUMN replay_back BIGINT",
    "ALTER TABLE stores ADD COLUMN letters BOOLEAN NOT NULL DEFAULT FALSE",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for sql in STORES {
            manager.get_connection().execute_unprepared(sql).await?;
        }
        Ok(())
    }
}
