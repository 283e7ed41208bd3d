//! Reading a tenant's log, the newest first.

use database::Database;
use sea_orm::{DbErr, QueryResult, Statement, Value};
use tenancy::{Administered, Tenant};
use uuid::Uuid;

use crate::failure::key;
use crate::hint::hint;
use crate::rows::{first_id, id};
use crate::{Journal, Named};

/// Which part of a log is asked for.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Those older than this one.
    pub before: Option<Uuid>,
    /// Those from this moment on, in milliseconds since 1970 UTC.
    pub since_ms: Option<i64>,
    /// Those about one user or group: its name in any letter case, its `externalId` or its id.
    pub about: Option<String>,
    /// The id of the resource of that name, if it is there: requests that change it name nothing else.
    pub about_id: Option<String>,
    /// At most so many.
    pub limit: u32,
}

/// A failure as the log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Its own number; newer ones are larger.
    pub id: Uuid,
    /// When, in milliseconds since 1970 UTC; the last time, if there were several.
    pub time_ms: i64,
    /// The id that the client was told.
    pub request_id: String,
    /// The short name of the client.
    pub client: String,
    /// What it wanted to do: the name of an [`Operation`](crate::Operation).
    pub operation: String,
    /// `User` or `Group`, if it was about one sort.
    pub resource_type: Option<String>,
    /// Which one.
    pub named: Named,
    /// The status that it was answered with.
    pub status: i64,
    /// The keyword of the error.
    pub scim_type: Option<String>,
    /// The sentence that it was told.
    pub detail: String,
    /// To whom what the client changed then was attributed.
    pub administrator: Option<String>,
    /// What an administrator can do about it.
    pub hint: Option<&'static str>,
    /// How often it happened within a second; 1, if it is about somebody.
    pub times: i64,
}

/// The columns as [`Logged::read`] takes them.
const READ: &str = "CAST(f.id AS text), f.time_ms, f.request_id, f.client, f.operation, f.resource_type, f.user_name, \
                    f.display_name, f.external_id, f.resource_id, f.status, f.scim_type, f.detail, f.times, f.administrator";

/// Beside what failed, the log has who accepted an invitation.
const FAILED: &str = "AND f.status >= 400";

impl Journal {
    /// A part of a tenant's log, the newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn list(&self, tenant: &Administered, page: &Page) -> Result<Vec<Logged>, DbErr> {
        let Page { before, since_ms, about, about_id, limit } = page;
        let oldest = Uuid::nil().max(first_id(since_ms.unwrap_or_default()));
        let newest = before.unwrap_or(Uuid::max());
        let mut values: Vec<Value> =
            vec![tenant.tenant().id().as_i64().into(), oldest.to_string().into(), newest.to_string().into()];
        let mut wanted = String::new();
        if let Some(name) = about {
            wanted =
                "AND (f.name_key = $4 OR f.external_id = $5 OR f.resource_id = $5 OR f.resource_id = $6)".to_owned();
            let id = about_id.as_ref().unwrap_or(name);
            values.extend([key(name).into(), name.as_str().into(), id.as_str().into()]);
        }
        let since = since_ms.map(|since| format!("AND f.time_ms >= {since}")).unwrap_or_default();
        self.read(&format!("{wanted} {since}"), values, *limit).await
    }

    /// What was written of a tenant after one id and up to another: the newest, and how many there are in all.
    pub(crate) async fn between(
        &self,
        tenant: &Tenant,
        (after, to): (Uuid, Uuid),
        limit: u32,
    ) -> Result<(i64, Vec<Logged>), DbErr> {
        let values = || -> Vec<Value> {
            vec![tenant.id().as_i64().into(), after.to_string().into(), next(to).to_string().into()]
        };
        let backend = self.database().backend();
        let sql = format!("SELECT CAST(COALESCE(SUM(f.times), 0) AS BIGINT) {} {FAILED}", range(self.database()));
        let counted = self.database().query(Statement::from_sql_and_values(backend, sql, values())).await?;
        let count = counted.first().map_or(Ok(0), |row| row.try_get_by_index(0))?;
        Ok((count, self.read(FAILED, values(), limit).await?))
    }

    async fn read(&self, wanted: &str, values: Vec<Value>, limit: u32) -> Result<Vec<Logged>, DbErr> {
        let range = range(self.database());
        let sql = format!("SELECT {READ} {range} {wanted} ORDER BY f.id DESC LIMIT {limit}");
        let statement = Statement::from_sql_and_values(self.database().backend(), sql, values);
        self.database().query(statement).await?.iter().map(Logged::read).collect()
    }
}

fn range(database: &Database) -> String {
    let backend = database.backend();
    format!("FROM failures f WHERE f.tenant_id = $1 AND f.id > {} AND f.id < {}", id(backend, 2), id(backend, 3))
}

fn next(id: Uuid) -> Uuid {
    Uuid::from_u128(id.as_u128().saturating_add(1))
}

impl Logged {
    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        let id: String = row.try_get_by_index(0)?;
        let named = Named {
            user_name: row.try_get_by_index(6)?,
            display_name: row.try_get_by_index(7)?,
            external_id: row.try_get_by_index(8)?,
            id: row.try_get_by_index(9)?,
        };
        let (operation, status): (String, i64) = (row.try_get_by_index(4)?, row.try_get_by_index(10)?);
        let (resource_type, scim_type): (Option<String>, Option<String>) =
            (row.try_get_by_index(5)?, row.try_get_by_index(11)?);
        Ok(Self {
            id: id.parse().map_err(|_| DbErr::Custom("a failure has no id".to_owned()))?,
            time_ms: row.try_get_by_index(1)?,
            request_id: row.try_get_by_index(2)?,
            client: row.try_get_by_index(3)?,
            hint: hint(status, scim_type.as_deref(), &operation, resource_type.as_deref()),
            operation,
            resource_type,
            named,
            status,
            scim_type,
            detail: row.try_get_by_index(12)?,
            times: row.try_get_by_index(13)?,
            administrator: row.try_get_by_index(14)?,
        })
    }
}
