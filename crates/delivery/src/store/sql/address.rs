//! Where a server of databases is, and whether it may be connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;

use crate::store::Failure;

/// How long one address may take to accept a connection.
const PATIENCE: Duration = Duration::from_secs(2);

/// The first address of a host that accepts connections, of those that may be connected to.
///
/// A name is resolved once, and what was looked at is connected to: another answer a moment later leads nowhere else.
pub(super) async fn find(host: &str, port: u16, allow_private: bool) -> Result<IpAddr, Failure> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let resolving = tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host, port))).await;
    let unknown = || Failure::unavailable(format!("the host {host} cannot be found"));
    let found: Vec<SocketAddr> = resolving.map_err(|_| unknown())?.map_err(|_| unknown())?.collect();
    if found.is_empty() {
        return Err(unknown());
    }
    let allowed = found.iter().filter(|address| allow_private || is_public(address.ip()));
    let mut refused = Failure::refused(format!(
        "{host} is at a private address; the operator can allow that for all stores (stores.allow_private)"
    ));
    for address in allowed {
        match tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Ok(address.ip()),
            Ok(Err(error)) => refused = Failure::unavailable(format!("{host}:{port} cannot be reached: {error}")),
            Err(_) => refused = Failure::unavailable(format!("{host}:{port} does not answer")),
        }
    }
    Err(refused)
}

/// Whether an address is one of the internet's, and not of this machine, its networks, or a use of its own (IANA's registries of
/// special addresses).
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => address.to_ipv4_mapped().map_or_else(|| is_public_v6(address), is_public_v4),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_shared = a == 100 && b & 0b1100_0000 == 64;
    let is_protocols = a == 192 && b == 0 && c == 0;
    let is_benchmark = a == 198 && b & 0b1111_1110 == 18;
    !(a == 0
        || a >= 224
        || is_shared
        || is_protocols
        || is_benchmark
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // What is given out is 2000::/3; of it, these lead to addresses of the old protocol, or nowhere.
    let [first, second, ..] = address.segments();
    let is_special = (first == 0x2001 && (second < 0x0200 || second == 0x0db8)) || first == 0x2002 || first == 0x3fff;
    first & 0xe000 == 0x2000 && !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        for address in ["8.8.8.8", "2606:4700::1", "::ffff:8.8.8.8"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "fd00::1",
            "fe80::1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "ff02::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[tokio::test]
    async fn a_private_address_is_refused_after_its_name_is_resolved() {
        for host in ["localhost", "127.0.0.1", "[::1]"] {
            let refused = find(host, 1, false).await.unwrap_err().to_string();
            assert!(refused.contains("stores.allow_private"), "{refused}");
        }
    }
}
