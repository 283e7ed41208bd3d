//! A store that is somebody's HTTP server: it gets each event as a signed request (Standard Webhooks,
//! <https://www.standardwebhooks.com>) with a `CloudEvents` body.
//!
//! One request at a time, each begun when the one before was answered: so a receiver sees the tenant's changes in their
//! order, and whoever wants more in less time takes many events in one request (decision 28).

mod secret;
mod settings;

use std::fmt::Write as _;

use async_trait::async_trait;
use aws_lc_rs::digest;
use events::Event;
use outbound::header::{CONTENT_TYPE, HeaderMap};
use outbound::{Client, Method, Reach, Url};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::http::{self, Answer, failed, not_called};
use super::{Failed, Failure, Kind, Opened, Opening, Place, Store, read};
use secret::Signer;
use settings::Settings;

pub(super) const KIND: Kind = Kind {
    name: "webhook",
    about: "an HTTP server that gets signed requests (Standard Webhooks, CloudEvents)",
    secrets: &["secret", "previous_secret", "headers"],
    check,
    open,
};

const ONE: &str = "application/cloudevents+json";
const MANY: &str = "application/cloudevents-batch+json";
/// A request with many events is not longer, unless one event alone is: receivers have limits, too.
const BYTES: usize = 1 << 20;

struct Webhook {
    client: Client,
    url: Url,
    headers: HeaderMap,
    signer: Signer,
    is_batched: bool,
    place: Place,
}

/// One body, and what it is known by: the same events always have the same id.
#[derive(Debug, PartialEq, Eq)]
struct Message {
    id: String,
    kind: &'static str,
    body: Vec<u8>,
    /// How many events are in it.
    count: usize,
}

fn check(settings: &Map<String, Value>) -> Result<(), String> {
    read::<Settings>(settings)?.check()
}

/// Makes the secret if none is given. What was made is shown to whoever adds the store, and to nobody afterwards.
pub(super) fn make_secrets(settings: &mut Map<String, Value>) -> Result<Map<String, Value>, String> {
    let mut made = Map::new();
    if !settings.contains_key("secret") {
        let secret = Value::String(secret::make()?);
        settings.insert("secret".to_owned(), secret.clone());
        made.insert("secret".to_owned(), secret);
    }
    Ok(made)
}

fn open(opening: Opening) -> Opened {
    Box::pin(async move {
        let Opening { settings, place } = opening;
        let settings: Settings = read(&settings).map_err(Failure::refused)?;
        let reach = Reach::of_stores(place.allow_private);
        let url = settings.url(reach).map_err(Failure::refused)?;
        let signer = settings.signer().map_err(Failure::refused)?;
        let headers = settings.headers().map_err(Failure::refused)?;
        let (options, is_batched) = (settings.options(reach), settings.batched);
        let client = http::client(options).await?;
        let store: Box<dyn Store> = Box::new(Webhook { client, url, headers, signer, is_batched, place });
        Ok(store)
    })
}

#[async_trait]
impl Store for Webhook {
    async fn apply(&mut self, events: &[Event]) -> Result<(), Failed> {
        let mut taken = 0;
        while let Some(rest) = events.get(taken..).filter(|rest| !rest.is_empty()) {
            let message = if self.is_batched { many(rest) } else { rest.first().map_or_else(|| many(rest), one) };
            let message = message.map_err(|failure| failure.after(taken))?;
            self.send(&message).await.map_err(|failure| failure.after(taken))?;
            taken += message.count;
        }
        Ok(())
    }

    /// Sends an event that tells nothing, so that the receiver can show that it knows the secret.
    async fn probe(&mut self) -> Result<(), Failure> {
        let id = Uuid::now_v7().to_string();
        let event = json!({
            "specversion": "1.0",
            "id": id,
            "source": format!("/tenants/{}", self.place.tenant),
            "type": "store.tested",
            "subject": format!("Stores/{}", self.place.id),
            "time": OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default(),
            "datacontenttype": "application/json",
            "data": { "store": self.place.store },
        });
        let (kind, body) = if self.is_batched { (MANY, json!([event])) } else { (ONE, event) };
        self.send(&Message { id, kind, body: body.to_string().into_bytes(), count: 1 }).await
    }
}

impl Webhook {
    async fn send(&self, message: &Message) -> Result<(), Failure> {
        let timestamp = OffsetDateTime::now_utc().unix_timestamp();
        let request = self.client.request(Method::POST, self.url.clone()).map_err(|refused| not_called(&refused))?;
        let request = request
            .headers(self.headers.clone())
            .header(CONTENT_TYPE, message.kind)
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", self.signer.sign(&message.id, timestamp, &message.body))
            .body(message.body.clone());
        let response = request.send().await.map_err(|error| failed(&error))?;
        let answer = Answer::read(response).await;
        if answer.status.is_success() { Ok(()) } else { Err(answer.failure()) }
    }
}

/// The message of one event.
fn one(event: &Event) -> Result<Message, Failure> {
    Ok(Message { id: event.id.to_string(), kind: ONE, body: written(event)?, count: 1 })
}

/// The message of the first of these events, as many as fit into one.
fn many(events: &[Event]) -> Result<Message, Failure> {
    let mut ids = digest::Context::new(&digest::SHA256);
    let (mut body, mut count) = (Vec::new(), 0);
    for event in events {
        let text = written(event)?;
        if count > 0 && body.len() + text.len() >= BYTES {
            break;
        }
        body.push(if count == 0 { b'[' } else { b',' });
        body.extend_from_slice(&text);
        ids.update(event.id.as_bytes());
        count += 1;
    }
    body.push(b']');
    let mut id = "batch_".to_owned();
    for byte in ids.finish().as_ref().iter().take(16) {
        let _infallible = write!(id, "{byte:02x}");
    }
    Ok(Message { id, kind: MANY, body, count })
}

fn written(event: &Event) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(event).map_err(|error| Failure::refused(format!("the event cannot be written: {error}")))
}
