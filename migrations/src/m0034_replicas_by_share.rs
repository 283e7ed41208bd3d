//! Which replicas go by their share of the rates, because they do not reach Redis.

use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// 1 while it does. The version before says nothing of it.
const COLUMN: &str = "ALTER TABLE replicas ADD COLUMN by_share BIGINT NOT NULL DEFAULT 0";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(COLUMN).await.map(drop)
    }
}
