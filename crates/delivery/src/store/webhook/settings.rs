//! The settings of a webhook.

use std::collections::BTreeMap;
use std::time::Duration;

use outbound::header::HeaderMap;
use outbound::{Options, Reach, Url};
use serde::Deserialize;

use super::secret::Signer;
use crate::store::http::{self, Hidden};

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
    #[serde(default = "http::usual_seconds")]
    timeout_seconds: u64,
    /// More headers of the requests; the values are secret.
    #[serde(default)]
    headers: BTreeMap<String, Hidden>,
    /// Certificates in PEM of the authority of the receiver, in place of those of the system.
    ca: Option<String>,
}

impl Settings {
    /// What cannot be right whoever may be called.
    pub(super) fn check(&self) -> Result<(), String> {
        self.url(Reach::of_stores(true))?;
        self.signer()?;
        self.headers()?;
        http::check_seconds(self.timeout_seconds)?;
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
        http::headers(&self.headers)
    }

    pub(super) fn options(&self, reach: Reach) -> Options {
        let timeout = Duration::from_secs(self.timeout_seconds);
        Options { idle: 1, authorities: self.ca.clone(), ..Options::new(reach, timeout) }
    }
}
