//! A store that is a receiver of SETs which asks for them (RFC 8936). Nothing is brought to it; what it has acknowledged it
//! has.

use async_trait::async_trait;
use events::Event;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Stream;
use crate::store::pull::DIGEST;
use crate::store::{Failed, Failure, Kind, Opened, Opening, Store, read};

/// The name of the kind, of whose stores nobody takes the lease.
pub(crate) const NAME: &str = "set_poll";

pub(in crate::store) const KIND: Kind = Kind {
    name: NAME,
    about: "a receiver of security event tokens that asks for them (RFC 9967, RFC 8936)",
    secrets: &[DIGEST],
    check,
    open,
};

/// There is nothing to set but what all streams have.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {}

struct PollStore;

fn check(settings: &Map<String, Value>) -> Result<(), String> {
    let (_, others) = Stream::take(settings)?;
    read::<Settings>(&others).map(|Settings {}| ())
}

fn open(_: Opening) -> Opened {
    Box::pin(async {
        let store: Box<dyn Store> = Box::new(PollStore);
        Ok(store)
    })
}

#[async_trait]
impl Store for PollStore {
    async fn apply(&mut self, _: &[Event]) -> Result<(), Failed> {
        Err(Failure::refused("nothing is brought to this store: its receiver asks for what there is").into())
    }

    async fn probe(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}
