//! Runs over all users of a tenant that give each another user name.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// The last one of each tenant. Users up to `last_id` were looked at in this `pass`; `moved` of them got another name in it. Whoever
/// has the lease of this `term` goes on.
const CONVERSIONS: &str = "CREATE TABLE conversions (
    tenant_id BIGINT NOT NULL PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    id {uuid} NOT NULL,
    target TEXT NOT NULL,
    state TEXT NOT NULL,
    last_id {uuid} NOT NULL,
    pass BIGINT NOT NULL DEFAULT 1,
    total BIGINT NOT NULL,
    looked_at BIGINT NOT NULL DEFAULT 0,
    moved BIGINT NOT NULL DEFAULT 0,
    converted BIGINT NOT NULL DEFAULT 0,
    skipped BIGINT NOT NULL DEFAULT 0,
    started_ms BIGINT NOT NULL,
    ended_ms BIGINT,
    holder TEXT,
    lease_ms BIGINT NOT NULL DEFAULT 0,
    term BIGINT NOT NULL DEFAULT 0){room}";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::create(manager, CONVERSIONS).await
    }
}
