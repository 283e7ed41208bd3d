//! Tokens and secrets that ended long ago are found without looking at the others.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

const INDEXES: [&str; 2] = [
    "CREATE INDEX tokens_by_end ON tokens (expires_ms)",
    "CREATE INDEX oauth_secrets_by_end ON oauth_secrets (expires_ms)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in INDEXES {
            super::create(manager, index).await?;
        }
        Ok(())
    }
}
