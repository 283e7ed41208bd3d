//! How a request says whose it is.

use std::time::{Duration, Instant};

use outbound::{Client, Method, Url, header, read, reason};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::Failure;

/// What is sent with every request.
#[derive(Debug)]
pub(super) enum Credentials {
    /// A token that was set.
    Token(SecretString),
    /// Tokens that are fetched.
    Client(Box<OauthClient>),
}

/// Fetches tokens as a client of its own (RFC 6749 section 4.4).
#[derive(Debug)]
pub(super) struct OauthClient {
    url: Url,
    id: String,
    secret: SecretString,
    scope: Option<String>,
    held: Mutex<Option<Held>>,
}

#[derive(Debug)]
struct Held {
    token: SecretString,
    until: Instant,
}

/// RFC 6749 section 5.1.
#[derive(Deserialize)]
struct Issued {
    access_token: String,
    expires_in: Option<u64>,
}

/// How long before its end a token is replaced.
const MARGIN: Duration = Duration::from_secs(30);
/// How long one is used that does not say when it ends, and the longest.
const USUAL: Duration = Duration::from_mins(5);
const LONGEST: Duration = Duration::from_hours(24);
const MOST_BYTES: usize = 64 << 10;

impl Credentials {
    /// The token for the next request.
    pub(super) async fn token(&self, client: &Client) -> Result<SecretString, Failure> {
        match self {
            Self::Token(token) => Ok(token.clone()),
            Self::Client(oauth) => oauth.token(client).await,
        }
    }

    /// The token was not accepted. True if another one can be had.
    pub(super) async fn forget(&self) -> bool {
        match self {
            Self::Token(_) => false,
            Self::Client(oauth) => oauth.held.lock().await.take().is_some(),
        }
    }
}

impl OauthClient {
    pub(super) fn new(url: Url, id: String, secret: SecretString, scope: Option<String>) -> Self {
        Self { url, id, secret, scope, held: Mutex::default() }
    }

    async fn token(&self, client: &Client) -> Result<SecretString, Failure> {
        let mut held = self.held.lock().await;
        if let Some(held) = held.as_ref().filter(|held| held.until > Instant::now()) {
            return Ok(held.token.clone());
        }
        let issued = self.fetch(client).await?;
        let life = issued.expires_in.map_or(USUAL, Duration::from_secs).min(LONGEST);
        let token = SecretString::from(issued.access_token);
        *held = Some(Held { token: token.clone(), until: Instant::now() + life.saturating_sub(MARGIN) });
        Ok(token)
    }

    fn form(&self) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        if let Some(scope) = &self.scope {
            form.append_pair("scope", scope);
        }
        form.finish()
    }

    async fn fetch(&self, client: &Client) -> Result<Issued, Failure> {
        let failed = |why: &str| Failure::unavailable(format!("no token can be fetched from token_url: {why}"));
        let request = client.request(Method::POST, self.url.clone()).map_err(|refused| failed(&refused.to_string()))?;
        let answer = request
            .basic_auth(encoded(&self.id), Some(encoded(self.secret.expose_secret())))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .body(self.form())
            .send()
            .await
            .map_err(|error| failed(&reason(&error)))?;
        let status = answer.status();
        if !status.is_success() {
            let why = format!("it answers {}; look at client_id, client_secret and scope", status.as_u16());
            return Err(failed(&why));
        }
        let body = read(answer, MOST_BYTES).await.map_err(|error| failed(&error.to_string()))?;
        serde_json::from_slice(&body).map_err(|_| failed("it answers with what is no token"))
    }
}

/// As RFC 6749 section 2.3.1 wants it.
fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
