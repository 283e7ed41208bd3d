//! Calls with a name about tokens that there are. One that is made again does nothing more, whatever has happened since, and
//! answers the same.

use sea_orm::ConnectionTrait;

use super::new_token::is_name_of_request;
use crate::replication::Change;
use crate::store::{execute, statement};
use crate::{TenancyError, Tenant, TenantId, Tenants, TokenId};

/// So many of a tenant are remembered, those that were made last.
const REMEMBERED: i64 = 1000;

/// Which token is meant, and by which call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Meant<'a> {
    /// Only this one; whichever it is, if none is named.
    pub id: Option<TokenId>,
    /// A name of the call. Without one, a call that is made again may find a newer rotation, and is about that.
    pub request: Option<&'a str>,
}

impl From<Option<TokenId>> for Meant<'_> {
    fn from(id: Option<TokenId>) -> Self {
        Self { id, request: None }
    }
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Complete,
    Cancel,
    Revoke,
}

impl Verb {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Cancel => "cancel",
            Self::Revoke => "revoke",
        }
    }
}

impl Tenants {
    /// What this call has done before, if it has: that is in force everywhere when this returns.
    pub(super) async fn named_before(
        &self,
        tenant: &str,
        verb: Verb,
        meant: Meant<'_>,
    ) -> Result<Option<Vec<TokenId>>, TenancyError> {
        let Some(request) = meant.request else { return Ok(None) };
        if !is_name_of_request(request) {
            return Err(TenancyError::Invalid(super::new_token::WRONG_NAME.to_owned()));
        }
        let change = self.begin().await?;
        let tenant = self.find(tenant)?;
        let done = done_before(&*change, tenant.id, verb, meant).await?;
        if done.is_some() {
            self.inner.made_before(change).await?;
        }
        Ok(done)
    }
}

/// The same within a change. A name that another call has is refused.
pub(super) async fn done_before(
    on: &impl ConnectionTrait,
    tenant: TenantId,
    verb: Verb,
    meant: Meant<'_>,
) -> Result<Option<Vec<TokenId>>, TenancyError> {
    let Some(request) = meant.request else { return Ok(None) };
    let sql = "SELECT command, asked, tokens FROM token_requests WHERE tenant_id = $1 AND request = $2";
    let Some(row) = on.query_one_raw(statement(on, sql, [tenant.as_i64().into(), request.into()])).await? else {
        return refuse_if_used(on, tenant, request).await.map(|()| None);
    };
    let (command, asked): (String, Option<String>) = (row.try_get("", "command")?, row.try_get("", "asked")?);
    if command != verb.as_str() || asked != meant.id.map(|id| id.to_string()) {
        return Err(reused(request));
    }
    let tokens: String = row.try_get("", "tokens")?;
    let tokens = tokens.split_whitespace().map(|id| id.parse().ok()).collect::<Option<_>>();
    tokens
        .map(Some)
        .ok_or_else(|| TenancyError::Invalid(format!("what the request \"{request}\" has done cannot be read")))
}

/// Refuses the name of a call that has issued a token.
async fn refuse_if_used(on: &impl ConnectionTrait, tenant: TenantId, request: &str) -> Result<(), TenancyError> {
    let sql = "SELECT 1 FROM tokens WHERE tenant_id = $1 AND request = $2";
    let issued = on.query_one_raw(statement(on, sql, [tenant.as_i64().into(), request.into()])).await?;
    if issued.is_some() { Err(reused(request)) } else { Ok(()) }
}

/// Refuses the name of a call that has done something else than to issue a token.
pub(super) async fn refuse_if_named(
    on: &impl ConnectionTrait,
    tenant: TenantId,
    request: &str,
) -> Result<(), TenancyError> {
    let sql = "SELECT 1 FROM token_requests WHERE tenant_id = $1 AND request = $2";
    let named = on.query_one_raw(statement(on, sql, [tenant.as_i64().into(), request.into()])).await?;
    if named.is_some() { Err(reused(request)) } else { Ok(()) }
}

/// Remembers what a call does, with it. Of a call without a name nothing is remembered.
pub(super) async fn remember(
    change: &Change<'_>,
    tenant: &Tenant,
    (verb, meant): (Verb, Meant<'_>),
    tokens: &[TokenId],
    now_ms: i64,
) -> Result<(), TenancyError> {
    let Some(request) = meant.request else { return Ok(()) };
    let tokens: Vec<String> = tokens.iter().map(TokenId::to_string).collect();
    let values = [
        tenant.id.as_i64().into(),
        request.into(),
        verb.as_str().into(),
        meant.id.map(|id| id.to_string()).into(),
        tokens.join(" ").into(),
        now_ms.into(),
    ];
    let sql = "INSERT INTO token_requests (tenant_id, request, command, asked, tokens, made_ms) VALUES ($1, $2, $3, $4, $5, $6)";
    execute(&**change, sql, values).await?;
    let sql = "DELETE FROM token_requests WHERE tenant_id = $1 AND made_ms < \
               (SELECT made_ms FROM token_requests WHERE tenant_id = $1 ORDER BY made_ms DESC LIMIT 1 OFFSET $2)";
    execute(&**change, sql, [tenant.id.as_i64().into(), (REMEMBERED - 1).into()]).await
}

fn reused(request: &str) -> TenancyError {
    TenancyError::RequestReused { request: request.to_owned() }
}
