//! Who may trust what it remembers, when a change is in force everywhere, and who lives.
//!
//! These are the rules alone, without clock, network and database. `docs/decisions/0011` states them as a protocol; the
//! tests try every order in which things can happen.

mod agreement;
mod held;
mod lease;
mod moment;
mod roll;
#[cfg(test)]
mod tests;

pub use agreement::{Agreement, Member, Outcome, Progress};
pub use held::{Fill, Held};
pub use lease::{LONGEST_LEASE, Lease};
pub use moment::Moment;
pub use roll::Roll;

/// How many changes there have been. Each change takes the next number in its own transaction, under a lock that all
/// changes share: who has seen a number has seen every change up to it.
pub type Generation = i64;
