//! From which address a request comes: that of the connection, or what a trusted proxy says.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName, X_FORWARDED_FOR};
use tenancy::Network;

/// The address of the sender.
pub(super) fn sender(request: &ServiceRequest, trusted: &[Network]) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.ip()).to_canonical();
    behind(peer, request.headers(), trusted)
}

/// Each proxy appends an address. Back from the last, until one is not trusted or cannot be read. Most proxies write
/// `X-Forwarded-For` and let `Forwarded` (RFC 7239) through as the client sent it, so the latter counts only alone.
fn behind(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let told: Vec<Option<IpAddr>> = if headers.contains_key(X_FORWARDED_FOR) {
        from_last(headers, &X_FORWARDED_FOR).map(|text| address(&text)).collect()
    } else {
        from_last(headers, &FORWARDED).map(|element| forwarded_for(&element)).collect()
    };
    let mut sender = peer;
    for next in told {
        let Some(next) = next.filter(|_| is_trusted(sender)) else { break };
        sender = next;
    }
    sender
}

fn from_last<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = String> + 'a {
    let lines: Vec<&str> = headers.get_all(name).map(|line| line.to_str().unwrap_or_default()).collect();
    let values: Vec<String> =
        lines.iter().flat_map(|line| line.split(',')).map(|value| value.trim().to_owned()).collect();
    values.into_iter().rev()
}

fn forwarded_for(element: &str) -> Option<IpAddr> {
    let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let mut told = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    address(told.next()?.1.trim().trim_matches('"'))
}

/// `192.0.2.1`, `192.0.2.1:4711`, `[2001:db8::1]:4711` (RFC 7239 section 6).
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let parsed = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    parsed.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn told(peer: &str, name: &HeaderName, values: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        values.iter().for_each(|value| headers.append(name.clone(), HeaderValue::from_static(value)));
        let trusted = [Network::parse("10.0.0.0/8").unwrap()];
        behind(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_what_trusted_proxies_say_counts() {
        for (peer, values, expected) in [
            ("192.0.2.1", vec!["198.51.100.7"], "192.0.2.1"),
            ("10.0.0.1", vec!["198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", vec!["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", vec!["203.0.113.9", "198.51.100.7, 10.0.0.2"], "198.51.100.7"),
            ("10.0.0.1", vec!["198.51.100.7, nonsense"], "10.0.0.1"),
            ("10.0.0.1", vec!["[2001:db8::1]:4711"], "2001:db8::1"),
        ] {
            assert_eq!(told(peer, &X_FORWARDED_FOR, &values), expected, "{values:?}");
        }
        assert_eq!(
            told("10.0.0.1", &FORWARDED, &["for=203.0.113.9, for=\"[2001:db8::1]\";proto=https"]),
            "2001:db8::1"
        );
        assert_eq!(told("192.0.2.1", &FORWARDED, &["for=203.0.113.9"]), "192.0.2.1");
    }
}
