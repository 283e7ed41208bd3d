//! What an operator can ask about the stores of tenants.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One request about the stores of a tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "store", rename_all = "kebab-case", deny_unknown_fields)]
pub enum StoreCommand {
    /// Lists the kinds of stores there are.
    Kinds,
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
        from_start: bool,
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
    /// Asks a store whether it could take events.
    Test {
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
