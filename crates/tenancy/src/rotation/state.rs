//! What a token is at a moment.

use serde::{Deserialize, Serialize};

use super::{EndedBy, Stage};

/// What a token is at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenState {
    /// It is valid, and the one that stays.
    Current,
    /// It is valid beside the one it will replace, until the rotation is completed or cancelled.
    Staged,
    /// It is valid beside the one it will replace, until it is used.
    Unused,
    /// It is valid beside the newer one, until its overlap is over.
    Ending,
    /// Its time is over.
    Expired,
    /// A newer one took its place.
    Superseded,
    /// An operator ended it.
    Revoked,
}

impl TokenState {
    /// Whether it is accepted.
    #[must_use]
    pub const fn is_valid(self) -> bool {
        matches!(self, Self::Current | Self::Staged | Self::Unused | Self::Ending)
    }

    /// What a token of these facts is at the moment `now_ms`.
    pub(crate) fn at(now_ms: i64, expires_ms: i64, ended: Option<(i64, EndedBy)>, stage: Option<Stage>) -> Self {
        match (ended, stage) {
            // Whoever ended it may have another clock.
            (Some((_, EndedBy::Rotation)), _) => Self::Superseded,
            (Some((_, EndedBy::Revocation)), _) => Self::Revoked,
            (Some((at, EndedBy::Overlap)), _) if at <= now_ms => Self::Superseded,
            _ if expires_ms <= now_ms => Self::Expired,
            (Some(_), _) => Self::Ending,
            (None, Some(Stage::Staged)) => Self::Staged,
            (None, Some(Stage::Unused)) => Self::Unused,
            (None, None) => Self::Current,
        }
    }
}
