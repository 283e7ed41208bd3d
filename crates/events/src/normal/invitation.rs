//! Where an invited user stands.

use serde::{Deserialize, Serialize};

/// Whether an invited user is a member yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InvitationState {
    /// Invited, and the address is not verified: no member.
    Pending,
    /// The address is verified: a member.
    Accepted,
    /// The invitation was taken back, or the user is not active: no member.
    Revoked,
}

impl InvitationState {
    const ALL: [Self; 3] = [Self::Pending, Self::Accepted, Self::Revoked];

    /// Its name, in events and in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Revoked => "revoked",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == text)
    }
}
