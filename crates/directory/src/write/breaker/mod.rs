//! Counting the users that end in a batch, or are new, and tripping when they are too many.
//!
//! Only a batch in which somebody ends, or is new where that counts, asks the database for anything here. What is read and written belongs to the transaction of
//! the batch, or is proven by the counters of the directory, like everything else that it reads: two servers cannot count
//! past each other. What operators do ([`errand`]) is a change of the directory too, with an event, so it has its place among the others.

mod arrivals;
mod decide;
mod errand;
mod tables;
mod watch;

pub(super) use decide::{Sort, Turn};
pub(crate) use errand::Errand;
pub(super) use errand::{Performed, perform, tell_errand};
pub(super) use tables::{Allowance, Ending, Sql, Tripped, allowances, endings, outdated, trips};
pub(super) use watch::{tell_trips, watch};
