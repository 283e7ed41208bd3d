//! `/ServiceProviderConfig`.

use serde_json::{Value, json};

use super::form::assigned;
use crate::SecurityEvent;

const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";

/// What can be set about the service, as far as clients are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Where people read about this service.
    pub documentation_uri: Option<String>,
    /// Operations in one bulk request. authentik also cuts its PATCH requests to this many operations.
    pub max_operations: u32,
    /// Bytes in one bulk request.
    pub max_payload_size: u64,
    /// Resources in one answer, whatever `count` asks for.
    pub max_results: u32,
    /// Resources in one answer if `count` is not given.
    pub default_page_size: u32,
    /// Seconds for which a cursor can be used (RFC 9865 section 4).
    pub cursor_timeout_seconds: u64,
    /// What the streams of the tenant tell (RFC 9967 section 4); without a stream nothing is announced.
    pub security_events: Vec<SecurityEvent>,
}

/// The answer to `/ServiceProviderConfig`: one object, not a list.
#[must_use]
pub fn service_provider_config(capabilities: &Capabilities, base: &str) -> Value {
    let supported = json!({ "supported": true });
    assigned(json!({
        "schemas": [SCHEMA],
        "documentationUri": capabilities.documentation_uri,
        "patch": supported,
        "bulk": {
            "supported": true,
            "maxOperations": capabilities.max_operations,
            "maxPayloadSize": capabilities.max_payload_size,
        },
        "filter": { "supported": true, "maxResults": capabilities.max_results },
        "changePassword": { "supported": false },
        "sort": supported,
        "etag": supported,
        "pagination": pagination(capabilities),
        "securityEvents": security_events(&capabilities.security_events),
        "authenticationSchemes": [bearer_token(), client_credentials(base)],
        "meta": { "resourceType": "ServiceProviderConfig", "location": format!("{base}/ServiceProviderConfig") },
    }))
}

/// Index paging stays the default: older clients know nothing else (RFC 9865 section 2.4).
fn pagination(capabilities: &Capabilities) -> Value {
    json!({
        "cursor": true,
        "index": true,
        "defaultPaginationMethod": "index",
        "defaultPageSize": capabilities.default_page_size,
        "maxPageSize": capabilities.max_results,
        "cursorTimeout": capabilities.cursor_timeout_seconds,
    })
}

/// Requests are answered asynchronously when that is asked for, and a stream tells their results.
fn security_events(events: &[SecurityEvent]) -> Value {
    if events.is_empty() {
        return Value::Null;
    }
    let uris: Vec<&str> = events.iter().map(|event| event.uri()).collect();
    let is_async = events.contains(&SecurityEvent::AsyncResponse);
    json!({ "asyncRequest": if is_async { "request" } else { "none" }, "eventUris": uris })
}

fn bearer_token() -> Value {
    json!({
        "type": "oauthbearertoken",
        "name": "Bearer token",
        "description": "The provisioning token of the tenant, in the Authorization header",
        "specUri": "https://www.rfc-editor.org/info/rfc6750",
        "primary": true,
    })
}

fn client_credentials(base: &str) -> Value {
    json!({
        "type": "oauth2",
        "name": "OAuth 2.0 client credentials",
        "description": format!("An access token from {base}/oauth2/token, in the Authorization header"),
        "specUri": "https://www.rfc-editor.org/info/rfc6749",
        "primary": false,
    })
}
