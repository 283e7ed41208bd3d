//! What a store is, and the kinds there are.

mod amqp;
mod broker;
mod file;
mod http;
mod nats;
pub(crate) mod pull;
mod redis_streams;
mod scim;
pub(crate) mod sets;
mod sql;
mod webhook;

use std::any::Any;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use events::Event;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::drift::Comparable;
use crate::links::Links;

/// A destination of a tenant's events, open. One worker at a time uses it.
#[async_trait]
pub trait Store: Send {
    /// Brings these events there, in their order. It returns when the store has them for good; what it took before a
    /// failure is in [`Failed::taken`].
    ///
    /// A store may get an event again that it has taken, after a worker was killed or lost its lease: what it makes of it must be
    /// the same, or its receiver must be able to tell by the event's id.
    async fn apply(&mut self, events: &[Event]) -> Result<(), Failed>;

    /// The number of the last event that it has, for stores that keep that together with what they were told; `None` for
    /// others. Delivery goes on from there.
    async fn position(&mut self) -> Result<Option<i64>, Failure> {
        Ok(None)
    }

    /// Whether it could take events now: connects, signs in, and changes nothing that its receiver would see as a user's change.
    async fn probe(&mut self) -> Result<(), Failure>;

    /// What it knows of the snapshot that is under way, after some of it was not taken: for the one that goes on with it.
    fn leave_snapshot(&mut self) -> Option<Unfinished> {
        None
    }

    /// Goes on with a snapshot after what the one before left.
    fn resume_snapshot(&mut self, _left: Unfinished) {}

    /// The store as one that can be compared with the directory, if it keeps users and groups as they are.
    fn comparable(&mut self) -> Option<&mut dyn Comparable> {
        None
    }
}

/// What a store left of a snapshot; it knows itself what that is.
pub type Unfinished = Box<dyn Any + Send + Sync>;

/// Some events were not taken.
#[derive(Debug)]
pub struct Failed {
    /// How many of the events were taken before.
    pub taken: usize,
    /// Why the next one was not.
    pub failure: Failure,
}

/// Why a store takes no events. The sentences are for the tenant's administrators: no secret, no address of a person.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It cannot be reached, is busy, or failed: it is asked again.
    #[error("{why}")]
    Unavailable {
        /// What happened.
        why: String,
        /// How long it asks to be left alone.
        after: Option<Duration>,
    },
    /// It refuses this event. It is asked again all the same, because what it refuses may be mended there.
    #[error("{why}")]
    Refused {
        /// What it said.
        why: String,
    },
    /// It says that it is gone for good (HTTP 410): it is switched off.
    #[error("{why}")]
    Gone {
        /// What it said.
        why: String,
    },
}

impl Failure {
    /// It cannot be reached, is busy, or failed.
    pub fn unavailable(why: impl Into<String>) -> Self {
        Self::Unavailable { why: why.into(), after: None }
    }

    /// It refuses an event.
    pub fn refused(why: impl Into<String>) -> Self {
        Self::Refused { why: why.into() }
    }

    /// After so many events of a batch were taken.
    #[must_use]
    pub fn after(self, taken: usize) -> Failed {
        Failed { taken, failure: self }
    }
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        failure.after(0)
    }
}

/// Whose store is opened, and where it may keep files.
#[derive(Clone, Debug)]
pub struct Place {
    /// The name of the tenant.
    pub tenant: String,
    /// The name of the store.
    pub store: String,
    /// The id of the store.
    pub id: Uuid,
    /// A folder for files of this tenant's stores; it may not exist yet. Relative paths in settings are below it, and none leads
    /// out of it.
    pub folder: PathBuf,
    /// Whether private, loopback and link-local addresses may be connected to.
    pub allow_private: bool,
    /// What our resources are called there.
    pub(crate) links: Links,
    /// What signs that which is brought there.
    pub(crate) keys: sets::Keys,
}

/// What a store is opened with.
#[derive(Debug)]
pub struct Opening {
    /// The settings of its kind, secrets among them.
    pub settings: Map<String, Value>,
    /// Whose it is.
    pub place: Place,
}

/// A store that is being opened.
pub type Opened = Pin<Box<dyn Future<Output = Result<Box<dyn Store>, Failure>> + Send>>;

/// A kind of store: each is one file of this folder.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Its name in settings, such as `webhook`.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// The settings that are secret: kept sealed, and never shown.
    pub secrets: &'static [&'static str],
    /// Refuses settings that cannot be right, with a sentence that names the setting and the way out. Secrets are among
    /// them.
    pub check: fn(&Map<String, Value>) -> Result<(), String>,
    /// Connects.
    pub open: fn(Opening) -> Opened,
}

