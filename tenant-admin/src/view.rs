//! Tenants and tokens as JSON.

use delivery::{DeadLetter, StoreRecord};
use directory::Breaker;
use serde_json::{Value, json};
use tenancy::{ApiKey, Issue, Mode, OauthClient, OauthSecret, Tenant, TokenRecord, Use};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::Origin;

/// A tenant with everything about it.
pub(crate) fn tenant(tenant: &Tenant, origin: &Origin) -> Value {
    json!({
        "name": tenant.name(),
        "enabled": tenant.is_enabled(),
        "base_url": origin.base_url(tenant),
        "application_urls": origin.application_urls(tenant),
        "host_urls": origin.host_urls(tenant),
        "hosts": tenant.hosts(),
        "settings": tenant.settings(),
        "created": moment(tenant.created_ms()),
        "modified": moment(tenant.modified_ms()),
        "version": tenant.version(),
    })
}

/// A token at the one moment at which it can be read, or what is left to say about it afterwards.
pub(crate) fn issued(issue: &Issue, token: Option<&str>) -> [(&'static str, Value); 8] {
    let record = &issue.record;
    [
        ("token", token.into()),
        ("token_id", record.id.to_string().into()),
        ("expires", moment(record.expires_ms).into()),
        ("mode", record.mode.map(Mode::as_str).into()),
        ("state", json!(record.state)),
        ("repeated", issue.repeated.into()),
        ("scopes", record.scopes.words().collect()),
        ("other_tokens", issue.others.iter().map(self::token).collect()),
    ]
}

/// A store: what it is, and how far it has come. Secrets are never shown.
pub(crate) fn store(store: &StoreRecord) -> Value {
    json!({
        "name": store.name,
        "id": store.id.to_string(),
        "kind": store.kind,
        "options": store.options,
        "settings": store.settings,
        "state": store.state.as_str(),
        "degraded": store.is_degraded,
        "position": store.position,
        "newest": store.newest,
        "lag": store.lag(),
        "held": store.held,
        "snapshot": store.snapshot.is_some(),
        "snapshot_done": store.snapshot.as_ref().map(|snapshot| snapshot.done),
        "snapshot_total": store.snapshot.as_ref().and_then(|snapshot| snapshot.sequence.map(|_| snapshot.total)),
        "replay_to": store.replay.map(|replay| replay.to),
        "attempts": store.attempts,
        "failing_since": store.failing_since_ms.map(moment),
        "retried": (store.attempts > 0).then(|| moment(store.due_ms)),
        "error": store.error,
        "succeeded": store.succeeded_ms.map(moment),
        "dead_letters": store.dead_letters,
        "created": moment(store.created_ms),
        "modified": moment(store.modified_ms),
        "version": store.version,
    })
}

/// The breaker of a tenant.
pub(crate) fn breaker(tenant: &str, breaker: &Breaker) -> Value {
    json!({
        "tenant": tenant,
        "settings": breaker.settings,
        "state": breaker.state.as_str(),
        "counted": breaker.counted,
        "new_counted": breaker.new_counted,
        "expected": breaker.expected.map(|(users, until_ms)| json!({ "users": users, "until": moment(until_ms) })),
        "held_events": breaker.held_events,
        "held_users": breaker.held_users,
        "held_new_users": breaker.held_new_users,
        "trips": breaker.trips,
        "last_trip": breaker.trip.map(|trip| json!({ "sequence": trip.sequence, "time": moment(trip.time_ms) })),
    })
}

/// What it does now.
pub(crate) fn breaker_in_short(breaker: &Breaker) -> Value {
    let Breaker { state, held_events, held_users, held_new_users, .. } = breaker;
    json!({
        "state": state.as_str(), "held_events": held_events, "held_users": held_users, "held_new_users": held_new_users,
    })
}

/// An event that a store did not take.
pub(crate) fn dead_letter(letter: &DeadLetter) -> Value {
    json!({
        "sequence": letter.sequence,
        "type": letter.event_type,
        "subject": letter.subject,
        "parked": moment(letter.parked_ms),
        "attempts": letter.attempts,
        "error": letter.error,
        "retrying": letter.is_asked_for,
    })
}

/// A token as it is listed.
pub(crate) fn token(token: &TokenRecord) -> Value {
    json!({
        "id": token.id,
        "state": token.state,
        "issued": moment(token.issued_ms),
        "expires": moment(token.expires_ms),
        "ended": token.ended_ms.map(moment),
        "mode": token.mode,
        "replaces": token.replaces,
        "scopes": token.scopes.words().collect::<Vec<_>>(),
        "networks": token.networks,
        "last_used": token.last_use.as_ref().map(last_use),
    })
}

/// An OAuth client as it is shown.
pub(crate) fn oauth_client(client: &OauthClient) -> Value {
    let federation = client.federation.as_ref().map(|known| {
        json!({
            "issuer": known.issuer,
            "audience": known.audience,
            "subject": known.subject,
            "jwks_uri": known.jwks_uri,
        })
    });
    json!({
        "client_id": client.id,
        "name": client.name,
        "enabled": client.enabled,
        "created": moment(client.created_ms),
        "scopes": client.scopes.words().collect::<Vec<_>>(),
        "networks": client.networks,
        "federation": federation,
        "last_used": client.last_use.as_ref().map(last_use),
        "secrets": client.secrets.iter().map(oauth_secret).collect::<Vec<_>>(),
    })
}

/// A secret as it is listed.
pub(crate) fn oauth_secret(secret: &OauthSecret) -> Value {
    json!({
        "secret_id": secret.id,
        "created": moment(secret.created_ms),
        "expires": moment(secret.expires_ms),
        "ended": secret.ended_ms.map(moment),
        "last_used": secret.last_use.as_ref().map(last_use),
    })
}

/// A key of a program that administers, as it is listed.
pub(crate) fn api_key(key: &ApiKey) -> Value {
    json!({
        "id": key.id,
        "name": key.name,
        "role": key.role,
        "tenant": key.tenant,
        "created": moment(key.created_ms),
        "expires": moment(key.expires_ms),
        "ended": key.ended_ms.map(moment),
    })
}

fn last_use(used: &Use) -> Value {
    json!({ "time": moment(used.at_ms), "address": used.address, "client": used.client })
}

/// Milliseconds since 1970 as RFC 3339 in UTC, to the second.
pub(crate) fn moment(milliseconds: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(milliseconds.div_euclid(1000));
    moment.ok().and_then(|moment| moment.format(&Rfc3339).ok()).unwrap_or_default()
}

/// Adds a member to a JSON object.
pub(crate) fn add(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = object {
        members.insert(name.to_owned(), value);
    }
}
