//! What one process may let through by itself, of a bucket that several share: a state machine without clock and network.
//!
//! `take` is for requests: it neither locks nor waits. When it cannot tell, somebody has to ask the keeper of the bucket
//! with what `ask` says, and tell the answer to `granted`. The keeper never has more in the bucket and in all leases
//! together than the burst; that is what keeps the sum right, whatever is late, lost or repeated.

mod demand;
mod held;

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use crate::Rate;
use demand::Demand;
use held::Held;

/// Microseconds since some moment before the lease was made.
pub(crate) type Micros = u64;

/// How long what is leased may be used. It is counted from before the question, and the keeper counts from after it.
pub(crate) const LEASE: Micros = 1_000_000;

/// How long a lease may lie unused before it is given back.
const IDLE: Micros = 200_000;

/// How often the keeper of an empty bucket is asked at most, if the burst is not so small that it is full sooner.
const PAUSE: Micros = 10_000;

/// From this burst on, more than one is leased at a time. Below, what was used is reported at once: there the keeper
/// cannot do without it.
const LARGE: u32 = 16;

/// One process's part in a shared bucket.
#[derive(Debug)]
pub(crate) struct Lease {
    rate: Rate,
    held: Held,
    /// What the keeper had left when it was last asked.
    free: AtomicU32,
    /// Until when it has nothing.
    dry_until: AtomicU64,
    /// Requests since the last question, and when the last of them came: no later than what is held was used.
    asked: AtomicU32,
    used: AtomicU64,
    /// What the keeper believes to be held.
    recorded: AtomicU32,
    /// What should be held at the pace of late.
    ahead: AtomicU32,
    /// What was let through without a lease.
    debt: AtomicU32,
    /// How much the share lacked when it was last used, and when that was.
    lacking: AtomicU32,
    owed: AtomicU64,
    demand: Mutex<Demand>,
}

/// What a request gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It may go on.
    One {
        /// About how many more may.
        left: u32,
        /// Whether it is time to ask for more, though nobody has to wait for it.
        is_low: bool,
    },
    /// Nothing comes before so much time has passed.
    Wait(Micros),
    /// Only the keeper can tell.
    Ask,
}

/// A question to the keeper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ask {
    /// What is held and stays so.
    pub(crate) held: u32,
    /// How many more are wanted.
    pub(crate) want: u32,
    /// What was held and is given back.
    pub(crate) back: u32,
    /// What was used without having been held.
    pub(crate) debt: u32,
    /// How much of that is beyond what the rate has yielded meanwhile.
    pub(crate) beyond: u32,
    /// How long ago something was used last.
    pub(crate) age: Micros,
}

/// The answer to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// How many there are.
    pub(crate) granted: u32,
    /// How many are left in the bucket.
    pub(crate) free: u32,
    /// How long until the next one comes, if none is left.
    pub(crate) wait: Micros,
}

impl Lease {
    /// Nothing is held yet.
    pub(crate) fn new(rate: Rate) -> Self {
        Self {
            rate,
            held: Held::default(),
            free: AtomicU32::new(0),
            dry_until: AtomicU64::new(0),
            asked: AtomicU32::new(0),
            used: AtomicU64::new(0),
            recorded: AtomicU32::new(0),
            ahead: AtomicU32::new(0),
            debt: AtomicU32::new(0),
            lacking: AtomicU32::new(0),
            owed: AtomicU64::new(0),
            demand: Mutex::default(),
        }
    }

    /// Lets one request through, if it can tell that it may.
    pub(crate) fn take(&self, now: Micros) -> Taken {
        self.asked.fetch_add(1, Relaxed);
        self.take_again(now)
    }

    /// The same for a request that has waited for an answer.
    pub(crate) fn take_again(&self, now: Micros) -> Taken {
        // Before anything is used, so that whoever counts what is left knows of it.
        self.used.store(now, Relaxed);
        if let Some(rest) = self.held.take(now) {
            let (ahead, free) = (self.ahead.load(Relaxed), self.free.load(Relaxed));
            let is_low = ahead > 1 && free > 0 && rest <= ahead / 2;
            return Taken::One { left: rest + free, is_low: is_low || rest == 0 && self.rate.burst < LARGE };
        }
        match self.dry_until.load(Relaxed).checked_sub(now) {
            Some(wait) if wait > 0 => Taken::Wait(wait),
            _ => Taken::Ask,
        }
    }

