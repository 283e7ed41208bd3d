//! `/jwks.json`: the public keys of a tenant (RFC 7517). They verify the security event tokens of its streams, and are there for
//! tenants that do not exist, too: nobody without token shall learn which there are.

use std::borrow::Cow;

use tenancy::Resolution;

use crate::app::Gateway;
use crate::error::Rejection;
use crate::pipeline::Origin;
use crate::reply::Reply;

/// How long whoever fetched the keys may keep them. Who meets an unknown `kid` fetches them anew.
const KEPT: &str = "public, max-age=300";

pub(super) fn show(gateway: &Gateway, origin: &Origin<'_>, tenant: Option<&str>) -> Result<Reply, Rejection> {
    let name = named(gateway, origin, tenant).ok_or_else(Rejection::unknown_base)?;
    let keys = gateway.tenants.signing_keys().public_keys(&name).map_err(Rejection::unavailable)?;
    Ok(Reply::json(keys.to_string()).kept(KEPT))
}

/// The name that the address has; of a host that is nobody's, its first label, which a tenant could have.
fn named<'a>(gateway: &Gateway, origin: &'a Origin<'_>, tenant: Option<&'a str>) -> Option<Cow<'a, str>> {
    if let Some(name) = tenant {
        return Some(Cow::Borrowed(name));
    }
    match gateway.tenants.resolve(&origin.address(None)) {
        Resolution::Tenant(tenant) => Some(Cow::Owned(tenant.name().to_owned())),
        Resolution::Unknown => origin.authority.split('.').next().map(|label| label.to_ascii_lowercase().into()),
        Resolution::Shared => None,
    }
}
