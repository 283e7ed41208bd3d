//! Which alarm of a breaker people were told of.

use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// How often the breaker had tripped when the last mail about it was written.
const TOLD: &str = "ALTER TABLE breakers ADD COLUMN told BIGINT NOT NULL DEFAULT 0";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(TOLD).await.map(|_| ())
    }
}
