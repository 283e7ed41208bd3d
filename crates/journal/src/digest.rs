//! What is told of a tenant's failures at once, to those who are told by mail: by one server, and not more often than a person
//! reads.

use sea_orm::{ConnectionTrait, DbErr, Statement, Value};
use tenancy::Tenant;
use uuid::Uuid;

use crate::queue::Grown;
use crate::rows::{first_id, id, now_ms};
use crate::{Journal, Logged};

/// There is one digest of a tenant in this time at most.
const PAUSE_MS: i64 = 15 * 60 * 1000;
/// What is older is no news.
const NEWS_MS: i64 = 24 * 60 * 60 * 1000;
/// The failures that are told one by one.
const SHOWN: u32 = 10;

/// Failures that nobody was told of yet.
#[derive(Clone, Debug)]
pub struct Digest {
    /// How many.
    pub count: i64,
    /// The newest of them.
    pub newest: Vec<Logged>,
}

/// Whether a tenant has something to tell.
#[derive(Clone, Debug)]
pub enum Claimed {
    /// Nothing.
    Nothing,
    /// Something, but it is too early.
    Later,
    /// This, and whoever asked tells it.
    Ours(Digest),
}

impl Journal {
    /// The numbers of the tenants of which something was written here since the last time.
    #[must_use]
    pub fn untold(&self) -> std::collections::BTreeSet<i64> {
        self.take_grown(Grown::ToTell)
    }

    /// Claims what nobody was told of a tenant yet. What is claimed is told by nobody else.
    ///
    /// # Errors
    /// If the database fails; then nothing is claimed.
    pub async fn claim(&self, tenant: &Tenant) -> Result<Claimed, DbErr> {
        let (told_ms, told) = self.told(tenant).await?;
        let now = now_ms();
        let after = told.max(first_id(now - NEWS_MS));
        let Some(newest) = self.newest(tenant).await?.filter(|newest| *newest > after) else {
            return Ok(Claimed::Nothing);
        };
        // A clock that was set back must not silence anybody for longer.
        if (told_ms..told_ms + PAUSE_MS).contains(&now) {
            return Ok(Claimed::Later);
        }
        if !self.mark(tenant, (told_ms, told), (now, newest)).await? {
            return Ok(Claimed::Later);
        }
        let (count, newest) = self.between(tenant, (after, newest), SHOWN).await?;
        Ok(Claimed::Ours(Digest { count, newest }))
    }

    /// When the last digest was, and up to which failure.
    async fn told(&self, tenant: &Tenant) -> Result<(i64, Uuid), DbErr> {
        let sql = "SELECT told_ms, CAST(told AS text) FROM failure_digests WHERE tenant_id = $1";
        let values = [tenant.id().as_i64().into()];
        let statement = Statement::from_sql_and_values(self.database().backend(), sql, values);
        let rows = self.database().query(statement).await?;
        let Some(row) = rows.first() else { return Ok((0, Uuid::nil())) };
        let told: String = row.try_get_by_index(1)?;
        Ok((row.try_get_by_index(0)?, told.parse().unwrap_or_default()))
    }

    async fn newest(&self, tenant: &Tenant) -> Result<Option<Uuid>, DbErr> {
        let sql =
            "SELECT CAST(id AS text) FROM failures WHERE tenant_id = $1 AND status >= 400 ORDER BY id DESC LIMIT 1";
        let values = [tenant.id().as_i64().into()];
        let statement = Statement::from_sql_and_values(self.database().backend(), sql, values);
        let rows = self.database().query(statement).await?;
        let id: Option<String> = rows.first().map(|row| row.try_get_by_index(0)).transpose()?;
        Ok(id.and_then(|id| id.parse().ok()))
    }

    /// Whether this one was the first to say so.
    async fn mark(&self, tenant: &Tenant, was: (i64, Uuid), is: (i64, Uuid)) -> Result<bool, DbErr> {
        let backend = self.database().backend();
        let sql = format!(
            "INSERT INTO failure_digests (tenant_id, told_ms, told) SELECT t.id, $2, {} FROM tenants t WHERE t.id = $1 \
             ON CONFLICT (tenant_id) DO UPDATE SET told_ms = excluded.told_ms, told = excluded.told \
             WHERE failure_digests.told_ms = $4 AND failure_digests.told = {}",
            id(backend, 3),
            id(backend, 5)
        );
        let values: [Value; 5] =
            [tenant.id().as_i64().into(), is.0.into(), is.1.to_string().into(), was.0.into(), was.1.to_string().into()];
        let statement = Statement::from_sql_and_values(backend, sql, values);
        Ok(self.database().writer().execute_raw(statement).await?.rows_affected() > 0)
    }
}
