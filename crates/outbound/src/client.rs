//! HTTP, to what may be called and no further.

use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Method, RequestBuilder, Url};

use crate::answer::reason;
use crate::reach::{Reach, Refused};

/// How long a connection may take to be there, if the whole call may take longer.
const CONNECT: Duration = Duration::from_secs(10);
const USER_AGENT: &str = concat!("Tenantry/", env!("CARGO_PKG_VERSION"));

/// How somebody is called.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whom it may call.
    pub reach: Reach,
    /// How long one call may take, from the name of the host to the last byte of the answer.
    pub timeout: Duration,
    /// How many connections are kept for the next call. They belong to the runtime that made them.
    pub idle: usize,
    /// Certificates in PEM: whoever is called must have one signed by these, and those of the system do not count.
    pub authorities: Option<String>,
}

/// Calls over HTTP. It follows no redirect, uses no proxy, and connects only where its [`Reach`] lets it.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    reach: Reach,
}

/// There is no client like that.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The certificates of an authority cannot be read.
    #[error("there is no certificate in PEM in it (-----BEGIN CERTIFICATE-----), or not a whole one")]
    Authorities,
    /// TLS cannot be set up, because the system has no certificates, for example.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

/// Finds the addresses of a host, and leaves out those that must not be called.
#[derive(Debug)]
struct Guarded(Reach);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let addresses: Addrs = Box::new(reach.addresses(name.as_str(), 0).await?.into_iter());
            Ok(addresses)
        })
    }
}

impl Options {
    /// Certificates of the system, and no connection is kept.
    #[must_use]
    pub fn new(reach: Reach, timeout: Duration) -> Self {
        Self { reach, timeout, idle: 0, authorities: None }
    }
}

impl Client {
    /// One with these options. It reads the certificates of the system, which takes a moment.
    ///
    /// # Errors
    /// If there are no certificates to trust.
    pub fn new(options: &Options) -> Result<Self, ClientError> {
        let builder = reqwest::Client::builder()
            .dns_resolver(Arc::new(Guarded(options.reach)))
            .redirect(Policy::none())
            .no_proxy()
            .timeout(options.timeout)
            .connect_timeout(options.timeout.min(CONNECT))
            .pool_max_idle_per_host(options.idle)
            .user_agent(USER_AGENT);
        let builder = match &options.authorities {
            None => builder,
            Some(pem) => builder.tls_certs_only(certificates(pem)?),
        };
        let http = builder.build().map_err(|error| ClientError::Tls(reason(&error)))?;
        Ok(Self { http, reach: options.reach })
    }

    /// A request to a URL.
    ///
    /// # Errors
    /// If it may not be called.
    pub fn request(&self, method: Method, url: Url) -> Result<RequestBuilder, Refused> {
        self.reach.check(&url)?;
        Ok(self.http.request(method, url))
    }
}

/// Whether a text can be [`Options::authorities`].
///
/// # Errors
/// If there is no certificate in it.
pub fn check_authorities(pem: &str) -> Result<(), ClientError> {
    certificates(pem).map(drop)
}

fn certificates(pem: &str) -> Result<Vec<Certificate>, ClientError> {
    let found = Certificate::from_pem_bundle(pem.as_bytes()).map_err(|_| ClientError::Authorities)?;
    if found.is_empty() { Err(ClientError::Authorities) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(allow_private: bool) -> Client {
        Client::new(&Options::new(Reach::of_stores(allow_private), Duration::from_secs(5))).unwrap()
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_not_called() {
        let request = client(false).request(Method::GET, url("https://localhost/keys")).unwrap();
        let why = reason(&request.send().await.unwrap_err());
        assert_eq!(why, "localhost has no public address; the operator can allow others with stores.allow_private");
    }

    #[test]
    fn an_address_of_this_machine_is_not_called() {
        let refused = client(false).request(Method::POST, url("https://[::ffff:127.0.0.1]/")).unwrap_err();
        assert!(matches!(refused, Refused::Private { .. }), "{refused}");
    }

    #[test]
    fn a_text_without_a_certificate_is_no_authority() {
        for text in ["", "certificate", "-----BEGIN CERTIFICATE-----\nAAAA"] {
            let mut options = Options::new(Reach::of_stores(false), Duration::from_secs(5));
            options.authorities = Some(text.to_owned());
            assert!(matches!(Client::new(&options), Err(ClientError::Authorities)), "{text}");
        }
    }
}
