//! What does not depend on the clock of whoever reads it: whether a token was ended at once, and until when a key has signed.

use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// `overlap_until_ms`: the end of the overlap, as it was written when that began; 0 if the token was ended at once. A token
/// that has another end than this one was ended at once. The version before does not know it: where it is missing, what has
/// ended has ended by time.
///
/// `asked_lifetime_ms` and `asked_overlap_ms`: what the call asked for that issued the token, by which the same call is known
/// again. Missing where the version before issued it.
const TOKENS: [&str; 3] = [
    "ALTER TABLE tokens ADD COLUMN overlap_until_ms BIGINT",
    "ALTER TABLE tokens ADD COLUMN asked_lifetime_ms BIGINT",
    "ALTER TABLE tokens ADD COLUMN asked_overlap_ms BIGINT",
];

/// `stopped_ms` is missing while some server signs with the key.
const KEYS: &str = "CREATE TABLE signing_keys (
    id TEXT NOT NULL PRIMARY KEY,
    stopped_ms BIGINT)";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for sql in TOKENS {
            connection.execute_unprepared(sql).await?;
        }
        super::create(manager, KEYS).await?;
        let signing = "INSERT INTO signing_keys (id) SELECT signing_key FROM deployment WHERE signing_key IS NOT NULL";
        connection.execute_unprepared(signing).await.map(|_| ())
    }
}
