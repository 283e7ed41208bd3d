//! The event log: one row a change, numbered per tenant without gaps.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// `data` is the JSON text of the event's `data`; the other columns are its CloudEvents attributes.
const EVENTS: &str = "CREATE TABLE events (
    tenant_id BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    id {uuid} NOT NULL,
    type TEXT NOT NULL,
    subject TEXT NOT NULL,
    time BIGINT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (tenant_id, sequence))";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::create(manager, EVENTS).await
    }
}
