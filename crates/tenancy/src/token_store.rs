//! The table `tokens`, in SQL that both databases speak.

use database::rows::Column::{Integer, Text};
use database::rows::{Named, Rows, source};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult};

use crate::last_use::Use;
use crate::rotation::{EndedBy, Ending, Mode, Stage};
use crate::store::{execute, statement};
use crate::{Network, TenancyError, TenantId, TokenId, TokenRecord, TokenState};

pub(crate) const TOKEN_COLUMNS: &str = "id, tenant_id, issued_ms, expires_ms, ended_ms, ended_by, mode, stage, \
    replaces, scopes, networks, key_id, request, warned_days, last_used_ms, last_address, last_client";

/// A use of a token, as it is written.
const USE: [Named; 4] = [("id", Text), ("at", Integer), ("address", Text), ("client", Text)];

/// Adds a token.
pub(crate) async fn insert_token(
    on: &impl ConnectionTrait,
    tenant: TenantId,
    token: &TokenRecord,
) -> Result<(), TenancyError> {
    let sql = "INSERT INTO tokens (id, tenant_id, issued_ms, expires_ms, mode, stage, replaces, scopes, networks, key_id, \
               request) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let networks: Vec<String> = token.networks.iter().map(Network::to_string).collect();
    let values = [
        token.id.to_string().into(),
        tenant.as_i64().into(),
        token.issued_ms.into(),
        token.expires_ms.into(),
        token.mode.map(Mode::as_str).into(),
        token.stage.map(Stage::as_str).into(),
        token.replaces.map(|id| id.to_string()).into(),
        token.scopes.to_string().into(),
        networks.join(" ").into(),
        token.key_id.as_deref().into(),
        token.request.as_deref().into(),
    ];
    execute(on, sql, values).await
}

/// Ends a token, now or at a later moment.
pub(crate) async fn end_token(on: &impl ConnectionTrait, tenant: TenantId, ending: Ending) -> Result<(), TenancyError> {
    let sql = "UPDATE tokens SET ended_ms = $3, ended_by = $4 WHERE tenant_id = $1 AND id = $2";
    let (id, by) = (ending.id.to_string(), ending.by.as_str());
    execute(on, sql, [tenant.as_i64().into(), id.into(), ending.at_ms.into(), by.into()]).await
}

/// Makes the token that waited the one that stays.
pub(crate) async fn settle_token(on: &impl ConnectionTrait, tenant: TenantId, id: TokenId) -> Result<(), TenancyError> {
    let sql = "UPDATE tokens SET stage = NULL WHERE tenant_id = $1 AND id = $2";
    execute(on, sql, [tenant.as_i64().into(), id.to_string().into()]).await
}

/// Notes that a warning of the end of a token is given; `false`: somebody else gives it, or a later one.
pub(crate) async fn claim_warning(
    on: &impl ConnectionTrait,
    tenant: TenantId,
    id: TokenId,
    days: i64,
) -> Result<bool, TenancyError> {
    let sql = "UPDATE tokens SET warned_days = $3 WHERE tenant_id = $1 AND id = $2 \
               AND (warned_days IS NULL OR warned_days > $3)";
    let values = [tenant.as_i64().into(), id.to_string().into(), days.into()];
    Ok(on.execute_raw(statement(on, sql, values)).await?.rows_affected() == 1)
}

/// The tokens of a tenant, the newest first.
pub(crate) async fn tokens(
    on: &impl ConnectionTrait,
    tenant: TenantId,
    now_ms: i64,
) -> Result<Vec<TokenRecord>, TenancyError> {
    let sql = format!(
        "SELECT {TOKEN_COLUMNS} FROM tokens WHERE tenant_id = $1 \
         ORDER BY issued_ms DESC, ended_ms IS NULL DESC, ended_ms DESC"
    );
    let rows = on.query_all_raw(statement(on, &sql, [tenant.as_i64().into()])).await?;
    rows.iter().map(|row| token_record(row, now_ms)).collect()
}

/// Writes uses of tokens of any tenants. A later one that is there already stays. A row that a change of tokens holds is
/// left out: nobody waits for a lock here, so nobody can wait in a circle.
pub(crate) async fn write_uses(on: &impl ConnectionTrait, uses: &[(TokenId, Use)]) -> Result<(), TenancyError> {
    if uses.is_empty() {
        return Ok(());
    }
    let row = |(id, used): &(TokenId, Use)| {
        [id.to_string().into(), used.at_ms.into(), used.address.as_str().into(), used.client.as_str().into()]
    };
    let backend = on.get_database_backend();
    let rows = Rows::collect(&USE, uses.iter().map(row)).bind(backend);
    let uses = source(backend, 1, "k", &USE);
    let free = match backend {
        DbBackend::Postgres => format!(
            "(SELECT k.id, k.at, k.address, k.client FROM {uses} CROSS JOIN tokens t WHERE t.id = k.id \
             ORDER BY t.id FOR UPDATE OF t SKIP LOCKED) AS k"
        ),
        _ => uses,
    };
    let sql = format!(
        "UPDATE tokens SET last_used_ms = k.at, last_address = k.address, last_client = k.client FROM {free} \
         WHERE tokens.id = k.id AND (tokens.last_used_ms IS NULL OR tokens.last_used_ms < k.at)"
    );
    execute(on, &sql, rows).await
}

/// A row as of a moment. What this version cannot read is never taken for no restriction.
pub(crate) fn token_record(row: &QueryResult, now_ms: i64) -> Result<TokenRecord, TenancyError> {
    let text = |column: &str| row.try_get::<Option<String>>("", column);
    let id: String = row.try_get("", "id")?;
    let unreadable = |column: &str| DbErr::Type(format!("tokens.{column} of {id} cannot be read"));
    let (expires_ms, ended_ms): (i64, Option<i64>) = (row.try_get("", "expires_ms")?, row.try_get("", "ended_ms")?);
    let ended_by = match text("ended_by")?.as_deref() {
        Some("revoked") => EndedBy::Revocation,
        _ => EndedBy::Rotation,
    };
    let stage = match text("stage")? {
        Some(name) => Some(Stage::named(&name).ok_or_else(|| unreadable("stage"))?),
        None => None,
    };
    let networks: String = row.try_get("", "networks")?;
    let networks = networks.split_whitespace().map(Network::parse).collect::<Result<_, _>>();
    let replaces = text("replaces")?.map(|id| id.parse()).transpose();
    Ok(TokenRecord {
        id: id.parse().map_err(|_| unreadable("id"))?,
        issued_ms: row.try_get("", "issued_ms")?,
        expires_ms,
        ended_ms,
        state: TokenState::at(now_ms, expires_ms, ended_ms.map(|at| (at, ended_by)), stage),
        mode: text("mode")?.as_deref().and_then(Mode::named),
        replaces: replaces.map_err(|_| unreadable("replaces"))?,
        scopes: row.try_get::<String>("", "scopes")?.parse().map_err(|_| unreadable("scopes"))?,
        networks: networks.map_err(|_| unreadable("networks"))?,
        last_use: last_use(row)?,
        stage,
        key_id: text("key_id")?,
        request: text("request")?,
        warned_days: row.try_get("", "warned_days")?,
    })
}

fn last_use(row: &QueryResult) -> Result<Option<Use>, DbErr> {
    let Some(at_ms) = row.try_get("", "last_used_ms")? else { return Ok(None) };
    let text = |column: &str| row.try_get::<Option<String>>("", column).map(Option::unwrap_or_default);
    Ok(Some(Use { at_ms, address: text("last_address")?, client: text("last_client")? }))
}
