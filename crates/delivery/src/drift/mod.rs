//! Drift: what a store has otherwise than the directory, because somebody changed it there, or an event was parked.
//!
//! The two are compared page by page, so that a directory of any size takes little memory; what differs is listed, and
//! brought into line on request. The store is compared with what the events up to its position have made: what it is still
//! to get is no drift. Meanwhile it is fed nothing, because whoever compares it has its lease.

mod comparison;
mod job;
mod report;
mod scope;
mod turn;
mod under_way;

use directory::DirectoryError;

pub use comparison::Comparison;
pub(crate) use comparison::{Here, Members, PAGE};
pub(crate) use job::{Job, Jobs, check, incomparable};
pub use report::{Counts, Difference, DriftReport, Sort, Subject, Unrepaired, What};
#[cfg(test)]
pub(crate) use turn::Turn;

use crate::Failure;

/// A store that can be compared with the directory.
#[async_trait::async_trait]
pub trait Comparable: Send {
    /// Looks at everything on both sides, page by page, and tells what differs ([`Comparison`]). If that is to be brought into
    /// line, brings it, at the latest before it returns.
    ///
    /// # Errors
    /// If the store or the directory cannot be read, or the store does not answer. That it refuses one is told and no error.
    async fn compare(&mut self, with: &mut Comparison) -> Result<(), Failure>;
}

/// The directory cannot be read.
fn ours(error: &DirectoryError) -> Failure {
    tracing::warn!(%error, "a directory cannot be compared with a store");
    Failure::unavailable("the database of Tenantry failed; the store is not at fault")
}