    /// What to ask when so many requests wait for the answer.
    pub(crate) fn ask(&self, now: Micros, waiting: u32) -> Ask {
        let held = self.held.count(now);
        let age = self.age(now);
        // Seldom and by one task at a time, so nobody waits here.
        let mut demand = self.demand.lock().unwrap_or_else(PoisonError::into_inner);
        let ahead = demand.ahead(self.asked.swap(0, Relaxed), now).min(self.rate.burst / 8).max(1);
        self.ahead.store(ahead, Relaxed);
        // One ahead would be of more use in the bucket.
        let want = if ahead == 1 { waiting } else { ahead.max(waiting) }.saturating_sub(held);
        let (debt, beyond) = self.settle_debt(now);
        Ask { held, want, back: 0, debt, beyond, age }
    }

    /// Whether nothing was taken of late, so that what is held is of more use in the bucket.
    pub(crate) fn is_unused(&self, now: Micros) -> bool {
        now >= self.used.load(Relaxed) + IDLE
    }

    /// What to give back, and to report, if there is anything.
    pub(crate) fn give_back(&self, now: Micros) -> Option<Ask> {
        let (back, (debt, beyond)) = (self.held.take_all(now), self.settle_debt(now));
        let is_known = back + debt + self.recorded.load(Relaxed) == 0;
        (!is_known).then(|| Ask { held: 0, want: 0, back, debt, beyond, age: self.age(now) })
    }

    /// Takes the answer to a question that was asked at `sent`.
    pub(crate) fn granted(&self, (sent, ask): (Micros, Ask), now: Micros, answer: Answer) {
        self.recorded.store(ask.held + answer.granted, Relaxed);
        self.held.add(answer.granted, sent + LEASE, now);
        self.free.store(answer.free, Relaxed);
        let dry_until = if answer.free == 0 { now + answer.wait.max(self.pause()) } else { 0 };
        self.dry_until.store(dry_until, Relaxed);
    }

    /// Notes that there was no answer. What was given back is gone until the keeper has forgotten that it was held.
    pub(crate) fn failed(&self, ask: Ask) {
        self.debt.fetch_add(ask.debt, Relaxed);
    }

    /// Notes that one request was let through without the keeper, by a share that now lacks so many.
    pub(crate) fn owe(&self, lacking: u32, now: Micros) {
        self.lacking.store(lacking, Relaxed);
        self.owed.store(now, Relaxed);
        self.debt.fetch_add(1, Relaxed);
    }

    /// Whether it can be forgotten: it holds nothing, owes nothing and was not asked for a while.
    pub(crate) fn is_idle(&self, now: Micros) -> bool {
        self.held.count(now) == 0 && self.debt.load(Relaxed) == 0 && now > self.used.load(Relaxed) + LEASE
    }

    /// What is owed, and how much of it is beyond the rate. It is told once.
    fn settle_debt(&self, now: Micros) -> (u32, u32) {
        let debt = self.debt.swap(0, Relaxed);
        let since = now.saturating_sub(self.owed.load(Relaxed));
        let came = since.saturating_mul(u64::from(self.rate.per_second)) / 1_000_000;
        let lacking = u64::from(self.lacking.load(Relaxed)).saturating_sub(came);
        (debt, debt.min(u32::try_from(lacking).unwrap_or(u32::MAX)))
    }

    fn age(&self, now: Micros) -> Micros {
        now.saturating_sub(self.used.load(Relaxed))
    }

    /// A quarter of the time in which the bucket fills, so that it is never full while somebody wants something.
    fn pause(&self) -> Micros {
        (u64::from(self.rate.burst) * 250_000 / u64::from(self.rate.per_second.max(1))).min(PAUSE)
    }
}
