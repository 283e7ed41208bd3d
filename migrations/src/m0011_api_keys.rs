//! The keys that programs administer with.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// `digest` is SHA-256 in hexadecimal, of 256 random bits. Without a tenant a key is for all of them.
const KEYS: &str = "CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    tenant_id BIGINT REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    digest TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    ended_ms BIGINT)";

const INDEX: &str = "CREATE INDEX api_keys_tenant ON api_keys (tenant_id)";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::create(manager, KEYS).await?;
        super::create(manager, INDEX).await
    }
}
