//! One request to the service, and what its answer says.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use outbound::{Client, Method, ReadError, Response, StatusCode, Url, header, read, reason};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::credentials::Credentials;
use crate::Failure;

/// The service, and how it is asked.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) client: Client,
    /// What comes before `/Users`.
    pub(super) url: Url,
    pub(super) credentials: Credentials,
    /// When it listed users the last time that this was asked for.
    pub(super) listed: Mutex<Option<Instant>>,
}

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Call<'a> {
    pub(super) method: Method,
    /// Below the base, in parts that are encoded here.
    pub(super) path: &'a [&'a str],
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) body: Option<&'a Value>,
    pub(super) if_match: Option<&'a str>,
}

/// An answer: success, or a refusal of this one request.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    /// Null if there is none.
    pub(super) body: Value,
    /// `ETag`
    pub(super) tag: Option<String>,
}

/// The longest answer: a group of some 250,000 members. What is read of it takes several times as much memory.
const MOST_BYTES: usize = 32 << 20;
/// How often in a row a request is made again that came too early, and the longest wait for that. A store that asks for more
/// is left alone, as the worker does with it.
const PATIENCE: usize = 5;
const SHORT: Duration = Duration::from_secs(2);
/// For how long it is believed to be the service that answers, once it has listed users.
const TRUSTED: Duration = Duration::from_secs(10);
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
const SCIM: &str = "application/scim+json";

impl<'a> Call<'a> {
    pub(super) fn new(method: Method, path: &'a [&'a str]) -> Self {
        Self { method, path, query: &[], body: None, if_match: None }
    }

    pub(super) fn get(path: &'a [&'a str]) -> Self {
        Self::new(Method::GET, path)
    }

    /// Whether it is about one resource.
    fn is_of_one(&self) -> bool {
        self.path.len() == 2
    }

    pub(super) fn with(self, body: &'a Value) -> Self {
        Self { body: Some(body), ..self }
    }

    pub(super) fn query(self, query: &'a [(&'a str, &'a str)]) -> Self {
        Self { query, ..self }
    }
}

impl Service {
    /// Asks, and waits a little if it is too early.
    ///
    /// # Errors
    /// What keeps the service from answering anything: those are failures of the store and not of what it was asked.
    pub(super) async fn send(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        let (mut early, mut renewed) = (0, false);
        loop {
            let answer = self.ask(call).await?;
            let status = answer.status();
            if status == StatusCode::UNAUTHORIZED && !renewed && self.credentials.forget().await {
                renewed = true;
                continue;
            }
            let Some(wait) = too_early(&answer) else {
                let reply = reply(answer).await?;
                if call.is_of_one() && reply.is_gone() && !reply.is_scim_error() {
                    self.check_lists(reply.status).await?;
                }
                return Ok(reply);
            };
            if early == PATIENCE || wait.is_none_or(|wait| wait > SHORT) {
                let why = format!("the service asks for fewer requests, or is busy ({})", status.as_u16());
                return Err(Failure::Unavailable { why, after: wait });
            }
            early += 1;
            tokio::time::sleep(wait.unwrap_or_default()).await;
        }
    }

    /// Makes sure that who says without a word that something is not there is the service. A wrong path says the same of everything.
    async fn check_lists(&self, said: StatusCode) -> Result<(), Failure> {
        let lock = || self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        if lock().is_some_and(|listed| listed.elapsed() < TRUSTED) {
            return Ok(());
        }
        let answer = self.ask(&Call::get(&["Users"]).query(&[("count", "1")])).await?;
        let is_list = answer.status().is_success() && reply(answer).await?.resources().is_ok();
        if !is_list {
            let number = said.as_u16();
            return Err(Failure::unavailable(format!(
                "the service answers {number} without a SCIM error, and lists no users either; look at url"
            )));
        }
        *lock() = Some(Instant::now());
        Ok(())
    }

    async fn ask(&self, call: &Call<'_>) -> Result<Response, Failure> {
        let token = self.credentials.token(&self.client).await?;
        let request = self.client.request(call.method.clone(), self.address(call)).map_err(|refused| {
            if refused.is_passing() {
                Failure::unavailable(refused.to_string())
            } else {
                Failure::refused(refused.to_string())
            }
        })?;
        let mut request = request.bearer_auth(token.expose_secret()).header(header::ACCEPT, SCIM);
        if let Some(tag) = call.if_match {
            request = request.header(header::IF_MATCH, tag);
        }
        if let Some(body) = call.body {
            request = request.header(header::CONTENT_TYPE, SCIM).body(body.to_string());
        }
        request
            .send()
            .await
            .map_err(|error| Failure::unavailable(format!("the service cannot be reached: {}", reason(&error))))
    }

