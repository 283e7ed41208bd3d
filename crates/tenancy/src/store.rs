//! The tables `tenants` and `hosts`, and what requests are to know of all tables, in SQL that both databases speak.

use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};

use crate::credential::Credential;
use crate::oauth;
use crate::snapshot::Entry;
use crate::tenant::{Tenant, TenantId};
use crate::token_store::{TOKEN_COLUMNS, token_record};
use crate::{Profiles, Settings, TenancyError, TokenState};

// Columns are named, never `*`: PostgreSQL fails a prepared `SELECT *` once a newer version has added a column.
/// What has ended by time is remembered for so long, in milliseconds: the clock of this process may be set back.
const REMEMBERED_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// How many tenants one statement gives a new version.
const TOUCHED: usize = 1_000;

const TENANT_COLUMNS: &str = "id, name, enabled, settings, created_ms, modified_ms";

/// One row of `tenants`.
pub(crate) struct TenantRow {
    pub(crate) name: String,
    pub(crate) enabled: bool,
    pub(crate) settings: Settings,
    pub(crate) created_ms: i64,
    pub(crate) modified_ms: i64,
}

/// Adds a tenant and gives it its number.
pub(crate) async fn insert_tenant(on: &impl ConnectionTrait, row: &TenantRow) -> Result<TenantId, TenancyError> {
    let sql = "INSERT INTO tenants (name, enabled, settings, created_ms, modified_ms) VALUES ($1, $2, $3, $4, $5) \
               RETURNING id";
    let values = [
        row.name.as_str().into(),
        row.enabled.into(),
        to_json(&row.settings)?.into(),
        row.created_ms.into(),
        row.modified_ms.into(),
    ];
    let inserted = on.query_one_raw(statement(on, sql, values)).await?;
    let inserted = inserted.ok_or_else(|| DbErr::RecordNotInserted)?;
    Ok(TenantId::new(inserted.try_get("", "id")?))
}

/// Writes what may change about a tenant.
pub(crate) async fn update_tenant(
    on: &impl ConnectionTrait,
    id: TenantId,
    enabled: bool,
    settings: &Settings,
    now_ms: i64,
) -> Result<(), TenancyError> {
    let sql = "UPDATE tenants SET enabled = $2, settings = $3, modified_ms = $4 WHERE id = $1";
    execute(on, sql, [id.as_i64().into(), enabled.into(), to_json(settings)?.into(), now_ms.into()]).await
}

/// Gives tenants a new version: something that they go by was changed.
pub(crate) async fn touch_tenants(
    on: &impl ConnectionTrait,
    ids: &[TenantId],
    now_ms: i64,
) -> Result<(), TenancyError> {
    for some in ids.chunks(TOUCHED) {
        let numbers: Vec<String> = some.iter().map(|id| id.as_i64().to_string()).collect();
        let sql = format!(
            "UPDATE tenants SET modified_ms = CASE WHEN modified_ms < $1 THEN $1 ELSE modified_ms + 1 END WHERE id IN ({})",
            numbers.join(", ")
        );
        execute(on, &sql, [now_ms.into()]).await?;
    }
    Ok(())
}

/// Deletes a tenant with its hosts and tokens, which the tables' foreign keys take along.
pub(crate) async fn delete_tenant(on: &impl ConnectionTrait, id: TenantId) -> Result<(), TenancyError> {
    execute(on, "DELETE FROM tenants WHERE id = $1", [id.as_i64().into()]).await
}

pub(crate) async fn insert_host(on: &impl ConnectionTrait, id: TenantId, host: &str) -> Result<(), TenancyError> {
    execute(on, "INSERT INTO hosts (host, tenant_id) VALUES ($1, $2)", [host.into(), id.as_i64().into()]).await
}

pub(crate) async fn delete_host(on: &impl ConnectionTrait, id: TenantId, host: &str) -> Result<(), TenancyError> {
    execute(on, "DELETE FROM hosts WHERE host = $1 AND tenant_id = $2", [host.into(), id.as_i64().into()]).await
}

/// Every tenant there is.
pub(crate) async fn entries(
    on: &impl ConnectionTrait,
    profiles: &Profiles,
    now_ms: i64,
) -> Result<Vec<Entry>, TenancyError> {
    let sql = format!("SELECT {TENANT_COLUMNS} FROM tenants ORDER BY id");
    let rows = on.query_all_raw(statement(on, &sql, [])).await?;
    let mut entries = rows.iter().map(|row| entry(row, profiles)).collect::<Result<Vec<_>, _>>()?;
    let hosts = on.query_all_raw(statement(on, "SELECT tenant_id, host FROM hosts ORDER BY host", [])).await?;
    let sql = format!("SELECT {TOKEN_COLUMNS} FROM tokens WHERE expires_ms > $1 ORDER BY issued_ms");
    let tokens = on.query_all_raw(statement(on, &sql, [(now_ms - REMEMBERED_MS).into()])).await?;
    fill(&mut entries, &hosts, &tokens, now_ms)?;
    oauth::store::fill(on, &mut entries, None, now_ms - REMEMBERED_MS).await?;
    Ok(entries)
}

