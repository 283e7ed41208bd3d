//! Which addresses may be called.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use reqwest::Url;

use crate::public::is_public;

/// The setting that allows private addresses to the stores of tenants.
pub const STORES: &str = "stores.allow_private";
/// How long the name of a host may be looked up.
const LOOK_UP: Duration = Duration::from_secs(5);

/// Which addresses may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Private, loopback and link-local addresses, too, and HTTP without TLS.
    pub allow_private: bool,
    /// The setting with which the operator says so. Refusals name it.
    pub setting: &'static str,
}

/// Why an address is not called. The sentences are for whoever chose it, and hold no more of it than the host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is no URL that can be called.
    #[error("a URL begins with https:// and the name of a host")]
    Url,
    /// It has a user's name or a password in it, which would be shown with it.
    #[error("a URL has no user name and no password in it")]
    UserInfo,
    /// It would go without TLS.
    #[error("a URL begins with https://; the operator can allow http:// with {setting}")]
    Insecure {
        /// The setting that allows it.
        setting: &'static str,
    },
    /// It is of this machine or of a network near it.
    #[error("{host} has no public address; the operator can allow others with {setting}")]
    Private {
        /// The name or the address.
        host: String,
        /// The setting that allows it.
        setting: &'static str,
    },
    /// The name has no address now.
    #[error("the address of {host} cannot be found: {why}")]
    Unknown {
        /// The name.
        host: String,
        /// What the system says.
        why: String,
    },
}

impl Refused {
    /// Whether it is because the name could not be looked up, which may be otherwise a moment later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }
}

impl Reach {
    /// That of the stores of tenants.
    #[must_use]
    pub fn of_stores(allow_private: bool) -> Self {
        Self { allow_private, setting: STORES }
    }

    /// Parses a URL that may be called. A host that is an address itself is not resolved later, so it is looked at here.
    ///
    /// # Errors
    /// If it may not be called.
    pub fn url(self, text: &str) -> Result<Url, Refused> {
        let url = Url::parse(text).map_err(|_| Refused::Url)?;
        self.check(&url)?;
        Ok(url)
    }

    /// Whether a URL may be called, as far as one knows before its host is resolved.
    pub(crate) fn check(self, url: &Url) -> Result<(), Refused> {
        match url.scheme() {
            "https" => {}
            "http" if self.allow_private => {}
            "http" => return Err(Refused::Insecure { setting: self.setting }),
            _ => return Err(Refused::Url),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::UserInfo);
        }
        let host = bare(url.host_str().ok_or(Refused::Url)?);
        if let Ok(address) = host.parse::<IpAddr>() {
            self.allowed(host, [SocketAddr::new(address, 0)])?;
        }
        Ok(())
    }

    /// The addresses of a host that may be called.
    pub(crate) async fn addresses(self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Refused> {
        let host = bare(host);
        let unknown = |why: String| Refused::Unknown { host: host.to_owned(), why };
        let found = tokio::time::timeout(LOOK_UP, tokio::net::lookup_host((host, port))).await;
        let late = || unknown(format!("the name server did not answer within {} s", LOOK_UP.as_secs()));
        let found = found.map_err(|_| late())?.map_err(|error| unknown(error.to_string()))?;
        self.allowed(host, found)
    }

    fn allowed(self, host: &str, found: impl IntoIterator<Item = SocketAddr>) -> Result<Vec<SocketAddr>, Refused> {
        let allowed: Vec<SocketAddr> =
            found.into_iter().filter(|at| self.allow_private || is_public(at.ip())).collect();
        if allowed.is_empty() {
            return Err(Refused::Private { host: host.to_owned(), setting: self.setting });
        }
        Ok(allowed)
    }
}

/// Where to connect for a tenant's store: the addresses of a host without those that must not be called.
///
/// The host is a name, or an address with or without brackets. Connect to one of the addresses, in their order, and not to the
/// name: it may have another address a moment later.
///
/// # Errors
/// If the name has no address, or none that may be called.
pub async fn resolve(host: &str, port: u16, allow_private: bool) -> Result<Vec<SocketAddr>, Refused> {
    Reach::of_stores(allow_private).addresses(host, port).await
}

/// An address of IPv6 without its brackets.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(allow_private: bool, url: &str) -> Result<Url, String> {
        Reach::of_stores(allow_private).url(url).map_err(|refused| refused.to_string())
    }

    #[test]
    fn public_https_addresses_are_called() {
        for url in
            ["https://login.microsoftonline.com/common/keys", "https://8.8.8.8/keys", "https://[2606:4700::1]:8443/"]
        {
            assert_eq!(told(false, url).unwrap().as_str(), url);
        }
    }

    /// Every way to write an address of one's own.
    #[test]
    fn nothing_else_is_called() {
        for (url, why) in [
            (
                "http://example.com/",
                "a URL begins with https://; the operator can allow http:// with stores.allow_private",
            ),
            ("ftp://example.com/", "a URL begins with https:// and the name of a host"),
            ("file:///etc/passwd", "a URL begins with https:// and the name of a host"),
            ("https://", "a URL begins with https:// and the name of a host"),
            ("keys", "a URL begins with https:// and the name of a host"),
            ("https://user@example.com/", "a URL has no user name and no password in it"),
            ("https://user:password@example.com/", "a URL has no user name and no password in it"),
        ] {
            assert_eq!(told(false, url).unwrap_err(), why, "{url}");
        }
        for (url, host) in [
            ("https://127.0.0.1/", "127.0.0.1"),
            ("https://2130706433/", "127.0.0.1"),
            ("https://0x7f.1/", "127.0.0.1"),
            ("https://0177.0.0.1/", "127.0.0.1"),
            ("https://127.1/", "127.0.0.1"),
            ("https://[::1]/", "::1"),
            ("https://[::ffff:127.0.0.1]/", "::ffff:7f00:1"),
            ("https://[fd00::1]/", "fd00::1"),
            ("https://10.0.0.1/", "10.0.0.1"),
            ("https://169.254.169.254/latest/meta-data", "169.254.169.254"),
        ] {
            let why = format!("{host} has no public address; the operator can allow others with stores.allow_private");
            assert_eq!(told(false, url).unwrap_err(), why, "{url}");
        }
    }

    #[test]
    fn a_closed_network_can_be_allowed() {
        assert!(told(true, "http://127.0.0.1:8080/keys").is_ok());
        assert!(told(true, "ftp://127.0.0.1/keys").is_err());
    }

    #[tokio::test]
    async fn other_protocols_connect_to_what_was_looked_at() {
        for host in ["localhost", "127.0.0.1", "[::1]", "::ffff:127.0.0.1", "2130706433", "0x7f.1", "169.254.169.254"] {
            let refused = resolve(host, 5672, false).await.unwrap_err();
            assert_eq!(refused, Refused::Private { host: bare(host).to_owned(), setting: STORES });
        }
        assert_eq!(resolve("[::1]", 5672, true).await.unwrap(), ["[::1]:5672".parse().unwrap()]);
        assert_eq!(resolve("8.8.8.8", 53, false).await.unwrap(), ["8.8.8.8:53".parse().unwrap()]);
        let unknown = resolve("nobody.invalid", 1, true).await.unwrap_err();
        assert!(unknown.is_passing(), "{unknown}");
    }
}
