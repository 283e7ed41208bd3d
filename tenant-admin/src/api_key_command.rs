//! What an operator can ask about the keys of programs that administer.

use serde::{Deserialize, Serialize};
use tenancy::Role;

/// One request about API keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "api_key", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ApiKeyCommand {
    /// Makes a key.
    Create {
        /// What people call it.
        name: String,
        /// The one tenant that it is for; none: for all.
        tenant: Option<String>,
        /// What it is for, if not for what is usual: of all tenants the operator, of one its administrator.
        role: Option<Role>,
        /// For how many days it is valid, if not for the usual number.
        days: Option<u32>,
    },
    /// Lists the keys there are and were.
    List {
        /// Only those of this tenant.
        tenant: Option<String>,
    },
    /// Ends a key.
    Revoke {
        /// Its id.
        id: String,
    },
}
