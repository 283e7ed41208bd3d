//! The table `tokens`, in SQL that both databases speak.

use sea_orm::{ConnectionTrait, DbErr, QueryResult};

use crate::last_use::store::last_use;
use crate::rotation::{EndedBy, Ending, Mode, Stage};
use crate::store::{execute, statement};
use crate::token::Asked;
use crate::{Network, TenancyError, TenantId, TokenId, TokenRecord, TokenState};

pub(crate) const TOKEN_COLUMNS: &str = "id, tenant_id, issued_ms, expires_ms, ended_ms, ended_by, overlap_until_ms, mode, \
    stage, replaces, scopes, networks, key_id, request, asked_lifetime_ms, asked_overlap_ms, warned_days, last_used_ms, \
    last_address, last_client";

/// Instead of the end of an overlap: there was none.
const ENDED_AT_ONCE: i64 = 0;

/// Adds a token.
pub(crate) async fn insert_token(
    on: &impl ConnectionTrait,
    tenant: TenantId,
    token: &TokenRecord,
) -> Result<(), TenancyError> {
    let sql = "INSERT INTO tokens (id, tenant_id, issued_ms, expires_ms, mode, stage, replaces, scopes, networks, key_id, \
               request, asked_lifetime_ms, asked_overlap_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
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
        token.asked.map(|asked| asked.lifetime_ms).into(),
        token.asked.map(|asked| asked.overlap_ms).into(),
    ];
    execute(on, sql, values).await
}

/// Ends a token, now or at a later moment.
pub(crate) async fn end_token(on: &impl ConnectionTrait, tenant: TenantId, ending: Ending) -> Result<(), TenancyError> {
    let sql = "UPDATE tokens SET ended_ms = $3, ended_by = $4, overlap_until_ms = $5 WHERE tenant_id = $1 AND id = $2";
    let (id, by) = (ending.id.to_string(), ending.by.as_str());
    let overlap_until_ms = if ending.by == EndedBy::Overlap { ending.at_ms } else { ENDED_AT_ONCE };
    execute(on, sql, [tenant.as_i64().into(), id.into(), ending.at_ms.into(), by.into(), overlap_until_ms.into()]).await
}

/// Makes the token that waited the one that stays.
pub(crate) async fn settle_token(on: &impl ConnectionTrait, tenant: TenantId, id: TokenId) -> Result<(), TenancyError> {
    let sql = "UPDATE tokens SET stage = NULL WHERE tenant_id = $1 AND id = $2";
    execute(on, sql, [tenant.as_i64().into(), id.to_string().into()]).await
}

/// Which tokens are read beside those that have not ended: however many a tenant has had, these are few.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sought<'a> {
    /// So many of those that were issued last.
    pub(crate) newest: i64,
    /// This one.
    pub(crate) id: Option<TokenId>,
    /// The one that the call of this name has made.
    pub(crate) request: Option<&'a str>,
}

impl Default for Sought<'_> {
    fn default() -> Self {
        Self { newest: 100, id: None, request: None }
    }
}

/// The tokens of a tenant that are sought, that have not ended, or that ended last; the newest first.
pub(crate) async fn tokens(
    on: &impl ConnectionTrait,
    tenant: TenantId,
    sought: Sought<'_>,
    now_ms: i64,
) -> Result<Vec<TokenRecord>, TenancyError> {
    let sql = format!(
        "SELECT {TOKEN_COLUMNS} FROM tokens WHERE tenant_id = $1 AND (ended_ms IS NULL OR ended_ms > $2 OR id = $3 OR request = $4 \
         OR id IN (SELECT id FROM tokens WHERE tenant_id = $1 ORDER BY issued_ms DESC LIMIT $5) \
         OR ended_ms = (SELECT MAX(ended_ms) FROM tokens WHERE tenant_id = $1)) \
         ORDER BY issued_ms DESC, ended_ms IS NULL DESC, ended_ms DESC"
    );
    let values = [
        tenant.as_i64().into(),
        now_ms.into(),
        sought.id.map(|id| id.to_string()).into(),
        sought.request.map(str::to_owned).into(),
        sought.newest.into(),
    ];
    let rows = on.query_all_raw(statement(on, &sql, values)).await?;
    rows.iter().map(|row| token_record(row, now_ms)).collect()
}

