//! Clients that get access tokens from the token endpoint.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// `scopes` and `networks` are words with spaces between them; none means no restriction. The last four are set together:
/// they say whose assertions stand for a secret.
const CLIENTS: &str = "CREATE TABLE oauth_clients (
    id TEXT PRIMARY KEY,
    tenant_id BIGINT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    networks TEXT NOT NULL,
    disabled BOOLEAN NOT NULL,
    created_ms BIGINT NOT NULL,
    issuer TEXT,
    audience TEXT,
    subject TEXT,
    jwks_uri TEXT,
    UNIQUE (tenant_id, name))";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::create(manager, CLIENTS).await
    }
}
