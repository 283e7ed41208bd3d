//! What guards applications: a breaker that counts new users, too, and to whom the requests of clients are attributed.

use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// Of a breaker: users at positions before `new_after` count no more as new; until `new_quiet_until_ms` none is counted;
/// so many more (`expected_left`) may come until `expected_until_ms` without being counted. Of a directory: whether new users are
/// counted; 0: as the tenant's profile says, 1: yes, 2: no.
const CHANGES: [&str; 6] = [
    "ALTER TABLE breakers ADD COLUMN new_after BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE breakers ADD COLUMN new_quiet_until_ms BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE breakers ADD COLUMN expected_left BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE breakers ADD COLUMN expected_until_ms BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE directories ADD COLUMN counts_new BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE failures ADD COLUMN administrator TEXT",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for change in CHANGES {
            manager.get_connection().execute_unprepared(change).await?;
        }
        Ok(())
    }
}
