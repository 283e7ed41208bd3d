//! The tables `oauth_clients` and `oauth_secrets`, in SQL that both databases speak.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DbErr, QueryResult, Value};

use super::{Federation, OauthClient, OauthClientId, OauthSecret, SecretId};
use crate::hex::{from_hex, to_hex};
use crate::last_use::store::last_use;
use crate::snapshot::Entry;
use crate::store::{execute, statement};
use crate::tenant::TenantId;
use crate::{Network, TenancyError};

const CLIENTS: &str = "SELECT id, tenant_id, name, scopes, networks, disabled, created_ms, issuer, audience, subject, \
                       jwks_uri, last_used_ms, last_address, last_client FROM oauth_clients";
const SECRETS: &str = "SELECT s.id, s.client_id, c.tenant_id, s.digest, s.created_ms, s.expires_ms, s.ended_ms, \
                       s.warned_days, s.last_used_ms, s.last_address, s.last_client \
                       FROM oauth_secrets s JOIN oauth_clients c ON c.id = s.client_id";

/// Adds a client.
pub(super) async fn insert_client(
    on: &impl ConnectionTrait,
    tenant: TenantId,
    client: &OauthClient,
) -> Result<(), TenancyError> {
    let sql = "INSERT INTO oauth_clients (id, tenant_id, name, scopes, networks, disabled, created_ms, issuer, audience, \
               subject, jwks_uri) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let networks: Vec<String> = client.networks.iter().map(Network::to_string).collect();
    let federation = client.federation.as_ref();
    let values: [Value; 11] = [
        client.id.to_string().into(),
        tenant.as_i64().into(),
        client.name.as_str().into(),
        client.scopes.to_string().into(),
        networks.join(" ").into(),
        (!client.enabled).into(),
        client.created_ms.into(),
        federation.map(|known| known.issuer.as_str()).into(),
        federation.map(|known| known.audience.as_str()).into(),
        federation.map(|known| known.subject.as_str()).into(),
        federation.map(|known| known.jwks_uri.as_str()).into(),
    ];
    execute(on, sql, values).await
}

/// Switches a client on or off.
pub(super) async fn enable_client(
    on: &impl ConnectionTrait,
    id: OauthClientId,
    enabled: bool,
) -> Result<(), TenancyError> {
    let sql = "UPDATE oauth_clients SET disabled = $2 WHERE id = $1";
    execute(on, sql, [id.to_string().into(), (!enabled).into()]).await
}

/// Deletes a client with its secrets, which the foreign key takes along.
pub(super) async fn delete_client(on: &impl ConnectionTrait, id: OauthClientId) -> Result<(), TenancyError> {
    execute(on, "DELETE FROM oauth_clients WHERE id = $1", [id.to_string().into()]).await
}

/// Adds a secret.
pub(super) async fn insert_secret(
    on: &impl ConnectionTrait,
    client: OauthClientId,
    secret: &OauthSecret,
) -> Result<(), TenancyError> {
    let sql = "INSERT INTO oauth_secrets (id, client_id, digest, created_ms, expires_ms) VALUES ($1, $2, $3, $4, $5)";
    let values: [Value; 5] = [
        secret.id.to_string().into(),
        client.to_string().into(),
        to_hex(&secret.digest).into(),
        secret.created_ms.into(),
        secret.expires_ms.into(),
    ];
    execute(on, sql, values).await
}

/// Ends a secret, unless it has ended.
pub(super) async fn end_secret(on: &impl ConnectionTrait, id: SecretId, now_ms: i64) -> Result<(), TenancyError> {
    let sql = "UPDATE oauth_secrets SET ended_ms = $2 WHERE id = $1 AND ended_ms IS NULL";
    execute(on, sql, [id.to_string().into(), now_ms.into()]).await
}

/// Every secret that a client has and had, the newest first.
pub(crate) async fn secrets(
    on: &impl ConnectionTrait,
    client: OauthClientId,
) -> Result<Vec<OauthSecret>, TenancyError> {
    let sql = format!("{SECRETS} WHERE s.client_id = $1 ORDER BY s.created_ms DESC, s.id");
    let rows = on.query_all_raw(statement(on, &sql, [client.to_string().into()])).await?;
    rows.iter().map(secret).collect()
}

