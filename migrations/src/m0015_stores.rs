//! Where the events of tenants are brought, and how far each store has come.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// `options` and `settings` are JSON without the secrets, which are sealed in `secrets`. `position` is the number of the last event that
/// was brought or passed over. `holder` has the lease until `lease_ms`, by the clock of the database; `term` rises with
/// each holder, so that one that lost the lease without noticing changes nothing.
const STORES: &str = "CREATE TABLE stores (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id {uuid} NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    options TEXT NOT NULL,
    settings TEXT NOT NULL,
    secrets TEXT,
    version BIGINT NOT NULL DEFAULT 1,
    state TEXT NOT NULL CHECK (state IN ('active', 'paused', 'disabled')),
    position BIGINT NOT NULL DEFAULT 0,
    snapshot TEXT,
    attempts BIGINT NOT NULL DEFAULT 0,
    failing_since_ms BIGINT,
    due_ms BIGINT NOT NULL DEFAULT 0,
    error TEXT,
    degraded BOOLEAN NOT NULL DEFAULT FALSE,
    succeeded_ms BIGINT,
    holder TEXT,
    lease_ms BIGINT NOT NULL DEFAULT 0,
    term BIGINT NOT NULL DEFAULT 0,
    created_ms BIGINT NOT NULL,
    modified_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name))";

/// Events that a store did not take. The event itself is in the log.
const DEAD_LETTERS: &str = "CREATE TABLE dead_letters (
    tenant_id BIGINT NOT NULL,
    store_id {uuid} NOT NULL,
    sequence BIGINT NOT NULL,
    parked_ms BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    error TEXT NOT NULL,
    PRIMARY KEY (tenant_id, store_id, sequence),
    FOREIGN KEY (tenant_id, store_id) REFERENCES stores (tenant_id, id) ON DELETE CASCADE)";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::create(manager, STORES).await?;
        super::create(manager, DEAD_LETTERS).await
    }
}
