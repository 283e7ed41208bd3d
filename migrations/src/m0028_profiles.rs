//! The application profiles that were imported, each version.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// Of each name one version is current at most; of one that comes with the program and has none, that is.
const PROFILES: &str = "CREATE TABLE profiles (
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    document TEXT NOT NULL,
    imported_ms BIGINT NOT NULL,
    is_current BOOLEAN NOT NULL,
    PRIMARY KEY (name, version))";
const ONE_CURRENT: &str = "CREATE UNIQUE INDEX profiles_current ON profiles (name) WHERE is_current";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::create(manager, PROFILES).await?;
        super::create(manager, ONE_CURRENT).await
    }
}