/// The clients of a tenant, by name, without their secrets.
pub(super) async fn clients(on: &impl ConnectionTrait, tenant: TenantId) -> Result<Vec<OauthClient>, TenancyError> {
    let sql = format!("{CLIENTS} WHERE tenant_id = $1 ORDER BY name");
    let rows = on.query_all_raw(statement(on, &sql, [tenant.as_i64().into()])).await?;
    rows.iter().map(client).collect()
}

/// Puts clients and their secrets where they belong: those of one tenant, or all. Secrets whose time was over before that
/// moment are left out.
pub(crate) async fn fill(
    on: &impl ConnectionTrait,
    entries: &mut [Entry],
    of: Option<TenantId>,
    since_ms: i64,
) -> Result<(), TenancyError> {
    // Numbers of tenants are positive.
    let (least, most) = of.map_or((0, i64::MAX), |id| (id.as_i64(), id.as_i64()));
    let sql = format!("{CLIENTS} WHERE tenant_id BETWEEN $1 AND $2 ORDER BY name");
    for row in &on.query_all_raw(statement(on, &sql, [least.into(), most.into()])).await? {
        if let Some(entry) = find(entries, row)? {
            entry.oauth_clients.push(client(row)?);
        }
    }
    let sql = format!(
        "{SECRETS} WHERE c.tenant_id BETWEEN $1 AND $2 AND s.ended_ms IS NULL AND s.expires_ms > $3 ORDER BY s.created_ms"
    );
    for row in &on.query_all_raw(statement(on, &sql, [least.into(), most.into(), since_ms.into()])).await? {
        let client: OauthClientId = parsed(row, "client_id")?;
        let Some(entry) = find(entries, row)? else { continue };
        if let Some(owner) = entry.oauth_clients.iter_mut().find(|known| known.id == client) {
            owner.secrets.push(secret(row)?);
        }
    }
    Ok(())
}

fn find<'a>(entries: &'a mut [Entry], row: &QueryResult) -> Result<Option<&'a mut Entry>, DbErr> {
    let id = TenantId::new(row.try_get("", "tenant_id")?);
    let position = entries.binary_search_by_key(&id, |entry| entry.tenant.id).ok();
    Ok(position.and_then(|position| entries.get_mut(position)))
}

/// What this version cannot read is never taken for no restriction.
fn client(row: &QueryResult) -> Result<OauthClient, TenancyError> {
    let networks: String = row.try_get("", "networks")?;
    let networks = networks.split_whitespace().map(Network::parse).collect::<Result<_, _>>();
    Ok(OauthClient {
        id: parsed(row, "id")?,
        name: row.try_get("", "name")?,
        scopes: parsed(row, "scopes")?,
        networks: networks.map_err(|_| unreadable("networks"))?,
        enabled: !row.try_get::<bool>("", "disabled")?,
        created_ms: row.try_get("", "created_ms")?,
        federation: federation(row)?,
        secrets: Vec::new(),
        last_use: last_use(row)?,
        noted: Arc::default(),
    })
}

fn federation(row: &QueryResult) -> Result<Option<Federation>, DbErr> {
    let text = |column: &str| row.try_get::<Option<String>>("", column);
    match (text("issuer")?, text("audience")?, text("subject")?, text("jwks_uri")?) {
        (Some(issuer), Some(audience), Some(subject), Some(jwks_uri)) => {
            Ok(Some(Federation { issuer, audience, subject, jwks_uri }))
        }
        (None, None, None, None) => Ok(None),
        _ => Err(unreadable("issuer")),
    }
}

fn secret(row: &QueryResult) -> Result<OauthSecret, TenancyError> {
    let digest: String = row.try_get("", "digest")?;
    Ok(OauthSecret {
        id: parsed(row, "id")?,
        created_ms: row.try_get("", "created_ms")?,
        expires_ms: row.try_get("", "expires_ms")?,
        ended_ms: row.try_get("", "ended_ms")?,
        last_use: last_use(row)?,
        noted: Arc::default(),
        warned_days: row.try_get("", "warned_days")?,
        digest: from_hex(&digest).ok_or_else(|| unreadable("digest"))?,
    })
}

fn parsed<T: std::str::FromStr>(row: &QueryResult, column: &str) -> Result<T, DbErr> {
    row.try_get::<String>("", column)?.parse().map_err(|_| unreadable(column))
}

fn unreadable(column: &str) -> DbErr {
    DbErr::Type(format!("{column} of an OAuth client or secret cannot be read"))
}