/// One tenant, if there is one of this number.
pub(crate) async fn find_entry(
    on: &impl ConnectionTrait,
    profiles: &Profiles,
    id: TenantId,
    now_ms: i64,
) -> Result<Option<Entry>, TenancyError> {
    let of_one = |sql: &str| statement(on, sql, [id.as_i64().into()]);
    let row = on.query_one_raw(of_one(&format!("SELECT {TENANT_COLUMNS} FROM tenants WHERE id = $1"))).await?;
    let Some(row) = row else { return Ok(None) };
    let mut entries = vec![entry(&row, profiles)?];
    let hosts =
        on.query_all_raw(of_one("SELECT tenant_id, host FROM hosts WHERE tenant_id = $1 ORDER BY host")).await?;
    let sql = format!("SELECT {TOKEN_COLUMNS} FROM tokens WHERE tenant_id = $1 AND expires_ms > $2 ORDER BY issued_ms");
    let tokens = on.query_all_raw(statement(on, &sql, [id.as_i64().into(), (now_ms - REMEMBERED_MS).into()])).await?;
    fill(&mut entries, &hosts, &tokens, now_ms)?;
    oauth::store::fill(on, &mut entries, Some(id), now_ms - REMEMBERED_MS).await?;
    Ok(entries.pop())
}

fn entry(row: &QueryResult, profiles: &Profiles) -> Result<Entry, TenancyError> {
    let name: String = row.try_get("", "name")?;
    let settings: String = row.try_get("", "settings")?;
    let unreadable = |reason: String| TenancyError::Stored { tenant: name.clone(), reason };
    let settings: Settings = serde_json::from_str(&settings).map_err(|error| unreadable(error.to_string()))?;
    let (profile, schemas) = profiles.of_tenant(&name, &settings);
    let tenant = Tenant {
        id: TenantId::new(row.try_get("", "id")?),
        name: name.as_str().into(),
        enabled: row.try_get("", "enabled")?,
        settings,
        profile,
        schemas,
        hosts: Vec::new(),
        created_ms: row.try_get("", "created_ms")?,
        modified_ms: row.try_get("", "modified_ms")?,
    };
    Ok(Entry {
        tenant: tenant.into(),
        credentials: Vec::new(),
        ended: Vec::new(),
        oauth_clients: Vec::new(),
        past_uses: Vec::new(),
    })
}

/// Puts hosts and tokens where they belong; `entries` are in the order of their numbers.
fn fill(entries: &mut [Entry], hosts: &[QueryResult], tokens: &[QueryResult], now_ms: i64) -> Result<(), TenancyError> {
    for row in hosts {
        if let Some(tenant) = find(entries, row)?.and_then(|entry| std::sync::Arc::get_mut(&mut entry.tenant)) {
            tenant.hosts.push(row.try_get("", "host")?);
        }
    }
    for row in tokens {
        let Some(entry) = find(entries, row)? else { continue };
        let token = token_record(row, now_ms)?;
        match token.state {
            ended @ (TokenState::Superseded | TokenState::Revoked) if !token.ends_later => {
                entry.ended.push((token.id, ended));
            }
            // Whether its time is over is asked again in every request.
            _ => entry.credentials.push(Credential::of(&token)),
        }
    }
    Ok(())
}

fn find<'a>(entries: &'a mut [Entry], row: &QueryResult) -> Result<Option<&'a mut Entry>, DbErr> {
    let id = TenantId::new(row.try_get("", "tenant_id")?);
    let position = entries.binary_search_by_key(&id, |entry| entry.tenant.id).ok();
    Ok(position.and_then(|position| entries.get_mut(position)))
}

fn to_json(settings: &Settings) -> Result<String, TenancyError> {
    serde_json::to_string(settings).map_err(|error| TenancyError::Invalid(error.to_string()))
}

pub(crate) fn statement(on: &impl ConnectionTrait, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(on.get_database_backend(), sql, values)
}

pub(crate) async fn execute(
    on: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<(), TenancyError> {
    on.execute_raw(statement(on, sql, values)).await?;
    Ok(())
}
