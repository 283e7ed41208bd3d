//! A stream of NATS JetStream, each event a message to a subject of its tenant and type.
//!
//! The messages of a batch are sent without waiting for each other. So that one which is refused leaves no hole before the next, each
//! says after which message it comes (`Nats-Expected-Last-Msg-Id`), and the stream refuses those after the hole. Whatever was
//! not taken then goes again, one by one. A message that the stream has is not added a second time (`Nats-Msg-Id`), as long as its
//! window for duplicates lasts.

mod client;
mod publish;
mod settings;
mod sign;
mod stream;

use async_trait::async_trait;
use events::Event;
use serde_json::{Map, Value};

use super::broker::{GREETING, Message, within};
use super::{Failed, Failure, Kind, Opened, Opening, Place, Store};
use client::Client;
use publish::Outcome;
use settings::Settings;

pub(super) const KIND: Kind = Kind {
    name: "nats",
    about: "a stream of NATS JetStream",
    secrets: &["password", "token", "nkey", "creds"],
    check,
    open,
};

const NAME: &str = "the NATS server";

struct NatsStore {
    client: Client,
    settings: Settings,
    place: Place,
    /// The name of the stream.
    stream: String,
    /// How many messages were sent, which tells their answers apart.
    sent: u64,
}

fn check(settings: &Map<String, Value>) -> Result<(), String> {
    Settings::read(settings).map(drop)
}

fn open(opening: Opening) -> Opened {
    Box::pin(async move {
        let (settings, place) = (Settings::read(&opening.settings).map_err(Failure::refused)?, opening.place);
        // The connection has a time of its own.
        let client = within(GREETING * 2, NAME, Client::connect(&settings, &place)).await?;
        let stream = settings.stream(&place);
        let mut store = NatsStore { client, settings, place, stream, sent: 0 };
        store.probe().await?;
        let store: Box<dyn Store> = Box::new(store);
        Ok(store)
    })
}

#[async_trait]
impl Store for NatsStore {
    async fn apply(&mut self, events: &[Event]) -> Result<(), Failed> {
        let mut messages = Vec::with_capacity(events.len());
        for event in events {
            messages.push(Message::of(event).map_err(|failure| failure.after(0))?);
        }
        let mut taken = 0;
        if messages.len() > 1 {
            match within(self.settings.timeout, NAME, self.publish(&messages)).await? {
                Outcome::All => return Ok(()),
                Outcome::First(count) => taken = count,
                Outcome::Broken(count, failure) => return Err(failure.after(count)),
            }
        }
        for message in messages.get(taken..).unwrap_or_default() {
            let published = within(self.settings.timeout, NAME, self.publish_one(message)).await;
            published.map_err(|failure| failure.after(taken))?;
            taken += 1;
        }
        Ok(())
    }

    async fn probe(&mut self) -> Result<(), Failure> {
        within(GREETING, NAME, stream::check(&mut self.client, &self.settings, &self.place)).await
    }
}
