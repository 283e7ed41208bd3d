//! Users and groups: one row each, members as rows, what clients look up in indexed columns (design: storage).

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// `sequence` counts the tenant's events and is locked by every change; `next_position` orders resources by creation.
const DIRECTORIES: &str = "CREATE TABLE directories (
    tenant_id BIGINT NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL DEFAULT 0,
    next_position BIGINT NOT NULL DEFAULT 0){room}";

/// `document` is the canonical JSON text. Folded or shortened copies of what clients look up stand beside it.
const RESOURCES: &str = "CREATE TABLE resources (
    tenant_id BIGINT NOT NULL,
    id {uuid} NOT NULL,
    kind BIGINT NOT NULL,
    position BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    active BOOLEAN NOT NULL,
    user_name TEXT,
    external_id TEXT,
    display_name TEXT,
    display TEXT,
    manager_id {uuid},
    member_count BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)){room}";

const EMAILS: &str = "CREATE TABLE emails (
    tenant_id BIGINT NOT NULL,
    value TEXT NOT NULL,
    resource_id {uuid} NOT NULL,
    PRIMARY KEY (tenant_id, value, resource_id))";

/// `display` is the member's name as the client sent it, if it sent one.
const MEMBERSHIPS: &str = "CREATE TABLE memberships (
    tenant_id BIGINT NOT NULL,
    group_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    display TEXT,
    PRIMARY KEY (tenant_id, group_id, member_id))";

/// How many resources live in each run of 256 positions: finds any page, and the true total, without counting rows.
const BLOCKS: &str = "CREATE TABLE blocks (
    tenant_id BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    block BIGINT NOT NULL,
    live BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, kind, block)){room}";

const INDEXES: [&str; 7] = [
    "CREATE UNIQUE INDEX resources_position ON resources (tenant_id, kind, position)",
    "CREATE UNIQUE INDEX resources_user_name ON resources (tenant_id, user_name) WHERE user_name IS NOT NULL",
    "CREATE INDEX resources_external_id ON resources (tenant_id, kind, external_id) WHERE external_id IS NOT NULL",
    "CREATE INDEX resources_display_name ON resources (tenant_id, kind, display_name)",
    "CREATE INDEX resources_manager ON resources (tenant_id, manager_id) WHERE manager_id IS NOT NULL",
    "CREATE INDEX emails_resource ON emails (tenant_id, resource_id)",
    "CREATE INDEX memberships_member ON memberships (tenant_id, member_id, group_id)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [DIRECTORIES, RESOURCES, EMAILS, MEMBERSHIPS, BLOCKS] {
            super::create(manager, table).await?;
        }
        for index in INDEXES {
            super::create(manager, index).await?;
        }
        Ok(())
    }
}
