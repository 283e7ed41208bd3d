//! What guards the stores of a tenant against a client that ends too many users at once.

use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// A tenant without a row has the usual settings and has never tripped. `settings` is JSON of what differs from the usual. Ends
/// numbered up to `counted_after` count no more; until `quiet_until_ms` none is counted. The rest is the last trip: `alarm` is the
/// number of its event, `tripped_ms` is set until somebody has looked after it, and `held_after` is the number of the last event that
/// stores get, while they are held.
const BREAKERS: &str = "CREATE TABLE breakers (
    tenant_id BIGINT NOT NULL PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    settings TEXT NOT NULL DEFAULT '{}',
    counted_after BIGINT NOT NULL DEFAULT 0,
    quiet_until_ms BIGINT NOT NULL DEFAULT 0,
    trips BIGINT NOT NULL DEFAULT 0,
    tripped_ms BIGINT,
    alarm BIGINT,
    held_after BIGINT)";

/// Users that were deactivated or deleted: `sequence` is the number of the event, `first` that of the first event of the same change.
const ENDINGS: &str = "CREATE TABLE endings (
    tenant_id BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    first BIGINT NOT NULL,
    user_id {uuid} NOT NULL,
    time_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, sequence))";

const INDEXES: [&str; 2] = [
    "CREATE INDEX endings_time ON endings (tenant_id, time_ms)",
    "CREATE INDEX endings_user ON endings (tenant_id, user_id)",
];

/// `discarded`: no store gets it.
const DISCARDED: &str = "ALTER TABLE events ADD COLUMN discarded BOOLEAN NOT NULL DEFAULT FALSE";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::create(manager, BREAKERS).await?;
        super::create(manager, ENDINGS).await?;
        for index in INDEXES {
            manager.get_connection().execute_unprepared(index).await?;
        }
        manager.get_connection().execute_unprepared(DISCARDED).await.map(|_| ())
    }
}
