//! An exchange of a broker that speaks AMQP 0-9-1 (RabbitMQ, LavinMQ), each event a persistent message.
//!
//! The broker confirms a message when all queues that it goes to have it for good. Unless it is set otherwise, an event is sent when
//! the one before it is confirmed: a queue that refuses one (because it is full) may take the next, and nothing in the protocol
//! keeps it from that.

mod client;
mod publish;
mod refusal;
mod settings;
mod wire;

use async_trait::async_trait;
use events::Event;
use serde_json::{Map, Value};

use super::broker::{GREETING, Message, within};
use super::{Failed, Failure, Kind, Opened, Opening, Place, Store};
use client::Client;
use settings::Settings;

pub(super) const KIND: Kind = Kind {
    name: "amqp",
    about: "an exchange of RabbitMQ, or of another broker that speaks AMQP 0-9-1",
    secrets: &["password"],
    check,
    open,
};

const NAME: &str = "the broker";

struct AmqpStore {
    /// Taken when the store goes.
    client: Option<Client>,
    settings: Settings,
    place: Place,
    /// The number of the last message that was sent (the delivery tag).
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
        let mut store = AmqpStore { client: Some(client), settings, place, sent: 0 };
        store.probe().await?;
        let store: Box<dyn Store> = Box::new(store);
        Ok(store)
    })
}

impl AmqpStore {
    fn client(&mut self) -> Result<&mut Client, Failure> {
        self.client.as_mut().ok_or_else(|| Failure::unavailable("the connection is closed"))
    }
}

#[async_trait]
impl Store for AmqpStore {
    async fn apply(&mut self, events: &[Event]) -> Result<(), Failed> {
        let mut taken = 0;
        for together in events.chunks(self.settings.in_flight) {
            let messages: Vec<Message> =
                together.iter().map(Message::of).collect::<Result<_, _>>().map_err(|failure| failure.after(taken))?;
            let time = self.settings.timeout;
            let published = within(time, NAME, self.publish(&messages, &mut taken)).await;
            published.map_err(|failure| self.explain(failure).after(taken))?;
        }
        Ok(())
    }

    async fn probe(&mut self) -> Result<(), Failure> {
        let is_created = self.settings.is_created;
        within(GREETING, NAME, self.client()?.declare(is_created)).await
    }
}

impl AmqpStore {
    /// A broker that takes nothing, because it has no memory or disk left, does not answer. It said so before.
    fn explain(&self, failure: Failure) -> Failure {
        if self.client.as_ref().is_some_and(|client| client.is_blocked) {
            return Failure::unavailable("the broker is full: it has no memory or no disk left (connection.blocked)");
        }
        failure
    }
}

impl Drop for AmqpStore {
    /// The broker would note a connection that just breaks as an error.
    fn drop(&mut self) {
        let (Some(client), Ok(runtime)) = (self.client.take(), tokio::runtime::Handle::try_current()) else { return };
        runtime.spawn(async move { tokio::time::timeout(GREETING, client.close()).await });
    }
}
