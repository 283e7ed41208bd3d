//! What clients did not get, and who was told of it.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// `id` rises with the moment of writing. `name_key` is the name in lower case, for those who look for it. `times`: so often within
/// a second.
const FAILURES: &str = "CREATE TABLE failures (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id {uuid} NOT NULL,
    time_ms BIGINT NOT NULL,
    request_id TEXT NOT NULL,
    client TEXT NOT NULL,
    operation TEXT NOT NULL,
    resource_type TEXT,
    name_key TEXT,
    user_name TEXT,
    display_name TEXT,
    external_id TEXT,
    resource_id TEXT,
    status BIGINT NOT NULL,
    scim_type TEXT,
    detail TEXT NOT NULL,
    times BIGINT NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id))";

/// When a tenant's contacts were told of failures for the last time, and up to which.
const FAILURE_DIGESTS: &str = "CREATE TABLE failure_digests (
    tenant_id BIGINT NOT NULL PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    told_ms BIGINT NOT NULL,
    told {uuid} NOT NULL){room}";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::create(manager, FAILURES).await?;
        super::create(manager, FAILURE_DIGESTS).await
    }
}
