//! Where a request comes from and which origin its sender used, told by the connection or by a trusted proxy.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use actix_http::RequestHead;
use actix_web::http::header::{
    FORWARDED, HOST, HeaderMap, HeaderName, HeaderValue, X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PROTO,
};
use scim::ScimError;
use tenancy::Address;

use crate::error::Rejection;
use crate::settings::Network;

/// A request of which no more is known than how it came.
pub(crate) struct Seen<'a>(Hop<'a>);

/// The sender and the origin of the URL they used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Origin<'a> {
    /// Whether that URL starts with `https`.
    pub(crate) is_secure: bool,
    /// Host and port of that URL, in lower case.
    pub(crate) authority: Cow<'a, str>,
    /// The address of the sender.
    pub(crate) client: IpAddr,
}

impl<'a> Seen<'a> {
    /// Reads the connection, and the headers of proxies if it comes from a trusted one.
    pub(crate) fn of(request: &'a RequestHead, trusted: &[Network]) -> Self {
        let peer = request.peer_addr.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.ip());
        let authority = match request.uri.authority() {
            Some(authority) => Some(authority.as_str()),
            None => request.headers().get(HOST).and_then(|host| host.to_str().ok()),
        };
        let mut hop = Hop { is_secure: false, authority, client: peer };
        if is_trusted(trusted, peer) {
            hop.follow(request.headers(), trusted);
        }
        Self(hop)
    }

    /// The address of the sender.
    pub(crate) fn client(&self) -> IpAddr {
        self.0.client.to_canonical()
    }

    /// The origin, unless its host is none.
    pub(crate) fn check(self) -> Result<Origin<'a>, Rejection> {
        self.0.check()
    }
}

impl Origin<'_> {
    /// What tenancy looks at.
    pub(crate) fn address<'b>(&'b self, path_tenant: Option<&'b str>) -> Address<'b> {
        Address { host: without_port(&self.authority), path_tenant }
    }
}

/// What is known of an origin while the proxies are followed back.
struct Hop<'a> {
    is_secure: bool,
    authority: Option<&'a str>,
    client: IpAddr,
}

impl<'a> Hop<'a> {
    /// Most proxies write `X-Forwarded-…` and let `Forwarded` (RFC 7239) through as the client sent it, so the latter
    /// counts only if it stands alone.
    fn follow(&mut self, headers: &'a HeaderMap, trusted: &[Network]) {
        let older = [&X_FORWARDED_FOR, &X_FORWARDED_HOST, &X_FORWARDED_PROTO];
        if older.into_iter().any(|name| headers.contains_key(name)) {
            self.follow_older(headers, trusted);
        } else {
            self.follow_forwarded(headers, trusted);
        }
    }

    /// Each proxy appends an element. Back from the last, until the sender of one is not trusted or not told.
    fn follow_forwarded(&mut self, headers: &'a HeaderMap, trusted: &[Network]) {
        for element in from_last(headers, &FORWARDED) {
            let mut sender = None;
            for (name, value) in element.split(';').filter_map(|pair| pair.split_once('=')) {
                let (name, value) = (name.trim(), value.trim().trim_matches('"'));
                if name.eq_ignore_ascii_case("for") {
                    sender = address(value);
                } else {
                    self.take(name, value);
                }
            }
            let Some(sender) = sender else { return };
            self.client = sender;
            if !is_trusted(trusted, sender) {
                return;
            }
        }
    }

    fn take(&mut self, name: &str, value: &'a str) {
        if name.eq_ignore_ascii_case("proto") {
            self.is_secure = value.eq_ignore_ascii_case("https");
        } else if name.eq_ignore_ascii_case("host") {
            self.authority = Some(value);
        }
    }

    /// The last value of each header is the one that the trusted proxy added.
    fn follow_older(&mut self, headers: &'a HeaderMap, trusted: &[Network]) {
        if let Some(protocol) = from_last(headers, &X_FORWARDED_PROTO).next() {
            self.is_secure = protocol.eq_ignore_ascii_case("https");
        }
        if let Some(host) = from_last(headers, &X_FORWARDED_HOST).next().filter(|host| !host.is_empty()) {
            self.authority = Some(host);
        }
        for sender in from_last(headers, &X_FORWARDED_FOR).map_while(address) {
            self.client = sender;
            if !is_trusted(trusted, sender) {
                return;
            }
        }
    }

    /// A host that is none must not come into answers.
    fn check(self) -> Result<Origin<'a>, Rejection> {
        let authority = self.authority.unwrap_or("localhost");
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
        if authority.is_empty() || authority.len() > 300 || !authority.bytes().all(allowed) {
            return Err(ScimError::new(400, "the Host header is no host name").into());
        }
        let authority = if authority.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(authority.to_ascii_lowercase())
        } else {
            Cow::Borrowed(authority)
        };
        Ok(Origin { is_secure: self.is_secure, authority, client: self.client.to_canonical() })
    }
}

/// The values of a list, the last one first. A list may stand in several lines (RFC 9110 section 5.3): a proxy that adds
/// a line of its own adds it after those of the client. What is no text is an empty value and not the end of the list.
fn from_last<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).rev().map(HeaderValue::as_bytes);
    let values = lines.flat_map(|line| line.rsplit(|byte| *byte == b','));
    values.map(|value| std::str::from_utf8(value).unwrap_or_default().trim())
}

