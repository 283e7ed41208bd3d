//! What an operator can ask about the stores of tenants.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One request about the stores of a tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "store", rename_all = "kebab-case", deny_unknown_fields)]
pub enum StoreCommand {
    /// Lists the kinds of stores there are.
    Kinds,
    /// Lists the keys that the secrets of stores are sealed with.
    ListKeys,
    /// Makes a new key, and seals all secrets with it.
    RotateKey,
    /// Reads the keys again, and seals all secrets with the first one.
    Reseal,
    /// Adds a store.
    Add {
        /// The tenant.
        tenant: String,
        /// The name of the store.
        name: String,
        /// The name of its kind.
        kind: String,
        /// Options and settings by name.
        settings: Map<String, Value>,
        /// Every event from the first, in place of a snapshot and what comes.
        #[serde(default)]
        from_start: bool,
        /// Only what comes, without a snapshot.
        #[serde(default)]
        from_now: bool,
    },
    /// Changes settings of a store.
    Set {
        /// The tenant.
        tenant: String,
        /// The store.
        name: String,
        /// Options and settings by name; null is the default.
        settings: Map<String, Value>,
        /// Only if it still has this version.
        #[serde(default)]
        if_version: Option<i64>,
    },
    /// Lists the stores of a tenant.
    List {
        /// The tenant.
        tenant: String,
    },
    /// Shows one store.
    Show {
        /// The tenant.
        tenant: String,
        /// The store.
        name: String,
    },
    /// Stops feeding a store; its events wait.
    Pause {
        /// The tenant.
        tenant: String,
        /// The store.
        name: String,
    },
    /// Feeds a store again, at once.
    Resume {
        /// The tenant.
        tenant: String,
        /// The store.
        name: String,
    },
    /// Tries a store now that is to be tried later.
    Retry {
        /// The tenant.
        tenant: String,
        /// The store.
        name: String,
    },
    /// Has a snapshot brought to a store.
    Rebuild {
        /// The tenant.
        tenant: String,
        /// The store.
        name: String,
    },
    /// Has a part of the log brought to a store again.
    Replay {
        /// The tenant.
        tenant: String,
        /// The store.
        name: String,
        /// The number of the first event; otherwise `since` tells.
        from: Option<i64>,
        /// The moment of the first event (RFC 3339).
        since: Option<String>,
        /// The number of the last event.
        to: Option<i64>,
    },
    /// Lists events that a store did not take.
    DeadLetters {
        /// The tenant.
        tenant: String,
        /// The store.
        name: String,
        /// Those numbered above this.
        #[serde(default)]
        after: i64,
        /// At most so many.
        limit: u32,
    },
    /// Has dead letters brought again.
    RetryDeadLetters {
        /// The tenant.
        tenant: String,
        /// The store.
        name: String,
        /// One of them; all without it.
        sequence: Option<i64>,
    },
    /// Forgets dead letters.
    DiscardDeadLetters {
        /// The tenant.
        tenant: String,
        /// The store.
        name: String,
        /// One of them; all without it.
        sequence: Option<i64>,
    },
    /// Asks a store whether it could take events.
    Test {
        /// The tenant.
        tenant: String,
        /// The store.
        name: String,
    },
    /// Begins to compare a store with the directory.
    Drift {
        /// The tenant.
        tenant: String,
        /// The store.
        name: String,
        /// Whether what differs is brought into line.
        #[serde(default)]
        repair: bool,
    },
    /// Asks how far the last comparison is.
    DriftReport {
        /// The tenant.
        tenant: String,
        /// The store.
        name: String,
    },
    /// Gives a store that fetches its events a new token.
    IssueToken {
        /// The tenant.
        tenant: String,
        /// The store.
        name: String,
    },
    /// Removes a store.
    Delete {
        /// The tenant.
        tenant: String,
        /// The store.
        name: String,
    },
}
