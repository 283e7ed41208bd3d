//! Settings of the kinds that call somebody's HTTP server.

use std::collections::BTreeMap;

use outbound::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};

const USUAL_SECONDS: u64 = 15;
const MOST_SECONDS: u64 = 60;
const MOST_HEADERS: usize = 20;
const LONGEST_HEADER: usize = 4096;
/// Those that say what is sent and how.
const OWN_HEADERS: [&str; 9] = [
    "accept",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// A text that is shown to nobody.
#[derive(Debug)]
pub(in crate::store) struct Hidden(pub(in crate::store) SecretString);

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

/// How long a receiver may take, unless somebody says otherwise.
pub(in crate::store) fn usual_seconds() -> u64 {
    USUAL_SECONDS
}

pub(in crate::store) fn check_seconds(seconds: u64) -> Result<(), String> {
    if (1..=MOST_SECONDS).contains(&seconds) {
        return Ok(());
    }
    Err(format!("timeout_seconds is between 1 and {MOST_SECONDS}, not {seconds}"))
}

/// The headers that somebody wants in each request.
pub(in crate::store) fn headers(wanted: &BTreeMap<String, Hidden>) -> Result<HeaderMap, String> {
    if wanted.len() > MOST_HEADERS {
        return Err(format!("headers has at most {MOST_HEADERS} headers"));
    }
    let mut headers = HeaderMap::new();
    for (name, value) in wanted {
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

fn header_name(text: &str) -> Result<HeaderName, String> {
    let name =
        HeaderName::from_bytes(text.as_bytes()).map_err(|_| format!("headers: \"{text}\" is no name of a header"))?;
    let is_own = name.as_str().starts_with("webhook-") || OWN_HEADERS.contains(&name.as_str());
    if is_own { Err(format!("headers: {name} is set by the server; leave it out")) } else { Ok(name) }
}
