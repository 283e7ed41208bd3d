//! Where a broker is.

use std::time::Duration;

use tokio::net::TcpStream;

use super::{Line, Trust};
use crate::store::{Failure, Place};

/// How long a connection with TLS may take to be there. The lease of a worker bounds it.
const CONNECT: Duration = Duration::from_secs(3);

/// What the URLs of a protocol look like.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Schemes {
    /// The scheme without TLS, and its usual port.
    pub(in crate::store) plain: (&'static str, u16),
    /// The scheme with TLS, and its usual port.
    pub(in crate::store) tls: (&'static str, u16),
}

/// Where a broker is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Address {
    /// A name, or an address; one of IPv6 without brackets.
    host: String,
    port: u16,
    /// Whether TLS is spoken from the first byte.
    pub(in crate::store) is_tls: bool,
    /// What follows the host, without the first slash.
    pub(in crate::store) path: String,
}

impl Address {
    /// Reads a URL.
    ///
    /// # Errors
    /// A sentence about the setting `url`.
    pub(in crate::store) fn parse(text: &str, schemes: Schemes) -> Result<Self, String> {
        let ((plain, plain_port), (tls, tls_port)) = (schemes.plain, schemes.tls);
        let form = || format!("url is {tls}://HOST:PORT, or {plain}://HOST:PORT without TLS");
        let url = outbound::Url::parse(text).map_err(|_| form())?;
        let is_tls = url.scheme() == tls;
        if !is_tls && url.scheme() != plain {
            return Err(form());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("url has no user name and no password in it: set user and password".to_owned());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(format!("{}, and nothing after that", form()));
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(form)?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).to_owned();
        let port = url.port().unwrap_or(if is_tls { tls_port } else { plain_port });
        Ok(Self { host, port, is_tls, path: url.path().strip_prefix('/').unwrap_or_default().to_owned() })
    }

    /// Connects, without TLS.
    pub(in crate::store) async fn reach(&self, place: &Place) -> Result<Line, Failure> {
        let connected = tokio::time::timeout(CONNECT, self.connect(place)).await;
        connected.unwrap_or_else(|_| Err(self.late()))
    }

    /// Connects, and speaks TLS if the URL says so.
    pub(in crate::store) async fn dial(&self, place: &Place, trust: &Trust) -> Result<Line, Failure> {
        let dialled = async {
            let line = self.connect(place).await?;
            if self.is_tls { self.secure(line, trust).await } else { Ok(line) }
        };
        tokio::time::timeout(CONNECT, dialled).await.unwrap_or_else(|_| Err(self.late()))
    }

    /// Speaks TLS from now on.
    pub(in crate::store) async fn secure(&self, line: Line, trust: &Trust) -> Result<Line, Failure> {
        let secured = trust.secure(line, &self.host).await;
        secured.map_err(|why| Failure::unavailable(format!("no TLS with {self}: {why}")))
    }

    async fn connect(&self, place: &Place) -> Result<Line, Failure> {
        let found = outbound::resolve(&self.host, self.port, place.allow_private).await.map_err(refused)?;
        let mut why = "the name has no address".to_owned();
        for address in found {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    stream.set_nodelay(true).map_err(|error| Failure::unavailable(error.to_string()))?;
                    return Ok(Line::new(stream));
                }
                Err(error) => why = error.to_string(),
            }
        }
        Err(Failure::unavailable(format!("no connection to {self}: {why}")))
    }

    fn late(&self) -> Failure {
        Failure::unavailable(format!("no connection to {self} within {} s", CONNECT.as_secs()))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is for map_err")]
fn refused(refused: outbound::Refused) -> Failure {
    if refused.is_passing() {
        return Failure::unavailable(refused.to_string());
    }
    Failure::refused(refused.to_string())
}

impl std::fmt::Display for Address {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            return write!(out, "[{}]:{}", self.host, self.port);
        }
        write!(out, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NATS: Schemes = Schemes { plain: ("nats", 4222), tls: ("tls", 4222) };
    const AMQP: Schemes = Schemes { plain: ("amqp", 5672), tls: ("amqps", 5671) };

    fn parse(url: &str) -> Address {
        Address::parse(url, AMQP).unwrap()
    }

    #[test]
    fn a_url_says_where_and_how() {
        let address = Address { host: "rabbit.example".into(), port: 5671, is_tls: true, path: "%2F".into() };
        assert_eq!(parse("amqps://rabbit.example/%2F"), address);
        assert_eq!(parse("amqp://[::1]:7000").to_string(), "[::1]:7000");
        assert_eq!(parse("amqp://10.0.0.7").to_string(), "10.0.0.7:5672");
    }

    #[test]
    fn what_is_no_such_url_is_refused_with_the_form() {
        let form = "url is tls://HOST:PORT, or nats://HOST:PORT without TLS";
        for url in ["", "nats", "nats://", "http://host", "nats:host"] {
            assert_eq!(Address::parse(url, NATS).unwrap_err(), form, "{url}");
        }
        let with_password = Address::parse("nats://ada:secret@host", NATS).unwrap_err();
        assert_eq!(with_password, "url has no user name and no password in it: set user and password");
        assert_eq!(Address::parse("nats://host?x=1", NATS).unwrap_err(), format!("{form}, and nothing after that"));
    }
}
