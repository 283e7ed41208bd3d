//! Tokens that live beside each other for a while, with what each of them may do and when it was used.

use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// `stage` is set while a new token waits beside the one it replaces: until it is completed, or first used. A moment in
/// `ended_ms` that is still to come is the end of an overlap. `scopes` and `networks` are words with spaces between
/// them; none means no restriction. `key_id` names the key that signed, `request` the call that asked for the token.
const COLUMNS: [&str; 11] = [
    "mode TEXT",
    "stage TEXT CHECK (stage IN ('staged', 'unused'))",
    "replaces TEXT",
    "scopes TEXT NOT NULL DEFAULT ''",
    "networks TEXT NOT NULL DEFAULT ''",
    "key_id TEXT",
    "request TEXT",
    "warned_days BIGINT",
    "last_used_ms BIGINT",
    "last_address TEXT",
    "last_client TEXT",
];

/// One token that stays and one that waits: more are impossible, whatever a program does. To the version before, which
/// knows of one alone, the newest is the one, and each of its changes ends both.
const INDEXES: [&str; 4] = [
    "DROP INDEX tokens_current",
    "CREATE UNIQUE INDEX tokens_settled ON tokens (tenant_id) WHERE ended_ms IS NULL AND stage IS NULL",
    "CREATE UNIQUE INDEX tokens_waiting ON tokens (tenant_id) WHERE ended_ms IS NULL AND stage IS NOT NULL",
    "CREATE UNIQUE INDEX tokens_request ON tokens (tenant_id, request) WHERE request IS NOT NULL",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for column in COLUMNS {
            connection.execute_unprepared(&format!("ALTER TABLE tokens ADD COLUMN {column}")).await?;
        }
        for index in INDEXES {
            connection.execute_unprepared(index).await?;
        }
        Ok(())
    }
}
