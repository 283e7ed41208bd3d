//! The settings of this kind of store.

use std::sync::Mutex;
use std::time::Duration;

use outbound::{Client, Options, Reach, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::call::Service;
use super::credentials::{Credentials, OauthClient};
use crate::Failure;
use crate::store::read;

/// What an operator says about the service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// The base URL: what comes before `/Users`.
    url: String,
    /// A bearer token that is sent with every request.
    #[serde(default, deserialize_with = "secret")]
    token: Option<SecretString>,
    /// Where tokens are fetched in place of one that is set (RFC 6749 section 4.4).
    token_url: Option<String>,
    client_id: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    client_secret: Option<SecretString>,
    /// Asked for with a token.
    scope: Option<String>,
    /// How long one request may take.
    #[serde(default = "usual_timeout")]
    timeout_seconds: u64,
    /// Certificates in PEM that sign the service's, in place of those of the system.
    ca: Option<String>,
    /// What becomes of a user there that is deleted here.
    #[serde(default)]
    pub(super) delete: Deletion,
}

/// What becomes of a user there that is deleted here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Deletion {
    /// It is deleted, too.
    #[default]
    Delete,
    /// It stays, and may not sign in any more.
    Deactivate,
}

const LONGEST_TIMEOUT: u64 = 120;
/// Connections that are kept for the next request.
const IDLE: usize = 1;

fn secret<'de, D: Deserializer<'de>>(source: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(source)?.map(SecretString::from))
}

const fn usual_timeout() -> u64 {
    30
}

/// Refuses settings that cannot be right.
pub(super) fn check(settings: &Map<String, Value>) -> Result<(), String> {
    // Whether an operator allows it is known when it is opened.
    let settings: Settings = read(settings)?;
    settings.service(true).map(drop)
}

impl Settings {
    /// The service that they are about.
    pub(super) fn open(&self, allow_private: bool) -> Result<Service, Failure> {
        self.service(allow_private).map_err(Failure::refused)
    }

    fn service(&self, allow_private: bool) -> Result<Service, String> {
        let reach = Reach::of_stores(allow_private);
        if !(1..=LONGEST_TIMEOUT).contains(&self.timeout_seconds) {
            return Err(format!("timeout_seconds is between 1 and {LONGEST_TIMEOUT}, not {}", self.timeout_seconds));
        }
        let url = self.base(reach)?;
        let credentials = self.credentials(reach)?;
        let mut options = Options::new(reach, Duration::from_secs(self.timeout_seconds));
        (options.idle, options.authorities) = (IDLE, self.ca.clone());
        let client = Client::new(&options).map_err(|error| format!("ca: {error}"))?;
        Ok(Service { client, url, credentials, listed: Mutex::default() })
    }

    fn base(&self, reach: Reach) -> Result<Url, String> {
        let url = reach.url(self.url.trim_end_matches('/')).map_err(|refused| format!("url: {refused}"))?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err("url: it is the address before /Users, without ? and #".to_owned());
        }
        Ok(url)
    }

    fn credentials(&self, reach: Reach) -> Result<Credentials, String> {
        match (&self.token, &self.token_url, &self.client_id, &self.client_secret) {
            (Some(token), None, None, None) => {
                check_token(token)?;
                Ok(Credentials::Token(token.clone()))
            }
            (None, Some(url), Some(id), Some(secret)) => {
                let url = reach.url(url).map_err(|refused| format!("token_url: {refused}"))?;
                let scope = self.scope.clone();
                Ok(Credentials::Client(Box::new(OauthClient::new(url, id.clone(), secret.clone(), scope))))
            }
            _ => Err("set token, or token_url with client_id and client_secret, and not both".to_owned()),
        }
    }
}

/// It must fit into a header.
fn check_token(token: &SecretString) -> Result<(), String> {
    let text = token.expose_secret();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err("token: it has characters that no token has, such as spaces; copy it again".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "so that the tests read well")]
    fn refusal(settings: Value) -> String {
        check(settings.as_object().unwrap()).unwrap_err()
    }

    #[test]
    fn settings_that_cannot_be_right_are_refused_by_name() {
        let url = "https://users.example/scim/v2";
        let neither = "set token, or token_url with client_id and client_secret, and not both";
        assert_eq!(refusal(json!({ "url": url })), neither);
        assert_eq!(refusal(json!({ "url": url, "token": "t", "client_id": "c" })), neither);
        assert!(refusal(json!({ "url": "users.example", "token": "t" })).starts_with("url: "));
        assert!(refusal(json!({ "url": format!("{url}?a=b"), "token": "t" })).starts_with("url: "));
        assert!(refusal(json!({ "url": url, "token": "a b" })).starts_with("token: "));
        assert!(refusal(json!({ "url": url, "token": "t", "ca": "none" })).starts_with("ca: "));
        assert!(refusal(json!({ "url": url, "token": "t", "timeout_seconds": 0 })).starts_with("timeout_seconds"));
        let wrong = refusal(json!({ "url": url, "token": "t", "delete": "never" }));
        assert!(wrong.contains("delete") && !wrong.contains("never"), "named, and never with its value: {wrong}");
        assert!(refusal(json!({ "url": url, "tokens": "t" })).contains("tokens"));
    }

    #[test]
    fn a_token_or_a_client_is_enough() {
        let url = "https://users.example/scim/v2/";
        check(json!({ "url": url, "token": "t" }).as_object().unwrap()).unwrap();
        let client = json!({ "url": url, "token_url": "https://users.example/token", "client_id": "c",
            "client_secret": "s", "scope": "scim", "delete": "deactivate" });
        check(client.as_object().unwrap()).unwrap();
    }
}
