//! The secrets of OAuth clients.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// `digest` is SHA-256 in hexadecimal. What is hashed are 256 random bits, so nobody can try them out, and a slow hash would
/// only cost time.
const SECRETS: &str = "CREATE TABLE oauth_secrets (
    id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    ended_ms BIGINT)";

const INDEX: &str = "CREATE INDEX oauth_secrets_client ON oauth_secrets (client_id)";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::create(manager, SECRETS).await?;
        super::create(manager, INDEX).await
    }
}
