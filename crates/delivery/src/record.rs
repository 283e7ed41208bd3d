//! One store as the table has it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::Options;
use crate::snapshot::Wish;

/// The id of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoreId(pub(crate) Uuid);

impl fmt::Display for StoreId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// Whether a store is fed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is.
    Active,
    /// Not until it is resumed; its events wait.
    Paused,
    /// Not any more: it said that it is gone.
    Disabled,
}

impl State {
    /// Its name in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
        }
    }
}

impl FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = [Self::Active, Self::Paused, Self::Disabled].into_iter().find(|state| state.as_str() == text);
        known.ok_or_else(|| format!("\"{text}\" is no state of a store"))
    }
}

/// A part of the log that a store gets again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The number of its last event.
    pub to: i64,
    /// After which number the store goes on afterwards.
    pub(crate) back: i64,
}

/// An event that a store did not take.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// The number of the event.
    pub sequence: i64,
    /// The type of the event, if the log still has it.
    pub event_type: Option<String>,
    /// What it is about, if the log still has it.
    pub subject: Option<String>,
    /// When it was given up, in milliseconds since 1970 UTC.
    pub parked_ms: i64,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it was not taken the last time.
    pub error: String,
    /// Whether it is to be brought again.
    pub is_asked_for: bool,
}

/// What is known of a store.
#[derive(Clone, Debug)]
pub struct StoreRecord {
    /// The number of its tenant.
    pub(crate) tenant: i64,
    /// Its id.
    pub id: StoreId,
    /// What people call it.
    pub name: String,
    /// The name of its kind.
    pub kind: String,
    /// What it gets, and what happens when it takes nothing.
    pub options: Options,
    /// The settings of its kind without the secrets.
    pub settings: Map<String, Value>,
    /// The secrets, sealed.
    pub(crate) secrets: Option<String>,
    /// Rises with each change of its settings.
    pub version: i64,
    /// Whether it is fed.
    pub state: State,
    /// The number of the last event that it has or passed over.
    pub position: i64,
    /// The number of the last event that it was brought and took.
    pub(crate) brought: i64,
    /// The number of the newest event of the tenant that it may have.
    pub newest: i64,
    /// How many newer ones the breaker of the tenant holds.
    pub held: i64,
    /// The snapshot of the directory that is to be brought first.
    pub snapshot: Option<Wish>,
    /// The part of the log that is brought again.
    pub replay: Option<Replay>,
    /// Whether some dead letters are to be brought again.
    pub(crate) letters: bool,
    /// How often the next event failed in a row.
    pub attempts: u32,
    /// Since when.
    pub failing_since_ms: Option<i64>,
    /// When it is tried again.
    pub due_ms: i64,
    /// Why it failed the last time.
    pub error: Option<String>,
    /// Whether it failed for so long that an event was parked, or it was paused.
    pub is_degraded: bool,
    /// When it took something the last time.
    pub succeeded_ms: Option<i64>,
    /// How many of its events are parked.
    pub dead_letters: i64,
    /// When it was added.
    pub created_ms: i64,
    /// When its settings were changed last.
    pub modified_ms: i64,
    /// When this was read, by the clock of the database.
    pub(crate) read_ms: i64,
}

impl StoreRecord {
    /// For how long the next event has failed.
    pub(crate) fn failing(&self) -> Duration {
        let since = self.failing_since_ms.map_or(0, |since| self.read_ms.saturating_sub(since));
        Duration::from_millis(u64::try_from(since).unwrap_or_default())
    }

    /// What events about it name.
    pub(crate) fn subject(&self) -> String {
        format!("Stores/{}", self.id)
    }

    /// How many events it has not got and may have.
    #[must_use]
    pub fn lag(&self) -> i64 {
        (self.newest - self.position).max(0)
    }
}
