//! What the resources of tenants are called at the other services that they are brought to.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// `remote` is the id that the service gave to the resource with our `id`: one of theirs belongs to one of ours. `seen` is the number of
/// the last snapshot that the resource was in, `compared` of the last comparison that found it there.
const STORE_LINKS: &str = "CREATE TABLE store_links (
    tenant_id BIGINT NOT NULL,
    store_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('User', 'Group')),
    remote TEXT NOT NULL,
    seen BIGINT NOT NULL DEFAULT 0,
    compared BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, store_id, id),
    UNIQUE (tenant_id, store_id, kind, remote),
    FOREIGN KEY (tenant_id, store_id) REFERENCES stores (tenant_id, id) ON DELETE CASCADE){room}";

/// The number of the last event whose effect the service has, written after each: a worker that is killed repeats one event and
/// not a batch, so that names which were given away meanwhile are not asked for again.
const STORE_POSITIONS: &str = "CREATE TABLE store_positions (
    tenant_id BIGINT NOT NULL,
    store_id {uuid} NOT NULL,
    sequence BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, store_id),
    FOREIGN KEY (tenant_id, store_id) REFERENCES stores (tenant_id, id) ON DELETE CASCADE){room}";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::create(manager, STORE_LINKS).await?;
        super::create(manager, STORE_POSITIONS).await
    }
}
