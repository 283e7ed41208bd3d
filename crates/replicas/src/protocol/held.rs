//! What a process remembers, and whether it may say so.

use super::{Generation, Lease, Moment};

/// The state of what a process remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    generation: Generation,
    until: Moment,
    doubted: Moment,
}

/// What a question to the database brought. It was asked while the process was registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fill {
    /// When the process began to ask, before it registered.
    pub began: Moment,
    /// The newest generation, which what was read contains.
    pub generation: Generation,
}

impl Held {
    /// Nothing, before the first question.
    pub const NOTHING: Self = Self { generation: -1, until: Moment::NEVER, doubted: Moment::NEVER };

    /// Whether anything is remembered at all.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.generation < 0
    }

    /// The generation that what is remembered contains.
    #[must_use]
    pub const fn generation(&self) -> Generation {
        self.generation
    }

    /// Until when it may be trusted.
    #[must_use]
    pub const fn until(&self) -> Moment {
        self.until
    }

    /// Whether a decision may be made on it. `now` is read for this decision, not before.
    #[must_use]
    pub fn is_trusted(&self, now: Moment) -> bool {
        now < self.until
    }

    /// Takes in what a question brought; tells whether to remember what was read. A slower question never replaces
    /// newer knowledge, but it may prolong it: what is held contains all that was asked for.
    #[must_use]
    pub fn filled(self, fill: Fill, lease: Lease) -> (Self, bool) {
        let is_newer = fill.generation > self.generation;
        let held = Self { generation: self.generation.max(fill.generation), ..self };
        (held.confirmed(fill, lease), is_newer)
    }

    /// Takes in that nothing is newer than what was held when a question was begun, so that nothing was read. If what is
    /// held has been forgotten meanwhile, that says nothing.
    #[must_use]
    pub fn confirmed(self, fill: Fill, lease: Lease) -> Self {
        if fill.began < self.doubted || fill.generation > self.generation {
            return self;
        }
        Self { until: self.until.max(lease.until(fill.began)), ..self }
    }

    /// Takes in a change that this process committed itself; tells whether to remember it. The lease goes on: changes
    /// that others make after it wait for this process all the same.
    #[must_use]
    pub fn committed(self, generation: Generation) -> (Self, bool) {
        (Self { generation: self.generation.max(generation), ..self }, generation > self.generation)
    }

    /// Remembers nothing any more. Questions that were begun before do not count.
    #[must_use]
    pub const fn forgotten(self, now: Moment) -> Self {
        Self { doubted: now, ..Self::NOTHING }
    }

    /// Trusts nothing until it has asked anew: something may have changed that nobody told.
    #[must_use]
    pub const fn doubted(self, now: Moment) -> Self {
        Self { until: Moment::NEVER, doubted: now, ..self }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LEASE: Lease = Lease::For(Duration::from_nanos(10));

    fn at(nanos: u64) -> Moment {
        Moment::from_nanos(nanos)
    }

    fn asked(began: u64, generation: Generation) -> Fill {
        Fill { began: at(began), generation }
    }

    #[test]
    fn nothing_new_is_no_reason_to_trust_what_was_forgotten_meanwhile() {
        let (held, _) = Held::NOTHING.filled(asked(1, 7), LEASE);
        assert!(held.confirmed(asked(5, 7), LEASE).is_trusted(at(14)));
        let forgotten = held.forgotten(at(6));
        assert!(forgotten.is_nothing());
        for answer in [forgotten.confirmed(asked(5, 7), LEASE), forgotten.filled(asked(5, 7), LEASE).0] {
            assert!(!answer.is_trusted(at(7)), "{answer:?}");
        }
        // The database was set back to an older generation; asked again, it is known.
        let (read, is_newer) = forgotten.filled(asked(8, 3), LEASE);
        assert!(is_newer && read.is_trusted(at(9)), "{read:?}");
        assert!(!forgotten.confirmed(asked(8, 3), LEASE).is_trusted(at(9)), "nothing was read");
    }
}
