//! One fetch of keys: short, small, without redirects, and from public addresses alone.

use std::sync::OnceLock;
use std::time::Duration;

use outbound::{Client, Method, Options, Reach, Response, StatusCode, Url, reason};
use tenancy::AssertionKeys;

use super::JwksError;

const TIME: Duration = Duration::from_secs(5);
const BYTES: usize = 256 * 1024;
/// What allows other addresses than public ones.
const SETTING: &str = "oauth.allow_private_jwks";

/// Fetches keys.
pub(super) struct Fetcher {
    reach: Reach,
    /// Made when it is first needed: it reads the certificates of the system.
    client: OnceLock<Client>,
}

impl Fetcher {
    pub(super) fn new(allow_private: bool) -> Self {
        Self { reach: Reach { allow_private, setting: SETTING }, client: OnceLock::new() }
    }

    /// The keys at this address.
    pub(super) async fn fetch(&self, uri: &str) -> Result<AssertionKeys, JwksError> {
        let response = self.get(self.check(uri)?).await?;
        if response.status() != StatusCode::OK {
            return Err(JwksError::Failed(format!("it answers {}", response.status().as_u16())));
        }
        let document = outbound::read(response, BYTES).await.map_err(|error| JwksError::Failed(error.to_string()))?;
        AssertionKeys::parse(&document, uri).ok_or_else(|| JwksError::Failed("it answers with no key set".to_owned()))
    }

    /// The address, if it may be called.
    fn check(&self, uri: &str) -> Result<Url, JwksError> {
        self.reach.url(uri).map_err(|_| JwksError::Forbidden(uri.to_owned()))
    }

    async fn get(&self, url: Url) -> Result<Response, JwksError> {
        let request = self.client()?.request(Method::GET, url).map_err(|why| JwksError::Failed(why.to_string()))?;
        request.send().await.map_err(|error| JwksError::Failed(reason(&error)))
    }

    fn client(&self) -> Result<&Client, JwksError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        // No connection is kept: connections belong to the thread that made them.
        let options = Options::new(self.reach, TIME);
        let client = Client::new(&options).map_err(|error| JwksError::Failed(error.to_string()))?;
        Ok(self.client.get_or_init(|| client))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_allowed(allow_private: bool, uri: &str) -> bool {
        Fetcher::new(allow_private).check(uri).is_ok()
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
