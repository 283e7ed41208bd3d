//! A store that is a receiver of SETs, called for each of them (RFC 8935).
//!
//! One request at a time, each begun when the one before was answered, so that a receiver has them in their order.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use events::Event;
use outbound::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use outbound::{Client, Method, Options, Reach, StatusCode, Url};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tenancy::SigningKeys;
use uuid::Uuid;

use super::claims::{Claims, Facts};
use super::{Pen, Signed, Stream};
use crate::store::http::{self, Answer, Hidden};
use crate::store::{Failed, Failure, Kind, Opened, Opening, Place, Store, read};

/// The name of the kind.
pub(crate) const NAME: &str = "set_push";

pub(in crate::store) const KIND: Kind = Kind {
    name: NAME,
    about: "a receiver of security event tokens that is called (RFC 9967, RFC 8935)",
    secrets: &["headers"],
    check,
    open,
};

const MEDIA_TYPE: &str = "application/secevent+jwt";
/// The event by which a receiver shows that it can take SETs (Shared Signals Framework 1.0, section
/// 8.1.4).
const VERIFICATION: &str = "https://schemas.openid.net/secevent/ssf/event-type/verification";

/// The settings of this kind besides those of all streams.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Where SETs are sent.
    url: String,
    /// More headers of the requests, such as `Authorization`; the values are secret.
    #[serde(default)]
    headers: BTreeMap<String, Hidden>,
    /// How long a receiver may take to answer.
    #[serde(default = "http::usual_seconds")]
    timeout_seconds: u64,
    /// Certificates in PEM of the authority of the receiver, in place of those of the system.
    ca: Option<String>,
}

struct Push {
    client: Client,
    url: Url,
    headers: HeaderMap,
    stream: Stream,
    place: Place,
}

/// What a receiver says that does not take a SET (RFC 8935 section 2.3).
#[derive(Deserialize)]
struct Refusal {
    err: String,
    #[serde(default)]
    description: String,
}

impl Settings {
    fn url(&self, reach: Reach) -> Result<Url, String> {
        reach.url(&self.url).map_err(|refused| format!("url: {refused}"))
    }

    fn options(&self, reach: Reach) -> Options {
        let timeout = Duration::from_secs(self.timeout_seconds);
        Options { idle: 1, authorities: self.ca.clone(), ..Options::new(reach, timeout) }
    }
}

fn parse(settings: &Map<String, Value>) -> Result<(Stream, Settings), String> {
    let (stream, others) = Stream::take(settings)?;
    Ok((stream, read(&others)?))
}

fn check(settings: &Map<String, Value>) -> Result<(), String> {
    let (_, settings) = parse(settings)?;
    settings.url(Reach::of_stores(true))?;
    http::headers(&settings.headers)?;
    http::check_seconds(settings.timeout_seconds)?;
    let authorities = settings.ca.as_deref().map_or(Ok(()), outbound::check_authorities);
    authorities.map_err(|error| format!("ca: {error}"))
}

fn open(opening: Opening) -> Opened {
    Box::pin(async move {
        let Opening { settings, place } = opening;
        let (stream, settings) = parse(&settings).map_err(Failure::refused)?;
        let reach = Reach::of_stores(place.allow_private);
        let url = settings.url(reach).map_err(Failure::refused)?;
        let headers = http::headers(&settings.headers).map_err(Failure::refused)?;
        let client = http::client(settings.options(reach)).await?;
        let store: Box<dyn Store> = Box::new(Push { client, url, headers, stream, place });
        Ok(store)
    })
}

#[async_trait]
impl Store for Push {
    async fn apply(&mut self, events: &[Event]) -> Result<(), Failed> {
        let keys = self.place.keys.now();
        let pen = self.pen(&keys)?;
        for (taken, event) in events.iter().enumerate() {
            if let Some(signed) = pen.write(event).map_err(|why| Failure::refused(why).after(taken))? {
                self.send(signed).await.map_err(|failure| failure.after(taken))?;
            }
        }
        Ok(())
    }

    /// Sends a SET that tells nothing, so that the receiver can show that it knows the key and takes what comes.
    async fn probe(&mut self) -> Result<(), Failure> {
        let keys = self.place.keys.now();
        let sub_id = json!({ "format": "opaque", "id": self.place.id });
        let facts = Facts { txn: None, sub_id, events: Map::from_iter([(VERIFICATION.to_owned(), json!({}))]) };
        let id = Uuid::now_v7();
        let signed = self.pen(&keys)?.sign(id, &Claims::new(&self.stream, id, None, facts));
        self.send(signed.map_err(Failure::refused)?).await
    }
}

impl Push {
    fn pen(&self, keys: &SigningKeys) -> Result<Pen<'_>, Failure> {
        Pen::new(&self.stream, keys, &self.place.tenant).map_err(Failure::unavailable)
    }

    async fn send(&self, signed: Signed) -> Result<(), Failure> {
        let request = self.client.request(Method::POST, self.url.clone());
        let request = request.map_err(|refused| http::not_called(&refused))?;
        let request = request
            .headers(self.headers.clone())
            .header(CONTENT_TYPE, MEDIA_TYPE)
            .header(ACCEPT, "application/json")
            .body(signed.token);
        let response = request.send().await.map_err(|error| http::failed(&error))?;
        judge(Answer::read(response).await)
    }
}

/// Whether a SET was taken: 202 says so, and nothing else (RFC 8935 section 2.2). What is answered with another 2xx may not have come
/// to a receiver of SETs at all.
fn judge(answer: Answer) -> Result<(), Failure> {
    match answer.status {
        StatusCode::ACCEPTED => Ok(()),
        StatusCode::BAD_REQUEST => Err(refused(&answer.body).map_or_else(|| answer.failure(), Failure::refused)),
        status if status.is_success() => {
            let code = status.as_u16();
            Err(Failure::refused(format!(
                "the receiver answers {code}; a security event token is taken with 202 (RFC 8935 section 2.2), so check url"
            )))
        }
        _ => Err(answer.failure()),
    }
}

fn refused(body: &[u8]) -> Option<String> {
    let Refusal { err, description } = serde_json::from_slice(body).ok()?;
    let told = [err, description].join(" ");
    Some(format!("the receiver refuses the token{}", http::shown(told.trim().as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_receiver() {
        let told = |body: &str| refused(body.as_bytes());
        let body = r#"{"err":"invalid_audience","description":"not for ada@acme.example"}"#;
        assert_eq!(told(body).unwrap(), "the receiver refuses the token: invalid_audience not for …");
        assert_eq!(told(r#"{"err":"invalid_key"}"#).unwrap(), "the receiver refuses the token: invalid_key");
        for body in ["", "no", r#"{"error":"x"}"#] {
            assert_eq!(told(body), None, "{body}");
        }
    }
}
