//! For how long one question to the database is good.

use std::time::Duration;

use super::Moment;

/// The longest lease that can be set. Whoever cannot learn how long others trust waits this long.
pub const LONGEST_LEASE: Duration = Duration::from_secs(60);

/// For how long a process may trust what it remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lease {
    /// For good: nobody else changes anything.
    Endless,
    /// For so long after it began to ask.
    For(Duration),
    /// Not at all: it asks each time, and nobody waits for it.
    None,
}

impl Lease {
    /// Until when an answer may be trusted, to a question that was begun at that moment. Not when it was answered: what
    /// the answer says may have been out of date before it came.
    #[must_use]
    pub fn until(self, began: Moment) -> Moment {
        match self {
            Self::Endless => Moment::ENDLESS,
            Self::For(duration) => began.plus(duration),
            Self::None => Moment::NEVER,
        }
    }
}
