//! What receivers of security event tokens have that poll for them.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// Receivers acknowledge in any order: the numbers of the events after the store's position that need not be given again.
const SET_RECEIPTS: &str = "CREATE TABLE set_receipts (
    tenant_id BIGINT NOT NULL,
    store_id {uuid} NOT NULL,
    sequence BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, store_id, sequence),
    FOREIGN KEY (tenant_id, store_id) REFERENCES stores (tenant_id, id) ON DELETE CASCADE){room}";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::create(manager, SET_RECEIPTS).await
    }
}
