//! Whether and with which change a breaker trips: no clock and no database.

use std::collections::HashSet;

use tenancy::TenantId;
use uuid::Uuid;

use crate::BreakerSettings;

/// A change after which a user is active who was not, or the other way round, or gone.
#[derive(Clone, Debug)]
pub(in crate::write) struct Turn {
    pub(in crate::write) tenant: TenantId,
    pub(in crate::write) user: Uuid,
    pub(in crate::write) sort: Sort,
    /// The position of a new user.
    pub(in crate::write) new_at: Option<i64>,
    /// The numbers of the first event of the change, and of that of the user.
    pub(in crate::write) first: i64,
    pub(in crate::write) sequence: i64,
    /// Who did it.
    pub(in crate::write) client: &'static str,
    pub(in crate::write) request_id: String,
}

/// Which way a turn goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::write) enum Sort {
    /// A user is active who was not.
    Begins,
    /// A user is new and not active.
    Rests,
    /// A user is deactivated or deleted.
    Ends {
        /// Whether the user was active before.
        was_active: bool,
    },
}

impl Turn {
    pub(super) fn is_end(&self) -> bool {
        matches!(self.sort, Sort::Ends { .. })
    }
}

/// What is known before the turns of a batch.
#[derive(Debug, Default)]
pub(super) struct Count {
    /// How many users ended within the window.
    pub(super) ended: i64,
    /// Those of the batch that are among them.
    pub(super) seen: HashSet<Uuid>,
    /// How many users are active: as many, or more than matter.
    pub(super) active: i64,
}

/// That a breaker trips.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decision {
    /// The place of the turn that was too many.
    pub(super) turn: usize,
    /// How many users ended with it.
    pub(super) ended: i64,
    /// How many more of them were active before the batch than would be without its turns.
    pub(super) active_shift: i64,
    /// What was exceeded: `share` or `number`.
    pub(super) exceeded: &'static str,
}

impl Count {
    /// Goes through the turns in order. A user counts once, however often it ends. Those who were active are those who are, and
    /// those who ended.
    pub(super) fn decide<'a>(
        mut self,
        settings: &BreakerSettings,
        turns: impl Iterator<Item = &'a Turn>,
    ) -> Option<Decision> {
        let before = self.active;
        for (place, turn) in turns.enumerate() {
            match turn.sort {
                Sort::Begins => self.active += 1,
                Sort::Rests => {}
                Sort::Ends { was_active } => {
                    self.active -= i64::from(was_active);
                    self.ended += i64::from(self.seen.insert(turn.user));
                    if let Some(exceeded) = settings.is_too_many(self.ended, self.active + self.ended) {
                        let (ended, active_shift) = (self.ended, self.active - before);
                        return Some(Decision { turn: place, ended, active_shift, exceeded });
                    }
                }
            }
        }
        None
    }
}

/// How many active users there must be so that their share does not matter, if so many end at most. `None`: it cannot matter.
pub(super) fn enough(settings: &BreakerSettings, ended: i64) -> Option<i64> {
    let share = i64::from(settings.share);
    if share >= 100 || ended.saturating_mul(100) <= share * i64::from(settings.minimum_users) {
        return None;
    }
    Some(ended.saturating_mul(100) / share.max(1) + 1)
}
