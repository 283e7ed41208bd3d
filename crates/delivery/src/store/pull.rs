//! A store that fetches its events itself, over HTTP with a token of its own. Nothing is brought to it: its position is what it
//! said that it has.

use async_trait::async_trait;
use events::Event;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Failed, Failure, Kind, Opened, Opening, Store, read};

/// The name of the kind, of whose stores nobody takes the lease.
pub(crate) const NAME: &str = "pull";

/// Where the digest of its token is, among the secrets.
pub(crate) const DIGEST: &str = "token_digest";

pub(super) const KIND: Kind = Kind {
    name: NAME,
    about: "a program that fetches its events over HTTP: long polling and server-sent events",
    secrets: &[DIGEST],
    check,
    open,
};

/// There is nothing to set but the options of all stores.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {}

struct PullStore;

fn check(settings: &Map<String, Value>) -> Result<(), String> {
    read::<Settings>(settings).map(|Settings {}| ())
}

fn open(_: Opening) -> Opened {
    Box::pin(async {
        let store: Box<dyn Store> = Box::new(PullStore);
        Ok(store)
    })
}

#[async_trait]
impl Store for PullStore {
    async fn apply(&mut self, _: &[Event]) -> Result<(), Failed> {
        Err(Failure::refused("nothing is brought to this store: it fetches its events").into())
    }

    async fn probe(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}
