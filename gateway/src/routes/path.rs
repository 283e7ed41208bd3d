//! Reading a path: whose it is, and what it names.

use std::borrow::Cow;

use scim::ResourceKind;

use super::{Base, Discovery, Oauth, Route};

/// Where documents about a host are (RFC 8615).
const WELL_KNOWN: &str = ".well-known";

/// A path of the protocol: `/t/{tenant}/scim/v2/Users` or `/scim/v2/Users`.
///
/// Double and trailing slashes and any letter case are accepted and never redirected, because clients lose the method,
/// the body or the token on the way (Entra joins its Tenant URL in several ways, PingOne's sample ends in a slash).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    /// The tenant that the path names, in lower case as all names of tenants are.
    pub(crate) tenant: Option<Cow<'a, str>>,
    /// What it names of that tenant.
    pub(crate) route: Route<'a>,
    /// The base URL, if it is not the standard one.
    pub(crate) base: Option<Base>,
}

impl<'a> Target<'a> {
    /// `None` if the path is not below a base URL.
    pub(crate) fn parse(path: &'a str) -> Option<Self> {
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        let mut first = segments.next()?;
        if first == WELL_KNOWN {
            return Self::of_metadata(segments);
        }
        let mut tenant = None;
        if first.eq_ignore_ascii_case("t") {
            tenant = segments.next().map(lower_case);
            first = segments.next()?;
        }
        if first.eq_ignore_ascii_case("jwks.json") {
            return segments.next().is_none().then_some(Self { tenant, route: Route::Oauth(Oauth::Keys), base: None });
        }
        if first.eq_ignore_ascii_case("invitations") {
            let link = segments.next().filter(|_| segments.clone().next().is_none())?;
            return Some(Self { tenant, route: Route::Invitation(Cow::Borrowed(link)), base: None });
        }
        if first.eq_ignore_ascii_case("oauth2") {
            let is_token = segments.next() == Some("token") && segments.next().is_none();
            return is_token.then_some(Self { tenant, route: Route::Oauth(Oauth::Token), base: None });
        }
        first.eq_ignore_ascii_case("scim").then(|| Self { tenant, route: Route::parse(segments), base: None })
    }

    /// The path of an issuer is inserted after the well-known one (RFC 8414 section 3.1).
    fn of_metadata(mut segments: impl Iterator<Item = &'a str>) -> Option<Self> {
        let metadata = |tenant, of_base_url| {
            Some(Self { tenant, route: Route::Oauth(Oauth::Metadata { of_base_url }), base: None })
        };
        if segments.next() != Some("oauth-authorization-server") {
            return None;
        }
        let mut next = segments.next();
        let mut tenant = None;
        if next.is_some_and(|segment| segment.eq_ignore_ascii_case("t")) {
            tenant = Some(lower_case(segments.next()?));
            next = segments.next();
        }
        match (next, segments.next(), segments.next()) {
            (None, ..) => metadata(tenant, false),
            (Some("scim"), Some("v2"), None) => metadata(tenant, true),
            _ => None,
        }
    }
}

impl<'a> Route<'a> {
    /// The version is optional, stands right before the endpoint, and is 2 (RFC 7644 section 3.13).
    pub(super) fn parse(mut segments: impl Iterator<Item = &'a str>) -> Self {
        let mut endpoint = segments.next();
        match endpoint.and_then(version) {
            Some("2") => endpoint = segments.next(),
            Some(_) => return Self::Version,
            None => {}
        }
        let Some(endpoint) = endpoint else { return Self::Root };
        let rest = segments.next();
        match segments.next() {
            Some(_) if !endpoint.eq_ignore_ascii_case("Me") => Self::Unknown,
            _ => Self::of_endpoint(endpoint, rest),
        }
    }

