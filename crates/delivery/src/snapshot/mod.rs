//! A new or rebuilt store gets the directory as it is at one moment, and then what comes.
//!
//! The directory is read in one transaction into a file without a name, which takes seconds; the store gets it from there, as fast
//! as it takes it. So nothing is held open in the database for a slow store, and what is in the snapshot is exactly what
//! the events up to its number have made.

mod event;
mod spool;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use spool::Spool;

/// A snapshot that a store is to get, and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Its own id, which tells it from one that was asked for later.
    pub(crate) id: Uuid,
    /// Why, if nobody asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
    /// The number of the last event that is in it, once it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<i64>,
    /// How many users and groups the store has got.
    #[serde(default)]
    pub done: u64,
    /// How many there are.
    #[serde(default)]
    pub total: u64,
}

impl Wish {
    /// A new one.
    pub(crate) fn new(why: Option<String>) -> Self {
        Self { id: Uuid::now_v7(), why, sequence: None, done: 0, total: 0 }
    }

    /// As it stands in the table.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What stands in the table.
    pub(crate) fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|_| Self::new(None))
    }
}
