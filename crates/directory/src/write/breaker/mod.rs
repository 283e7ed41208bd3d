//! Counting the users that end in a batch, and tripping when they are too many.
//!
//! Only a batch in which somebody ends asks the database for anything here. What is read and written belongs to the transaction of
//! the batch, or is proven by the counters of the directory, like everything else that it reads: two servers cannot count
//! past each other. What operators do ([`errand`]) is a change of the directory too, with an event, so it has its place among the others.

mod decide;
mod errand;
mod tables;
mod watch;

pub(super) use decide::{Sort, Turn};
pub(crate) use errand::Errand;
pub(super) use errand::{Performed, perform, tell_errand};
pub(super) use tables::{Ending, Sql, Tripped, endings, outdated, trips};
pub(super) use watch::{tell_trips, watch};