    fn of_endpoint(endpoint: &'a str, rest: Option<&'a str>) -> Self {
        let is = |name: &str| endpoint.eq_ignore_ascii_case(name);
        if let Some(kind) = kind(endpoint) {
            return Self::of_resources(kind, rest);
        }
        match rest {
            Some("token") if is("oauth2") => Self::Oauth(Oauth::Token),
            _ if is("Me") => Self::Me,
            None if is("ServiceProviderConfig") => Self::Discovery(Discovery::ServiceProviderConfig),
            // SCIM 1.1 has an s at the end.
            None if is("ServiceProviderConfigs") => Self::Discovery(Discovery::ServiceProviderConfig),
            None if is("ResourceTypes") => Self::Discovery(Discovery::ResourceTypes),
            None if is("Schemas") => Self::Discovery(Discovery::Schemas),
            None if is(".search") => Self::Search(None),
            None if is("Bulk") => Self::Bulk,
            Some(name) if is("ResourceTypes") => Self::Discovery(Discovery::ResourceType(decode(name))),
            Some(urn) if is("Schemas") => Self::Discovery(Discovery::Schema(decode(urn))),
            _ => Self::Unknown,
        }
    }

    fn of_resources(kind: ResourceKind, rest: Option<&'a str>) -> Self {
        match rest {
            None => Self::Resources(kind),
            Some(".search") => Self::Search(Some(kind)),
            Some(id) => Self::Resource(kind, decode(id)),
        }
    }
}

pub(super) fn lower_case(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// `2` of `v2`.
fn version(segment: &str) -> Option<&str> {
    let number = segment.strip_prefix(['v', 'V'])?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
}

fn kind(endpoint: &str) -> Option<ResourceKind> {
    let names = |kind: &ResourceKind| kind.endpoint().get(1..).is_some_and(|name| name.eq_ignore_ascii_case(endpoint));
    ResourceKind::ALL.into_iter().find(names)
}

/// Percent escapes, decoded once (RFC 3986 section 2.1). What is no escape, or no UTF-8, names nothing and stays.
fn decode(segment: &str) -> Cow<'_, str> {
    if !segment.contains('%') {
        return Cow::Borrowed(segment);
    }
    let mut decoded = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let (value, after) = escape(rest).unwrap_or((byte, after));
        decoded.push(value);
        rest = after;
    }
    String::from_utf8(decoded).map_or(Cow::Borrowed(segment), Cow::Owned)
}

