//! What an operator can ask about the invitations of a tenant.

use serde::{Deserialize, Serialize};

/// One request about who was invited.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "invitation", rename_all = "kebab-case", deny_unknown_fields)]
pub enum InvitationCommand {
    /// Lists them, in the order in which the users were created.
    List {
        /// The tenant.
        tenant: String,
        /// Only those in this state: `invited`, `expired`, `accepted` or `revoked`.
        #[serde(default)]
        state: Option<String>,
        /// Those after this user.
        #[serde(default)]
        after: Option<String>,
        /// At most so many.
        limit: u32,
    },
    /// Shows that of one user.
    Show {
        /// The tenant.
        tenant: String,
        /// The user, by id or `userName`.
        user: String,
    },
    /// Has another mail sent, and ends the link in the one before.
    Resend {
        /// The tenant.
        tenant: String,
        /// The user, by id or `userName`.
        user: String,
    },
    /// The same for everybody who has not accepted, whether or not their link has ended.
    ResendAll {
        /// The tenant.
        tenant: String,
    },
    /// Ends the link without another mail.
    Revoke {
        /// The tenant.
        tenant: String,
        /// The user, by id or `userName`.
        user: String,
    },
}
