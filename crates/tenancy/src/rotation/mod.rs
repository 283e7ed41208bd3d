//! Which tokens of a tenant are valid, and what a rotation does to them: functions of rows and a moment, and nothing else.

mod plan;
mod state;
#[cfg(test)]
mod tests;

pub use plan::Conflict;
pub(crate) use plan::{Ending, Plan, cancel, complete, first_use, in_use, issue, revoke};
pub use state::TokenState;

use serde::{Deserialize, Serialize};

/// How a new token takes the place of the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The old one ends before the new one is given out.
    #[default]
    Strict,
    /// The old one stays valid for a given time.
    Overlap,
    /// Both are valid until the rotation is completed or cancelled.
    Staged,
    /// The old one ends at the moment at which the new one is first used.
    FirstUse,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Self; 4] = [Self::Strict, Self::Overlap, Self::Staged, Self::FirstUse];

    /// As it is written in settings, commands and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Overlap => "overlap",
            Self::Staged => "staged",
            Self::FirstUse => "first-use",
        }
    }

    /// The mode of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == name)
    }
}

/// Why a new token is not yet the only one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It waits to be completed.
    Staged,
    /// It waits to be used, or for its first use to be known everywhere: then every other one has ended.
    Unused,
}

impl Stage {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Staged => "staged",
            Self::Unused => "unused",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Staged, Self::Unused].into_iter().find(|stage| stage.as_str() == name)
    }
}

/// What ended a token before its time was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndedBy {
    /// A newer token, at once: whatever a clock says, it has ended.
    Rotation,
    /// A newer token, at a moment that was still to come.
    Overlap,
    /// An operator, or the end of the rotation in which it waited.
    Revocation,
}

impl EndedBy {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Rotation | Self::Overlap => "superseded",
            Self::Revocation => "revoked",
        }
    }
}