/// The value of `%41…` and what follows it.
fn escape(text: &[u8]) -> Option<(u8, &[u8])> {
    let [b'%', high, low, rest @ ..] = text else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some((digit(*high)? * 16 + digit(*low)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use scim::ResourceKind::{Group, User};

    fn route(path: &str) -> Route<'_> {
        Target::parse(path).unwrap().route
    }

    #[test]
    fn a_path_names_its_tenant_or_none() {
        assert_eq!(Target::parse("/t/acme/scim/v2/Users").unwrap().tenant.as_deref(), Some("acme"));
        assert_eq!(Target::parse("/T/ACME/SCIM/V2/USERS").unwrap().tenant.as_deref(), Some("acme"));
        assert_eq!(Target::parse("/scim/v2/Users").unwrap().tenant, None);
        for other in ["/", "/favicon.ico", "/t", "/t/acme", "/Users", "/v2/Users"] {
            assert_eq!(Target::parse(other), None, "{other}");
        }
    }

    #[test]
    fn every_endpoint_has_a_route() {
        assert_eq!(route("/scim/v2"), Route::Root);
        assert_eq!(route("/scim/v2/Users"), Route::Resources(User));
        assert_eq!(route("/scim/v2/Groups/7"), Route::Resource(Group, "7".into()));
        assert_eq!(route("/scim/v2/Bulk"), Route::Bulk);
        assert_eq!(route("/scim/v2/Me"), Route::Me);
        assert_eq!(route("/scim/v2/Me/photos/1"), Route::Me);
        assert_eq!(route("/scim/v2/ServiceProviderConfig"), Route::Discovery(Discovery::ServiceProviderConfig));
        assert_eq!(route("/scim/v2/ResourceTypes"), Route::Discovery(Discovery::ResourceTypes));
        assert_eq!(route("/scim/v2/ResourceTypes/User"), Route::Discovery(Discovery::ResourceType("User".into())));
        assert_eq!(route("/scim/v2/Schemas"), Route::Discovery(Discovery::Schemas));
        for unknown in ["/scim/v2/Widgets", "/scim/v2/Users/7/emails", "/scim/v2/Bulk/7"] {
            assert_eq!(route(unknown), Route::Unknown, "{unknown}");
        }
    }

    #[test]
    fn r008_the_version_is_optional_and_right_before_the_endpoint() {
        assert_eq!(route("/scim/Users"), Route::Resources(User));
        assert_eq!(route("/SCIM/V2/users"), Route::Resources(User));
        assert_eq!(route("/scim/v1/Users"), Route::Version);
        assert_eq!(route("/scim/v22"), Route::Version);
        assert_eq!(route("/scim/Users/v2"), Route::Resource(User, "v2".into()));
        assert_eq!(route("/scim/v2/v2/Users"), Route::Unknown);
    }

    #[test]
    fn r011_double_and_trailing_slashes_are_served() {
        assert_eq!(route("/scim/v2//Users/"), Route::Resources(User));
        assert_eq!(route("//t//acme//scim/v2/Users/7/"), Route::Resource(User, "7".into()));
    }

    #[test]
    fn the_token_endpoint_is_below_the_tenant_and_below_the_base_url() {
        for path in ["/t/acme/oauth2/token", "/t/ACME/scim/v2/oauth2/token", "/t/acme/scim/oauth2/token/"] {
            let Target { tenant, route, .. } = Target::parse(path).unwrap();
            assert_eq!((tenant.as_deref(), route), (Some("acme"), Route::Oauth(Oauth::Token)), "{path}");
        }
        assert_eq!(route("/oauth2/token"), Route::Oauth(Oauth::Token));
        assert_eq!(route("/scim/v2/oauth2/token/x"), Route::Unknown);
        for other in ["/oauth2", "/oauth2/tokens", "/t/acme/oauth2/token/x"] {
            assert_eq!(Target::parse(other), None, "{other}");
        }
    }

    #[test]
    fn the_keys_are_below_the_tenant() {
        for (path, name) in [("/t/acme/jwks.json", Some("acme")), ("/jwks.json", None)] {
            let Target { tenant, route, .. } = Target::parse(path).unwrap();
            assert_eq!((tenant.as_deref(), route), (name, Route::Oauth(Oauth::Keys)), "{path}");
        }
        assert_eq!(Target::parse("/t/acme/jwks.json/x"), None);
    }

    #[test]
    fn the_link_of_an_invitation_is_below_the_tenant() {
        for (path, name) in [("/t/acme/invitations/a.B-c", Some("acme")), ("/invitations/a.B-c", None)] {
            let Target { tenant, route, .. } = Target::parse(path).unwrap();
            assert_eq!((tenant.as_deref(), route), (name, Route::Invitation("a.B-c".into())), "{path}");
        }
        for other in ["/invitations", "/t/acme/invitations/a/b"] {
            assert_eq!(Target::parse(other), None, "{other}");
        }
    }

    #[test]
    fn the_path_of_an_issuer_is_inserted_into_that_of_its_metadata() {
        const PREFIX: &str = "/.well-known/oauth-authorization-server";
        for (path, name, of_base_url) in [
            ("", None, false),
            ("/scim/v2", None, true),
            ("/t/acme", Some("acme"), false),
            ("/t/acme/scim/v2", Some("acme"), true),
        ] {
            let path = format!("{PREFIX}{path}");
            let Target { tenant, route, .. } = Target::parse(&path).unwrap();
            assert_eq!((tenant.as_deref(), route), (name, Route::Oauth(Oauth::Metadata { of_base_url })), "{path}");
        }
        for other in ["/.well-known", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/x"]
        {
            assert_eq!(Target::parse(other), None, "{other}");
        }
    }

    #[test]
    fn r130_search_is_no_id() {
        assert_eq!(route("/scim/v2/.search"), Route::Search(None));
        assert_eq!(route("/scim/v2/Users/.search"), Route::Search(Some(User)));
        assert_eq!(route("/scim/v2/Groups/.search"), Route::Search(Some(Group)));
    }

    #[test]
    fn escapes_are_decoded_once() {
        assert_eq!(
            route("/scim/v2/Schemas/urn%3Aietf:params"),
            Route::Discovery(Discovery::Schema("urn:ietf:params".into()))
        );
        assert_eq!(route("/scim/v2/Users/a%2525"), Route::Resource(User, "a%25".into()));
        for odd in ["%", "%4", "%zz", "%ff"] {
            assert_eq!(decode(odd), odd);
        }
    }
}
