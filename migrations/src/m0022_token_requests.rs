//! What the calls with a name have done that complete, cancel or revoke: one that is made again does nothing more.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// `asked` is the token that the call has named, if it has; `tokens` are those that it has answered, separated by spaces. The names of
/// calls that issue are in `tokens.request`.
const REQUESTS: &str = "CREATE TABLE token_requests (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    request TEXT NOT NULL,
    command TEXT NOT NULL,
    asked TEXT,
    tokens TEXT NOT NULL,
    made_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, request))";

const INDEX: &str = "CREATE INDEX token_requests_made ON token_requests (tenant_id, made_ms)";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::create(manager, REQUESTS).await?;
        super::create(manager, INDEX).await
    }
}
