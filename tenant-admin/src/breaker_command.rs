//! What an operator can ask about the breakers of tenants.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One request about the breaker of a tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "breaker", rename_all = "kebab-case", deny_unknown_fields)]
pub enum BreakerCommand {
    /// Shows it.
    Show {
        /// The tenant.
        tenant: String,
    },
    /// Changes settings of it.
    Set {
        /// The tenant.
        tenant: String,
        /// Settings by name; `null` brings a default back.
        settings: Map<String, Value>,
    },
    /// Has everything brought to the stores that it holds.
    Release {
        /// The tenant.
        tenant: String,
    },
    /// Lets new users come uncounted.
    Expect {
        /// The tenant.
        tenant: String,
        /// How many; 0 ends it.
        users: u32,
        /// For how many seconds.
        seconds: u64,
    },
    /// The same without the ends of users.
    Discard {
        /// The tenant.
        tenant: String,
    },
}
