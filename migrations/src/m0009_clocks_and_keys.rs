//! What does not depend on the clock of whoever reads it: whether a token was ended at once, and until when a key has signed.

use sea_orm::DbBackend;
use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// True of the end of an overlap, which was still to come when it was written. Every other end was one at once.
const ENDS_LATER: &str = "ALTER TABLE tokens ADD COLUMN ends_later BOOLEAN NOT NULL DEFAULT FALSE";

/// `stopped_ms` is missing while some server signs with the key.
const KEYS: &str = "CREATE TABLE signing_keys (
    id TEXT NOT NULL PRIMARY KEY,
    stopped_ms BIGINT)";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        connection.execute_unprepared(ENDS_LATER).await?;
        let now_ms = match connection.get_database_backend() {
            DbBackend::Postgres => "extract(epoch FROM now()) * 1000",
            _ => "unixepoch() * 1000",
        };
        let under_way = format!("UPDATE tokens SET ends_later = TRUE WHERE ended_ms > {now_ms}");
        connection.execute_unprepared(&under_way).await?;
        super::create(manager, KEYS).await?;
        let signing = "INSERT INTO signing_keys (id) SELECT signing_key FROM deployment WHERE signing_key IS NOT NULL";
        connection.execute_unprepared(signing).await.map(|_| ())
    }
}
