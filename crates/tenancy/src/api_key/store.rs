//! The table `api_keys`, in SQL that both databases speak.

use database::Database;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value};

use super::{ApiKey, ApiKeyId};
use crate::hex::{from_hex, to_hex};
use crate::store::{execute, statement};
use crate::{TenancyError, TenantId};

const KEYS: &str = "SELECT k.id, k.tenant_id, t.name AS tenant, k.name, k.role, k.digest, k.created_ms, k.expires_ms, \
                    k.ended_ms FROM api_keys k LEFT JOIN tenants t ON t.id = k.tenant_id";

/// Adds a key.
pub(super) async fn insert(
    on: &impl ConnectionTrait,
    tenant: Option<TenantId>,
    key: &ApiKey,
) -> Result<(), TenancyError> {
    let sql = "INSERT INTO api_keys (id, tenant_id, name, role, digest, created_ms, expires_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values: [Value; 7] = [
        key.id.to_string().into(),
        tenant.map(TenantId::as_i64).into(),
        key.name.as_str().into(),
        key.role.as_str().into(),
        to_hex(&key.digest).into(),
        key.created_ms.into(),
        key.expires_ms.into(),
    ];
    execute(on, sql, values).await
}

/// Ends a key, unless it has ended.
pub(super) async fn end(on: &impl ConnectionTrait, id: ApiKeyId, now_ms: i64) -> Result<(), TenancyError> {
    let sql = "UPDATE api_keys SET ended_ms = $2 WHERE id = $1 AND ended_ms IS NULL";
    execute(on, sql, [id.to_string().into(), now_ms.into()]).await
}

/// Whether a key is valid. It does not end before the transaction does.
pub(super) async fn hold(on: &impl ConnectionTrait, id: ApiKeyId, now_ms: i64) -> Result<bool, TenancyError> {
    // SQLite has one writer at a time, and a change is one.
    let lock = if on.get_database_backend() == DbBackend::Postgres { " FOR SHARE" } else { "" };
    let sql = format!("SELECT id FROM api_keys WHERE id = $1 AND ended_ms IS NULL AND expires_ms > $2{lock}");
    let row = on.query_one_raw(statement(on, &sql, [id.to_string().into(), now_ms.into()])).await?;
    Ok(row.is_some())
}

/// One key.
pub(super) async fn find(database: &Database, id: ApiKeyId) -> Result<Option<ApiKey>, TenancyError> {
    let sql = format!("{KEYS} WHERE k.id = $1");
    let statement = Statement::from_sql_and_values(database.backend(), sql, [id.to_string().into()]);
    database.query(statement).await?.first().map(read).transpose()
}

/// Every key, the newest first.
pub(super) async fn all(database: &Database) -> Result<Vec<ApiKey>, TenancyError> {
    let sql = format!("{KEYS} ORDER BY k.created_ms DESC, k.id");
    let rows = database.query(Statement::from_string(database.backend(), sql)).await?;
    rows.iter().map(read).collect()
}

/// What this version cannot read is never taken for a key of all tenants.
fn read(row: &QueryResult) -> Result<ApiKey, TenancyError> {
    let text = |column: &str| row.try_get::<String>("", column);
    let tenant: Option<String> = row.try_get("", "tenant")?;
    if row.try_get::<Option<i64>>("", "tenant_id")?.is_some() != tenant.is_some() {
        return Err(unreadable("tenant_id").into());
    }
    Ok(ApiKey {
        id: text("id")?.parse().map_err(|_| unreadable("id"))?,
        name: text("name")?,
        role: text("role")?.parse().map_err(|_| unreadable("role"))?,
        tenant,
        created_ms: row.try_get("", "created_ms")?,
        expires_ms: row.try_get("", "expires_ms")?,
        ended_ms: row.try_get("", "ended_ms")?,
        digest: from_hex(&text("digest")?).ok_or_else(|| unreadable("digest"))?,
    })
}

fn unreadable(column: &str) -> DbErr {
    DbErr::Type(format!("api_keys.{column} cannot be read"))
}
