//! Stage one: whose address it is, and the base URL that its user sees.

use tenancy::{Resolution, Tenants};

use super::origin::Origin;
use crate::settings::PublicUrl;

/// What names a tenant in an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// The path.
    Path,
    /// The host.
    Host,
    /// Nothing: the token will tell.
    Nothing,
}

impl Named {
    /// Whether the tenant exists makes no difference here: nobody without token shall learn it.
    pub(crate) fn by(origin: &Origin<'_>, path_tenant: Option<&str>, tenants: &Tenants) -> Self {
        if path_tenant.is_some() {
            return Self::Path;
        }
        match tenants.resolve(&origin.address(None)) {
            Resolution::Tenant(_) | Resolution::Unknown => Self::Host,
            Resolution::Shared => Self::Nothing,
        }
    }

    /// Whether the address names a tenant.
    pub(crate) fn is_one(self) -> bool {
        self != Self::Nothing
    }
}

/// The URL that `/Users` is appended to, as this client sees it. `meta.location` starts with it.
pub(crate) fn base_url(origin: &Origin<'_>, path: [&str; 3], named: Named, public_url: Option<&PublicUrl>) -> String {
    let seen = if origin.is_secure { "https" } else { "http" };
    let (scheme, authority) = match public_url {
        None => (seen, &*origin.authority),
        // A tenant's own host is what its users know; only the scheme is the proxy's.
        Some(public) if named == Named::Host => (public.scheme(), &*origin.authority),
        Some(public) => (public.scheme(), public.authority()),
    };
    let [first, second, third] = path;
    [scheme, "://", authority, first, second, third].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::standard_path;

    fn origin(authority: &'static str) -> Origin<'static> {
        Origin { is_secure: false, authority: authority.into(), client: std::net::Ipv4Addr::LOCALHOST.into() }
    }

    #[test]
    fn the_base_url_is_the_one_that_was_used() {
        let origin = origin("127.0.0.1:8080");
        assert_eq!(
            base_url(&origin, standard_path(Some("acme")), Named::Path, None),
            "http://127.0.0.1:8080/t/acme/scim/v2"
        );
        assert_eq!(base_url(&origin, standard_path(None), Named::Nothing, None), "http://127.0.0.1:8080/scim/v2");
    }

    #[test]
    fn behind_a_proxy_the_public_url_stands_for_shared_hosts_only() {
        let public = PublicUrl::parse("https://scim.example").unwrap();
        let inside = origin("10.0.0.1:8080");
        assert_eq!(
            base_url(&inside, standard_path(Some("acme")), Named::Path, Some(&public)),
            "https://scim.example/t/acme/scim/v2"
        );
        let own = origin("scim.acme.example");
        assert_eq!(
            base_url(&own, standard_path(None), Named::Host, Some(&public)),
            "https://scim.acme.example/scim/v2"
        );
    }
}
