//! Hashes of passwords that stores wait for which are allowed them.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// `sequence` is the number of the event with which the password came, and `time` is the event's.
const PASSWORD_HASHES: &str = "CREATE TABLE password_hashes (
    tenant_id BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    time BIGINT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (tenant_id, sequence))";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::create(manager, PASSWORD_HASHES).await
    }
}
