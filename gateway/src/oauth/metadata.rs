//! `/.well-known/oauth-authorization-server` (RFC 8414). It is the same for tenants that do not exist.

use serde_json::json;
use tenancy::Scopes;

use crate::app::Gateway;
use crate::pipeline::{Named, Origin, base_url};
use crate::reply::Reply;
use crate::routes::standard_path;

/// What comes after the issuer of a tenant in its base URL.
const BASE: &str = "/scim/v2";

/// Tells where tokens are given. The issuer is the one that was asked for (RFC 8414 section 3.3): the address of the
/// tenant, or its base URL.
pub(super) fn show(gateway: &Gateway, origin: &Origin<'_>, tenant: Option<&str>, of_base_url: bool) -> Reply {
    let named = Named::by(origin, tenant, &gateway.tenants);
    let base = base_url(origin, standard_path(tenant), named, gateway.settings.public_url.as_ref());
    let address = base.strip_suffix(BASE).unwrap_or(&base);
    let issuer = if of_base_url { base.as_str() } else { address };
    let metadata = json!({
        "issuer": issuer,
        "jwks_uri": format!("{address}/jwks.json"),
        "token_endpoint": format!("{issuer}/oauth2/token"),
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "ES256"],
        "scopes_supported": Scopes::known().collect::<Vec<_>>(),
    });
    Reply::json(metadata.to_string())
}
