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
        let until = if fill.began < self.doubted { self.until } else { self.until.max(lease.until(fill.began)) };
        (Self { generation: self.generation.max(fill.generation), until, ..self }, is_newer)
    }

    /// Takes in a change that this process committed itself; tells whether to remember it. The lease goes on: changes
    /// that others make after it wait for this process all the same.
    #[must_use]
    pub fn committed(self, generation: Generation) -> (Self, bool) {
        (Self { generation: self.generation.max(generation), ..self }, generation > self.generation)
    }

    /// Trusts nothing until it has asked anew: something may have changed that nobody told.
    #[must_use]
    pub const fn doubted(self, now: Moment) -> Self {
        Self { until: Moment::NEVER, doubted: now, ..self }
    }
}