/// All kinds of stores.
const KINDS: &[Kind] = &[
    sql::KIND,
    webhook::KIND,
    scim::KIND,
    nats::KIND,
    redis_streams::KIND,
    amqp::KIND,
    file::KIND,
    pull::KIND,
    sets::push::KIND,
    sets::poll::KIND,
];

/// All kinds of stores.
#[must_use]
pub fn kinds() -> &'static [Kind] {
    KINDS
}

/// Whether the stores of a kind are fed by nobody, because they fetch what there is.
pub(crate) fn is_fetched(kind: &str) -> bool {
    kind == pull::NAME || kind == sets::poll::NAME
}

/// The kind of this name.
pub(crate) fn find(name: &str) -> Option<&'static Kind> {
    #[cfg(test)]
    if name == crate::tests::KIND.name {
        return Some(&crate::tests::KIND);
    }
    KINDS.iter().find(|kind| kind.name == name)
}

/// Makes the secrets of a store that are missing and can be made here. They are told once, to whoever adds it.
pub(crate) fn make_secrets(kind: &Kind, settings: &mut Map<String, Value>) -> Result<Map<String, Value>, String> {
    if kind.name == webhook::KIND.name { webhook::make_secrets(settings) } else { Ok(Map::new()) }
}

/// Whether stores of a kind can be compared with the directory ([`Store::comparable`]).
pub(crate) fn is_comparable(kind: &str) -> bool {
    [sql::KIND.name, scim::KIND.name].contains(&kind)
}

/// Reads the settings of a kind; what is wrong is told in a sentence, with the name of the setting and never its value.
pub(crate) fn read<T: DeserializeOwned>(settings: &Map<String, Value>) -> Result<T, String> {
    T::deserialize(Value::Object(settings.clone())).map_err(|error| unread::<T>(settings, &error.to_string()))
}

/// How errors begin that tell what was expected at their end.
const TELLING: [&str; 4] = ["invalid type", "invalid value", "invalid length", "unknown variant"];

/// What is wrong with settings, without the value that the error may repeat: it may be a secret.
fn unread<T: DeserializeOwned>(settings: &Map<String, Value>, error: &str) -> String {
    if error.starts_with("unknown field") || error.starts_with("missing field") {
        return error.to_owned();
    }
    let is_wrong = |name: &str| {
        let rest: Map<_, _> = settings.iter().filter(|(other, _)| *other != name).map(pair).collect();
        T::deserialize(Value::Object(rest)).err().is_none_or(|other| other.to_string() != error)
    };
    let name = settings.keys().find(|name| is_wrong(name)).map_or("a setting", String::as_str);
    let is_telling = TELLING.iter().any(|beginning| error.starts_with(beginning));
    match error.rsplit_once(", expected ").filter(|_| is_telling) {
        Some((_, expected)) => format!("{name} cannot be read: {expected} is expected"),
        None => format!("{name} cannot be read"),
    }
}

fn pair((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Whatever is set to something of another type, or to another word, and however the value is written.
    #[test]
    fn a_value_that_cannot_be_read_is_never_repeated() {
        const SECRET: &str = "hunter2, expected hunter2";
        let names = [
            "url",
            "secret",
            "previous_secret",
            "headers",
            "ca",
            "timeout_seconds",
            "batched",
            "prefix",
            "events",
            "token",
            "password",
            "username",
            "exchange",
            "stream",
            "delete",
            "issuer",
            "audience",
            "content",
            "name",
            "keep",
            "seed",
            "credentials",
            "jwt",
        ];
        for kind in kinds() {
            for name in names {
                for value in [
                    json!(SECRET),
                    json!([SECRET]),
                    json!({ SECRET: SECRET }),
                    json!({ "a": [SECRET] }),
                    json!(-7_654_321),
                ] {
                    let Err(told) = (kind.check)(&Map::from_iter([(name.to_owned(), value.clone())])) else { continue };
                    let is_secret = kind.secrets.contains(&name) || value.is_object() || value.is_array();
                    assert!(!is_secret || !told.contains("hunter2"), "{} {name}: {told}", kind.name);
                }
            }
        }
    }

    #[test]
    fn the_setting_and_what_it_should_be_are_told() {
        let told = (webhook::KIND.check)(&Map::from_iter([
            ("url".to_owned(), json!("https://example.com")),
            ("secret".to_owned(), json!(["whsec_hunter2"])),
        ]));
        assert_eq!(told.unwrap_err(), "secret cannot be read: a string is expected");
    }
}
