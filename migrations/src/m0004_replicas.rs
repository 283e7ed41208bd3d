//! What replicas agree on: who they are, which state of the tenants each of them knows, and what changed in between.

use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait,
};

/// Makes the tables `deployment`, `changes` and `replicas`.
#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// `deployment` has one row. `name` is what Redis keys are made of; `generation` counts the changes of tenants, and is
/// locked by each of them; `signing_key` is the id of the key that tokens are signed with.
const DEPLOYMENT: &str = "CREATE TABLE deployment (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    name TEXT NOT NULL,
    generation BIGINT NOT NULL,
    signing_key TEXT){room}";

/// Which tenant each of the last generations changed.
const CHANGES: &str = "CREATE TABLE changes (
    generation BIGINT NOT NULL PRIMARY KEY,
    tenant_id BIGINT NOT NULL)";

/// `beat` counts how often the replica has registered; `acknowledged` is a generation that it holds.
const REPLICAS: &str = "CREATE TABLE replicas (
    id TEXT NOT NULL PRIMARY KEY,
    beat BIGINT NOT NULL,
    acknowledged BIGINT NOT NULL,
    lease_ms BIGINT NOT NULL,
    signing_keys TEXT NOT NULL){room}";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [DEPLOYMENT, CHANGES, REPLICAS] {
            super::create(manager, table).await?;
        }
        let name = uuid::Uuid::now_v7();
        let row = format!("INSERT INTO deployment (id, name, generation) VALUES (1, '{name}', 0)");
        manager.get_connection().execute_unprepared(&row).await.map(|_| ())
    }
}
