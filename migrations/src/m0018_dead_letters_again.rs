//! Which dead letters are to be brought again.

use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// `again`: somebody has asked for it, and the worker has not tried yet.
const LETTERS: &str = "ALTER TABLE dead_letters ADD COLUMN again BOOLEAN NOT NULL DEFAULT FALSE";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(LETTERS).await.map(|_| ())
    }
}
