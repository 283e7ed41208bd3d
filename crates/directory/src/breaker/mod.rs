//! The breaker of a tenant: what it takes for ends of users to be too many, and what an operator does then.
//!
//! New users are counted in the same way where a tenant or its profile asks for it.
//!
//! An *end* is a user that is deactivated or deleted. The breaker trips with the change that makes the users who ended within the
//! window more than a share of those who were active, or more than a number. The decision is made in the transaction of the
//! change ([`crate::write`]), so it is exact however many servers there are. See docs/breaker.md.

mod alarms;
mod control;
mod numbers;

pub use alarms::BreakerAlarm;
pub use control::{Breaker, BreakerDone, BreakerState, Trip};
pub use numbers::BreakerNumbers;
pub(crate) use profile::LONGEST_WINDOW_SECONDS;
pub use profile::{BreakerMode, BreakerSettings};
