//! One of several values of an attribute.

use serde::{Deserialize, Serialize};

use super::Reader;

/// One of several values, such as an e-mail address or a role (RFC 7643 section 2.4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The value itself, as sent.
    pub value: String,
    /// What people read in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// What it is used for, such as `work`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Whether it is the one to use; true of one at most.
    #[serde(default)]
    pub primary: bool,
}

impl Entry {
    /// One without a value says nothing.
    fn of(entry: Reader<'_>) -> Option<Self> {
        Some(Self {
            value: entry.text("value")?,
            display: entry.text("display"),
            kind: entry.text("type"),
            primary: entry.flag("primary"),
        })
    }
}

/// The values of an attribute, in the order sent.
pub(super) fn entries(all: Reader<'_>, name: &str) -> Vec<Entry> {
    all.list(name).filter_map(Entry::of).collect()
}
