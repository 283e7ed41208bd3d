//! What an operator can ask about application profiles.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One request about profiles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "profile", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ProfileCommand {
    /// Lists them.
    List,
    /// Shows one, with what it leaves to tenants.
    Show {
        /// Its name.
        name: String,
    },
    /// Makes a text the newest version of the profile that it names.
    Import {
        /// The TOML.
        text: String,
        /// Where it is from, for messages.
        file: String,
        /// Only if it is none of the versions that were imported: someone may have gone on from it, or back.
        #[serde(default)]
        unless_known: bool,
    },
    /// Lists the versions of one.
    Versions {
        /// Its name.
        name: String,
    },
    /// Goes back to a version.
    RollBack {
        /// Its name.
        name: String,
        /// The version; the one before, if absent.
        to: Option<i64>,
    },
    /// Shows what a tenant's application is told of one user, as things are and as they would be.
    Preview {
        /// Which tenant, and what would be changed.
        change: ProfileChange,
        /// A user of the directory, by id or `userName`.
        user: Option<String>,
        /// A user as a client would send it.
        request: Option<Value>,
    },
    /// Counts what a change would be for some users of a tenant, in the order of their ids.
    TryOut {
        /// Which tenant, and what would be changed.
        change: ProfileChange,
        /// Those whose ids come after this one.
        after: Option<String>,
    },
}

/// What would be changed about a tenant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileChange {
    /// The tenant.
    pub tenant: String,
    /// Settings by name, as for changing a tenant.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// The TOML that would be the profile.
    #[serde(default)]
    pub text: Option<String>,
    /// Where it is from, for messages.
    #[serde(default)]
    pub file: Option<String>,
}
