//! Invitations: who was asked to verify an address before being a member.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// One of each user that was invited. The link in the mail names the `nonce`: without one, no link is good. A mail is to be sent from
/// `due_ms` on, if there is such a moment; whoever sends it has a lease.
const INVITATIONS: &str = "CREATE TABLE invitations (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    user_id {uuid} NOT NULL,
    state TEXT NOT NULL,
    address TEXT,
    nonce {uuid},
    invited_ms BIGINT NOT NULL,
    due_ms BIGINT,
    expires_ms BIGINT,
    sent_ms BIGINT,
    times_sent BIGINT NOT NULL DEFAULT 0,
    opened_ms BIGINT,
    accepted_ms BIGINT,
    accepted_from TEXT,
    revoked_ms BIGINT,
    tries BIGINT NOT NULL DEFAULT 0,
    problem TEXT,
    lease_ms BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, user_id)){room}";

/// What is to be sent is looked for every second.
const DUE: &str = "CREATE INDEX invitations_due ON invitations (due_ms, tenant_id) WHERE due_ms IS NOT NULL";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::create(manager, INVITATIONS).await?;
        super::create(manager, DUE).await
    }
}
