//! What an operator can ask about the user names of a tenant.

use serde::{Deserialize, Serialize};

/// One request about giving all users of a tenant other names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "conversion", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ConversionCommand {
    /// Begins it, or tells what it would do.
    Convert {
        /// The tenant.
        tenant: String,
        /// `email` or `mailbox`.
        to: String,
        /// Only tells what it would do.
        #[serde(default)]
        dry_run: bool,
        /// Also if some users cannot get their new names.
        #[serde(default)]
        skip_conflicts: bool,
    },
    /// Tells how far it is.
    Status {
        /// The tenant.
        tenant: String,
    },
    /// Lets it rest.
    Pause {
        /// The tenant.
        tenant: String,
    },
    /// Goes on with it.
    Resume {
        /// The tenant.
        tenant: String,
    },
    /// Breaks it off.
    Cancel {
        /// The tenant.
        tenant: String,
    },
}