fn is_trusted(trusted: &[Network], address: IpAddr) -> bool {
    trusted.iter().any(|network| network.contains(address))
}

/// `192.0.2.1`, `192.0.2.1:4711`, `[2001:db8::1]:4711` (RFC 7239 section 6).
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches('"');
    if let Some(bracketed) = text.strip_prefix('[') {
        return bracketed.split(']').next()?.parse().ok();
    }
    text.parse().ok().or_else(|| text.rsplit_once(':')?.0.parse().ok())
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
    .trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_http::test::TestRequest;

    fn origin(peer: &str, headers: &[(&str, &str)]) -> (bool, String, String) {
        let mut request = TestRequest::default();
        for header in headers {
            request.append_header(*header);
        }
        let mut request = request.finish();
        request.head_mut().peer_addr = Some(format!("{peer}:4711").parse().unwrap());
        let seen = Seen::of(request.head(), &[Network::parse("10.0.0.0/8").unwrap()]);
        let client = seen.client();
        let origin = seen.check().unwrap();
        assert_eq!(origin.client, client);
        (origin.is_secure, origin.authority.to_string(), origin.client.to_string())
    }

    fn expected(is_secure: bool, authority: &str, client: &str) -> (bool, String, String) {
        (is_secure, authority.to_owned(), client.to_owned())
    }

    #[test]
    fn without_trusted_proxy_the_connection_counts() {
        let headers =
            [("host", "SCIM.example:8080"), ("x-forwarded-host", "evil.example"), ("x-forwarded-for", "192.0.2.9")];
        assert_eq!(origin("203.0.113.5", &headers), expected(false, "scim.example:8080", "203.0.113.5"));
    }

    #[test]
    fn a_trusted_proxy_tells_scheme_host_and_sender() {
        let headers = [
            ("host", "inside"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "scim.example"),
            ("x-forwarded-for", "198.51.100.1, 192.0.2.9, 10.2.2.2"),
        ];
        assert_eq!(origin("10.1.1.1", &headers), expected(true, "scim.example", "192.0.2.9"));
        let headers = [
            ("host", "inside"),
            ("forwarded", "for=192.0.2.9;proto=https;host=scim.example, for=\"[2001:db8::1]:47\";proto=http"),
        ];
        assert_eq!(origin("10.1.1.1", &headers), expected(false, "inside", "2001:db8::1"));
    }

    #[test]
    fn what_an_untrusted_sender_wrote_before_a_proxy_is_not_believed() {
        let headers =
            [("host", "inside"), ("forwarded", "for=1.1.1.1;host=evil.example, for=192.0.2.9;host=scim.example")];
        assert_eq!(origin("10.1.1.1", &headers), expected(false, "scim.example", "192.0.2.9"));
    }

    #[test]
    fn lines_of_the_client_do_not_hide_those_of_the_proxy() {
        let headers = [
            ("host", "inside"),
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-for", "192.0.2.9"),
            ("x-forwarded-host", "scim.example"),
            ("x-forwarded-proto", "https"),
        ];
        assert_eq!(origin("10.1.1.1", &headers), expected(true, "scim.example", "192.0.2.9"));
        let headers = [
            ("host", "inside"),
            ("forwarded", "for=1.1.1.1;host=evil.example;proto=http"),
            ("forwarded", "for=192.0.2.9;host=scim.example;proto=https"),
        ];
        assert_eq!(origin("10.1.1.1", &headers), expected(true, "scim.example", "192.0.2.9"));
    }

    #[test]
    fn forwarded_of_the_client_does_not_win_over_what_the_proxy_wrote() {
        let headers = [
            ("host", "scim.example"),
            ("forwarded", "for=1.1.1.1;host=evil.example;proto=http"),
            ("x-forwarded-for", "192.0.2.9"),
            ("x-forwarded-proto", "https"),
        ];
        assert_eq!(origin("10.1.1.1", &headers), expected(true, "scim.example", "192.0.2.9"));
    }

    #[test]
    fn an_element_that_tells_no_sender_is_the_last_that_is_believed() {
        for last in ["proto=https", "for=unknown;proto=https"] {
            let forwarded = format!("for=1.1.1.1;host=evil.example, {last}");
            let headers = [("host", "scim.example"), ("forwarded", &*forwarded)];
            assert_eq!(origin("10.1.1.1", &headers), expected(true, "scim.example", "10.1.1.1"));
        }
    }

    #[test]
    fn the_host_has_no_port() {
        assert_eq!(without_port("scim.example:8080"), "scim.example");
        assert_eq!(without_port("scim.example."), "scim.example");
        assert_eq!(without_port("[::1]:8080"), "[::1]");
        assert_eq!(without_port("[::1]"), "[::1]");
    }

    #[test]
    fn a_host_that_is_none_is_refused() {
        let request = TestRequest::default().insert_header(("host", "a\"b")).finish();
        assert!(Seen::of(request.head(), &[]).check().is_err());
    }
}