/// How many tokens a tenant was issued since a moment.
pub(crate) async fn issued_since(
    on: &impl ConnectionTrait,
    tenant: TenantId,
    since_ms: i64,
) -> Result<i64, TenancyError> {
    let sql = "SELECT COUNT(*) AS issued FROM tokens WHERE tenant_id = $1 AND issued_ms > $2";
    let row = on.query_one_raw(statement(on, sql, [tenant.as_i64().into(), since_ms.into()])).await?;
    Ok(row.map(|row| row.try_get("", "issued")).transpose()?.unwrap_or_default())
}

/// For how many milliseconds the call of this name has asked; of the version before, how long its token is valid.
pub(crate) async fn lifetime_of_request(
    on: &impl ConnectionTrait,
    tenant: TenantId,
    request: &str,
) -> Result<Option<i64>, TenancyError> {
    let sql = "SELECT COALESCE(asked_lifetime_ms, expires_ms - issued_ms) AS lifetime_ms FROM tokens \
               WHERE tenant_id = $1 AND request = $2";
    let row = on.query_one_raw(statement(on, sql, [tenant.as_i64().into(), request.into()])).await?;
    Ok(row.map(|row| row.try_get("", "lifetime_ms")).transpose()?)
}

/// A row as of a moment. What this version cannot read is never taken for no restriction.
pub(crate) fn token_record(row: &QueryResult, now_ms: i64) -> Result<TokenRecord, TenancyError> {
    let text = |column: &str| row.try_get::<Option<String>>("", column);
    let id: String = row.try_get("", "id")?;
    let unreadable = |column: &str| DbErr::Type(format!("tokens.{column} of {id} cannot be read"));
    let (expires_ms, ended_ms): (i64, Option<i64>) = (row.try_get("", "expires_ms")?, row.try_get("", "ended_ms")?);
    let ended_by = match text("ended_by")?.as_deref() {
        Some("revoked") => EndedBy::Revocation,
        _ => superseded_by(ended_ms, row.try_get("", "overlap_until_ms")?),
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
        ends_later: ended_ms.is_some() && ended_by == EndedBy::Overlap,
        state: TokenState::at(now_ms, expires_ms, ended_ms.map(|at| (at, ended_by)), stage),
        mode: text("mode")?.as_deref().and_then(Mode::named),
        replaces: replaces.map_err(|_| unreadable("replaces"))?,
        scopes: row.try_get::<String>("", "scopes")?.parse().map_err(|_| unreadable("scopes"))?,
        networks: networks.map_err(|_| unreadable("networks"))?,
        last_use: last_use(row)?,
        stage,
        key_id: text("key_id")?,
        request: text("request")?,
        asked: asked(row)?,
        warned_days: row.try_get("", "warned_days")?,
    })
}

/// What took the place of a token that has an end. The version before wrote no end of an overlap, and had every token end by
/// time; it also ended at once what is in an overlap, and left its end.
fn superseded_by(ended_ms: Option<i64>, overlap_until_ms: Option<i64>) -> EndedBy {
    match overlap_until_ms {
        Some(_) if overlap_until_ms != ended_ms => EndedBy::Rotation,
        _ => EndedBy::Overlap,
    }
}

fn asked(row: &QueryResult) -> Result<Option<Asked>, DbErr> {
    let lifetime_ms: Option<i64> = row.try_get("", "asked_lifetime_ms")?;
    let overlap_ms: Option<i64> = row.try_get("", "asked_overlap_ms")?;
    Ok(lifetime_ms.zip(overlap_ms).map(|(lifetime_ms, overlap_ms)| Asked { lifetime_ms, overlap_ms }))
}
