//! Tenants and tokens as JSON.

use serde_json::{Value, json};
use tenancy::{IssuedToken, Tenant, TokenRecord};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::Origin;

/// A tenant with everything about it.
pub(crate) fn tenant(tenant: &Tenant, origin: &Origin) -> Value {
    json!({
        "name": tenant.name(),
        "enabled": tenant.is_enabled(),
        "base_url": origin.base_url(tenant),
        "host_urls": origin.host_urls(tenant),
        "hosts": tenant.hosts(),
        "settings": tenant.settings(),
        "created": moment(tenant.created_ms()),
        "modified": moment(tenant.modified_ms()),
    })
}

/// A token at the one moment at which it can be read.
pub(crate) fn issued(issued: &IssuedToken, token: &str) -> [(&'static str, Value); 3] {
    [
        ("token", token.into()),
        ("token_id", issued.id.to_string().into()),
        ("expires", issued.expires.format(&Rfc3339).unwrap_or_default().into()),
    ]
}

/// A token as it is listed.
pub(crate) fn token(token: &TokenRecord) -> Value {
    json!({
        "id": token.id,
        "state": token.state,
        "issued": moment(token.issued_ms),
        "expires": moment(token.expires_ms),
        "ended": token.ended_ms.map(moment),
    })
}

/// Milliseconds since 1970 as RFC 3339 in UTC, to the second.
fn moment(milliseconds: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(milliseconds.div_euclid(1000));
    moment.ok().and_then(|moment| moment.format(&Rfc3339).ok()).unwrap_or_default()
}

/// Adds a member to a JSON object.
pub(crate) fn add(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = object {
        members.insert(name.to_owned(), value);
    }
}
