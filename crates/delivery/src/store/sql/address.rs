//! Where a server of databases is, and whether it may be connected to.

use std::net::IpAddr;
use std::time::Duration;

use outbound::{Refused, resolve};
use tokio::net::TcpStream;

use crate::store::Failure;

/// How long one address may take to accept a connection.
const PATIENCE: Duration = Duration::from_secs(2);

/// The first address of a host that accepts connections, of those that may be connected to.
///
/// What was looked at is connected to: another answer a moment later leads nowhere else. There is one exception: where a certificate
/// must prove the name, the driver wants the name, and resolves it itself ([`super::connect`]).
pub(super) async fn find(host: &str, port: u16, allow_private: bool) -> Result<IpAddr, Failure> {
    let mut last = Failure::unavailable(format!("the host {host} cannot be found"));
    for address in resolve(host, port, allow_private).await.map_err(|refused| refusal(&refused))? {
        match tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Ok(address.ip()),
            Ok(Err(error)) => last = Failure::unavailable(format!("{host}:{port} cannot be reached: {error}")),
            Err(_) => last = Failure::unavailable(format!("{host}:{port} does not answer")),
        }
    }
    Err(last)
}

fn refusal(refused: &Refused) -> Failure {
    match refused {
        Refused::Unknown { .. } => Failure::unavailable(refused.to_string()),
        _ => Failure::refused(refused.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_private_address_is_refused_after_its_name_is_resolved() {
        for host in ["localhost", "127.0.0.1", "[::1]"] {
            let refused = find(host, 1, false).await.unwrap_err().to_string();
            assert!(refused.contains("stores.allow_private"), "{refused}");
        }
    }
}
