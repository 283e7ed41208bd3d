//! The limits of network addresses that were set at run time.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// What has no row is as the settings have it.
const LIMITS: &str = "CREATE TABLE address_limits (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL)";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::create(manager, LIMITS).await
    }
}
