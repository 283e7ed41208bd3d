//! How far a change is.

use super::super::super::{Agreement, Generation};
use super::Change;

impl Change {
    /// The generation that it has made.
    pub(super) fn made(&self) -> Option<Generation> {
        match self {
            Self::Open(generation, _) | Self::Lost(generation) | Self::Returned(generation) => Some(*generation),
            Self::Planned | Self::Asking(_) => None,
        }
    }

    pub(super) fn agreement(&mut self) -> Option<&mut Agreement<usize>> {
        match self {
            Self::Asking(agreement) | Self::Open(_, agreement) => Some(agreement),
            Self::Planned | Self::Lost(_) | Self::Returned(_) => None,
        }
    }

    pub(super) fn returned(&self) -> Option<Generation> {
        match self {
            Self::Returned(generation) => Some(*generation),
            _ => None,
        }
    }
}
