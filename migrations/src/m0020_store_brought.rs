//! What a store was brought, beside how far it is: a store that keeps its own position knows no more.

use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// The number of the last event that the store was brought and took. What is between it and the position was left out, parked or
/// discarded.
const BROUGHT: &str = "ALTER TABLE stores ADD COLUMN brought BIGINT NOT NULL DEFAULT 0";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(BROUGHT).await.map(|_| ())
    }
}
