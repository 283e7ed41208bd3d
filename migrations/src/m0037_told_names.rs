//! By which names applications know users, where those are not the names that clients provision.

use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// `told_name` is the folded name that the tenant's application is told, if its profile makes one; of two users that would have the same,
/// the one that came later has none. `naming` stands for the rule by which the names of a directory were made; 0 for none;
/// `named_by` is the version of the tenant that had that rule.
const CHANGES: [&str; 4] = [
    "ALTER TABLE resources ADD COLUMN told_name TEXT",
    "CREATE UNIQUE INDEX resources_told_name ON resources (tenant_id, told_name) WHERE told_name IS NOT NULL",
    "ALTER TABLE directories ADD COLUMN naming BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE directories ADD COLUMN named_by BIGINT NOT NULL DEFAULT 0",
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
