//! The settings of a webhook.

use std::collections::BTreeMap;
use std::time::Duration;

use outbound::header::{HeaderMap, HeaderName, HeaderValue};
use outbound::{Options, Reach, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};

use super::secret::Signer;

const USUAL_SECONDS: u64 = 15;
const MOST_SECONDS: u64 = 60;
const MOST_HEADERS: usize = 20;
const LONGEST_HEADER: usize = 4096;
/// Those that say what is sent and how.
const OWN_HEADERS: [&str; 8] =
    ["connection", "content-encoding", "content-length", "content-type", "host", "te", "transfer-encoding", "upgrade"];

/// The settings of this kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// Where events are sent.
    url: String,
    /// What they are signed with.
    secret: Option<Hidden>,
    /// The secret before, while receivers still know no other.
    previous_secret: Option<Hidden>,
    /// Many events in one request.
    #[serde(default)]
    pub(super) batched: bool,
    /// How long a receiver may take to answer.
    #[serde(default = "usual_seconds")]
    timeout_seconds: u64,
    /// More headers of the requests; the values are secret.
    #[serde(default)]
    headers: BTreeMap<String, Hidden>,
    /// Certificates in PEM of the authority of the receiver, in place of those of the system.
    ca: Option<String>,
}

/// A text that is shown to nobody.
#[derive(Debug)]
struct Hidden(SecretString);

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

fn usual_seconds() -> u64 {
    USUAL_SECONDS
}

impl Settings {
    /// What cannot be right whoever may be called.
    pub(super) fn check(&self) -> Result<(), String> {
        self.url(Reach::of_stores(true))?;
        self.signer()?;
        self.headers()?;
        if !(1..=MOST_SECONDS).contains(&self.timeout_seconds) {
            return Err(format!("timeout_seconds is between 1 and {MOST_SECONDS}, not {}", self.timeout_seconds));
        }
        let authorities = self.ca.as_deref().map_or(Ok(()), outbound::check_authorities);
        authorities.map_err(|error| format!("ca: {error}"))
    }

    pub(super) fn url(&self, reach: Reach) -> Result<Url, String> {
        reach.url(&self.url).map_err(|refused| format!("url: {refused}"))
    }

    pub(super) fn signer(&self) -> Result<Signer, String> {
        let secret = self.secret.as_ref().ok_or("secret is missing: what requests are signed with, whsec_…")?;
        Signer::new(&secret.0, self.previous_secret.as_ref().map(|hidden| &hidden.0))
    }

    pub(super) fn headers(&self) -> Result<HeaderMap, String> {
        if self.headers.len() > MOST_HEADERS {
            return Err(format!("headers has at most {MOST_HEADERS} headers"));
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let text = value.0.expose_secret();
            let value = HeaderValue::from_str(text).ok().filter(|_| text.len() <= LONGEST_HEADER);
            let mut value = value.ok_or_else(|| {
                format!("headers: the value of {name} is no text of one line of at most {LONGEST_HEADER} bytes")
            })?;
            value.set_sensitive(true);
            headers.insert(header_name(name)?, value);
        }
        Ok(headers)
    }

    pub(super) fn options(&self, reach: Reach) -> Options {
        let timeout = Duration::from_secs(self.timeout_seconds);
        Options { idle: 1, authorities: self.ca.clone(), ..Options::new(reach, timeout) }
    }
}

fn header_name(text: &str) -> Result<HeaderName, String> {
    let name =
        HeaderName::from_bytes(text.as_bytes()).map_err(|_| format!("headers: \"{text}\" is no name of a header"))?;
    let is_own = name.as_str().starts_with("webhook-") || OWN_HEADERS.contains(&name.as_str());
    if is_own { Err(format!("headers: {name} is set by the server; leave it out")) } else { Ok(name) }
}
