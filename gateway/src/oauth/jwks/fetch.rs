//! One fetch of keys: short, small, without redirects, and from public addresses alone.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use tenancy::AssertionKeys;

use super::JwksError;
use super::guard::is_public;

const TIME: Duration = Duration::from_secs(5);
const BYTES: usize = 256 * 1024;

/// Fetches keys.
pub(super) struct Fetcher {
    allow_private: bool,
    /// Made when it is first needed: it reads the certificates of the system.
    client: OnceLock<Client>,
}

/// Finds the addresses of a host, and leaves out those that must not be called. The connection goes to one of these, so
/// no second answer of the name server gets around it.
#[derive(Debug)]
struct Guarded {
    allow_private: bool,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|at| allow_private || is_public(at.ip())).collect();
            if allowed.is_empty() {
                return Err(format!("{} has no public address", name.as_str()).into());
            }
            let addresses: Addrs = Box::new(allowed.into_iter());
            Ok(addresses)
        })
    }
}

impl Fetcher {
    pub(super) fn new(allow_private: bool) -> Self {
        Self { allow_private, client: OnceLock::new() }
    }

    /// The keys at this address.
    pub(super) async fn fetch(&self, uri: &str) -> Result<AssertionKeys, JwksError> {
        let url = self.check(uri).ok_or_else(|| JwksError::Forbidden(uri.to_owned()))?;
        let response = self.client()?.get(url).send().await.map_err(|error| failed(&error))?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(JwksError::Failed(format!("it answers {}", response.status().as_u16())));
        }
        let document = read(response).await?;
        AssertionKeys::parse(&document, uri).ok_or_else(|| JwksError::Failed("it answers with no key set".to_owned()))
    }

    /// The address, if it may be called. A host that is an address itself is not resolved, so it is looked at here.
    fn check(&self, uri: &str) -> Option<Url> {
        let url = Url::parse(uri).ok()?;
        let is_secure = url.scheme() == "https" || (self.allow_private && url.scheme() == "http");
        let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']');
        let is_allowed = self.allow_private || host.parse::<IpAddr>().is_ok_and(is_public) || is_name(host);
        let is_plain = url.username().is_empty() && url.password().is_none();
        (is_secure && is_allowed && is_plain).then_some(url)
    }

    fn client(&self) -> Result<&Client, JwksError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = Client::builder()
            .dns_resolver(Arc::new(Guarded { allow_private: self.allow_private }))
            .redirect(Policy::none())
            .no_proxy()
            .timeout(TIME)
            // Connections belong to the thread that made them.
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|error| failed(&error))?;
        Ok(self.client.get_or_init(|| client))
    }
}

/// Whether a host is none of the forms of an address.
fn is_name(host: &str) -> bool {
    host.parse::<IpAddr>().is_err()
}

async fn read(mut response: Response) -> Result<Vec<u8>, JwksError> {
    let mut document = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
        if document.len() + chunk.len() > BYTES {
            return Err(JwksError::Failed(format!("it answers with more than {BYTES} bytes")));
        }
        document.extend_from_slice(&chunk);
    }
    Ok(document)
}

/// With what is behind it, which tells why.
fn failed(error: &reqwest::Error) -> JwksError {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    JwksError::Failed(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_allowed(allow_private: bool, uri: &str) -> bool {
        Fetcher::new(allow_private).check(uri).is_some()
    }

    #[test]
    fn keys_come_from_public_https_addresses() {
        for uri in
            ["https://login.microsoftonline.com/common/keys", "https://8.8.8.8/keys", "https://[2606:4700::1]:8443/"]
        {
            assert!(is_allowed(false, uri), "{uri}");
        }
    }

    /// Every way to write an address of one's own.
    #[test]
    fn nothing_else_is_called() {
        for uri in [
            "http://login.microsoftonline.com/keys",
            "ftp://example.com/",
            "file:///etc/passwd",
            "https://user@example.com/",
            "https://user:password@example.com/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://127.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[fd00::1]/",
            "https://10.0.0.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://",
            "keys",
        ] {
            assert!(!is_allowed(false, uri), "{uri}");
        }
    }

    #[test]
    fn a_closed_network_can_be_allowed() {
        assert!(is_allowed(true, "http://127.0.0.1:8080/keys"));
        assert!(!is_allowed(true, "ftp://127.0.0.1/keys"));
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_not_called() {
        let error = Fetcher::new(false).fetch("https://localhost/keys").await.unwrap_err();
        assert!(error.to_string().contains("localhost has no public address"), "{error}");
    }
}