    fn address(&self, call: &Call<'_>) -> Url {
        let mut url = self.url.clone();
        // A URL that begins with https:// always has segments.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(call.path);
        }
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(call.query);
        }
        url
    }
}

/// How long to wait, if it is too early; within, `None` if that is not said.
fn too_early(answer: &Response) -> Option<Option<Duration>> {
    let is_early = matches!(answer.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    let seconds = || answer.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok();
    is_early.then(|| seconds().map(Duration::from_secs))
}

async fn reply(answer: Response) -> Result<Reply, Failure> {
    let number = answer.status().as_u16();
    let why = match number {
        401 => "the service does not accept the token (401); set another one".to_owned(),
        403 => {
            "the service does not let this token do what is needed (403); give it the right to change users and groups"
                .to_owned()
        }
        300..=399 => format!("the service answers with a redirect ({number}); set url to where it leads"),
        500 | 502.. => format!("the service failed ({number})"),
        // 501: it cannot do that at all, and somebody asks otherwise.
        _ => return read_reply(answer).await,
    };
    Err(Failure::unavailable(why))
}

async fn read_reply(answer: Response) -> Result<Reply, Failure> {
    let status = answer.status();
    let tag = answer.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
    let body = read(answer, MOST_BYTES).await;
    let body = body.map_err(|error| match error {
        ReadError::TooLong(most) => Failure::refused(format!(
            "the service answers with more than {} MB, which is not read: a group there has too many members",
            most >> 20
        )),
        error => Failure::unavailable(format!("the service cannot be reached: {error}")),
    })?;
    let is_empty = body.iter().all(u8::is_ascii_whitespace);
    let body = if is_empty { Ok(Value::Null) } else { serde_json::from_slice(&body) };
    // Whatever stands before the service may answer in its place; nothing follows from that.
    let body = body.map_err(|_| no_scim(status))?;
    Ok(Reply { status, body, tag })
}

/// Something else than the service answers.
pub(super) fn no_scim(status: StatusCode) -> Failure {
    let number = status.as_u16();
    Failure::unavailable(format!(
        "the service answers with what is no SCIM ({number}); look at url, and at what is before it"
    ))
}

impl Reply {
    pub(super) fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// What was asked for is not there (any more).
    pub(super) fn is_gone(&self) -> bool {
        matches!(self.status, StatusCode::NOT_FOUND | StatusCode::GONE)
    }

    /// Whether it says so as RFC 7644 section 3.12 wants it.
    fn is_scim_error(&self) -> bool {
        let schemas = self.body.get("schemas").and_then(Value::as_array);
        schemas.is_some_and(|schemas| schemas.iter().any(|urn| urn == ERROR))
    }

    /// It cannot do such a thing, or not in these words.
    pub(super) fn is_beyond_it(&self) -> bool {
        matches!(
            self.status,
            StatusCode::BAD_REQUEST
                | StatusCode::METHOD_NOT_ALLOWED
                | StatusCode::NOT_IMPLEMENTED
                | StatusCode::UNPROCESSABLE_ENTITY
        )
    }

    /// The id in it.
    pub(super) fn id(&self) -> Result<String, Failure> {
        let id = self.body.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
        id.map(str::to_owned).ok_or_else(|| no_scim(self.status))
    }

    /// The resource in it.
    pub(super) fn resource(self) -> Result<Value, Failure> {
        self.id()?;
        Ok(self.body)
    }

    /// The resources of a list (RFC 7644 section 3.4.2). `Resources` may be absent when there is none.
    pub(super) fn resources(mut self) -> Result<Vec<Value>, Failure> {
        let is_list = self.is_success() && self.body.get("totalResults").is_some_and(Value::is_number);
        match self.body.get_mut("Resources").map(Value::take) {
            Some(Value::Array(found)) if is_list => Ok(found),
            None | Some(Value::Null) if is_list => Ok(Vec::new()),
            _ => Err(no_scim(self.status)),
        }
    }

    /// It refuses to do something. What it says in its own words may name a person, so only its keyword is told.
    pub(super) fn refusal(&self, what: &str) -> Failure {
        let keyword = self.body.get("scimType").and_then(Value::as_str);
        let keyword = keyword.filter(|word| word.len() <= 40 && word.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let keyword = keyword.map(|word| format!(" {word}")).unwrap_or_default();
        Failure::refused(format!("the service refuses to {what} ({}{keyword})", self.status.as_u16()))
    }
}
