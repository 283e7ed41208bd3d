//! A stream of Redis (`XADD`), each event an entry.
//!
//! One script adds a batch, all of it or nothing, and leaves out what the stream has already: so each event is in it once, whatever
//! is killed when, for as long as Redis remembers the stream.

mod connect;
mod settings;

use std::time::Duration;

use async_trait::async_trait;
use events::Event;
use redis::Script;
use redis::aio::MultiplexedConnection;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use uuid::Uuid;

use super::broker::{GREETING, Message, within};
use super::{Failed, Failure, Kind, Opened, Opening, Store};
use settings::{Settings, Trim};

pub(super) const KIND: Kind = Kind {
    name: "redis_streams",
    about: "a stream of Redis, or of a server that speaks its protocol",
    secrets: &["password"],
    check,
    open,
};

struct RedisStore {
    connection: MultiplexedConnection,
    script: Script,
    key: String,
    /// What people call it, and by what a stream is known as this store's: a tenant or a store that was made anew under its name
    /// is another one.
    owner: (String, Uuid),
    /// The number of the last event in the stream; negative if there is no stream.
    last: i64,
    trim: Option<Trim>,
    timeout: Duration,
}

fn check(settings: &Map<String, Value>) -> Result<(), String> {
    Settings::read(settings).map(drop)
}

fn open(opening: Opening) -> Opened {
    Box::pin(async move {
        let (settings, place) = (Settings::read(&opening.settings).map_err(Failure::refused)?, opening.place);
        let connection = connect::connect(&settings, &place).await?;
        let mut store = RedisStore {
            connection,
            script: Script::new(include_str!("add.lua")),
            key: settings.key(&place),
            owner: (format!("{}/{}", place.tenant, place.store), place.id),
            last: -1,
            trim: settings.trim(),
            timeout: settings.timeout(),
        };
        within(GREETING, "Redis", store.add(&[])).await?;
        let store: Box<dyn Store> = Box::new(store);
        Ok(store)
    })
}

impl RedisStore {
    /// Adds messages, all or none.
    async fn add(&mut self, messages: &[Message]) -> Result<(), Failure> {
        let (how, threshold) = match self.trim {
            None => ("", 0),
            Some(Trim::Entries(most)) => ("MAXLEN", i64::try_from(most).unwrap_or(i64::MAX)),
            Some(Trim::Age(age)) => ("MINID", oldest(age)),
        };
        let mut call = self.script.key(&self.key);
        let (name, id) = &self.owner;
        call.arg(name).arg(id.to_string()).arg(how).arg(threshold);
        for message in messages {
            call.arg(message.time_ms).arg(message.sequence).arg(u8::from(message.is_snapshot));
            call.arg(&message.id).arg(message.kind).arg(message.body.as_slice());
        }
        let added = call.invoke_async::<i64>(&mut self.connection).await;
        self.last = added.map_err(|error| connect::failure(&error, &self.key))?;
        Ok(())
    }
}

#[async_trait]
impl Store for RedisStore {
    async fn apply(&mut self, events: &[Event]) -> Result<(), Failed> {
        let messages = events.iter().map(Message::of).collect::<Result<Vec<_>, _>>()?;
        within(self.timeout, "Redis", self.add(&messages)).await?;
        Ok(())
    }

    async fn position(&mut self) -> Result<Option<i64>, Failure> {
        Ok(Some(self.last).filter(|last| *last >= 0))
    }

    async fn probe(&mut self) -> Result<(), Failure> {
        within(GREETING, "Redis", self.add(&[])).await
    }
}

/// The oldest moment that is kept, in milliseconds since 1970 UTC.
fn oldest(age: Duration) -> i64 {
    let moment = OffsetDateTime::now_utc() - age;
    i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).unwrap_or_default().max(0)
}
