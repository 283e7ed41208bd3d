//! How much is asked of the database at the same time: no more than it answers soon.
//!
//! While everything is answered in time nobody is refused. When even the fastest answer of a while took too long, there
//! is a queue that does not go away by itself. Then only so many requests are let in as the database answers in the time
//! they may wait; the others are told at once to come back, which costs them and the database nothing. Among the tenants that ask then,
//! the room is divided.

mod guests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use crate::DirectoryError;
use guests::Guests;

/// How long a request may wait for the database when others queue, in microseconds.
const WAIT: u64 = 500_000;

/// How long is watched before it is decided anew, in microseconds.
const WINDOW: u64 = 100_000;

/// So many are let in always.
const LEAST: u32 = 64;

/// For how long after somebody found no room the room is divided among tenants, in microseconds.
const SHUT: u64 = 1_000_000;

/// So many are let in at most.
const MOST: u32 = 8_192;

/// What a request does to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// It only reads.
    Read,
    /// It reads much of which little is shown.
    Search,
    /// It changes something.
    Write,
}

/// The doors to the database. Reading, searching and writing have queues of their own.
#[derive(Clone, Debug)]
pub(crate) struct Pressure(Arc<Doors>);

#[derive(Debug)]
struct Doors {
    started: Instant,
    reads: Door,
    searches: Door,
    writes: Door,
}

/// One request that was let in, until it is answered.
pub(crate) struct Inside<'a> {
    doors: &'a Doors,
    work: Work,
    entered: u64,
    /// The number of the tenant whose request it is, if that is counted.
    guest: Option<i64>,
}

impl Default for Pressure {
    fn default() -> Self {
        let (reads, searches, writes) = Default::default();
        Self(Arc::new(Doors { started: Instant::now(), reads, searches, writes }))
    }
}

impl Pressure {
    /// Whether there is room, without taking it: so that a refusal costs no body.
    pub(crate) fn check(&self, tenant: i64, work: Work) -> Result<(), DirectoryError> {
        if self.0.door(work).has_room(tenant, self.0.now()) { Ok(()) } else { Err(DirectoryError::Busy) }
    }

    /// Lets a request in, until the value is dropped.
    pub(crate) fn enter(&self, tenant: i64, work: Work) -> Result<Inside<'_>, DirectoryError> {
        let entered = self.0.now();
        match self.0.door(work).enter(tenant, entered) {
            Entry::Refused => Err(DirectoryError::Busy),
            Entry::One => Ok(Inside { doors: &self.0, work, entered, guest: None }),
            Entry::Counted => Ok(Inside { doors: &self.0, work, entered, guest: Some(tenant) }),
        }
    }
}

impl Doors {
    fn door(&self, work: Work) -> &Door {
        match work {
            Work::Read => &self.reads,
            Work::Search => &self.searches,
            Work::Write => &self.writes,
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.doors.door(self.work).leave(self.guest, self.entered, self.doors.now());
    }
}

/// How many are inside, and may be.
#[derive(Clone, Copy, Debug)]
struct Room {
    inside: u32,
    most: u32,
}

impl Room {
    fn is_left(self) -> bool {
        self.inside < self.most
    }
}

/// What somebody finds at a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    /// No room.
    Refused,
    /// Room, as mostly, and nobody counts whose.
    One,
    /// Room that is its tenant's part.
    Counted,
}

/// One door, and what was seen at it in the present window.
#[derive(Debug)]
struct Door {
    inside: AtomicU32,
    most: AtomicU32,
    began: AtomicU64,
    answered: AtomicU32,
    fastest: AtomicU64,
    was_full: AtomicBool,
    /// When somebody was last answered, or entered an empty room.
    moved: AtomicU64,
    /// Up to when answers were counted, or when somebody last entered an empty room.
    counted: AtomicU64,
    /// Until when the room is divided.
    shut_until: AtomicU64,
    guests: Guests,
}

impl Default for Door {
    fn default() -> Self {
        Self {
            inside: AtomicU32::new(0),
            most: AtomicU32::new(MOST),
            began: AtomicU64::new(0),
            answered: AtomicU32::new(0),
            fastest: AtomicU64::new(u64::MAX),
            was_full: AtomicBool::new(false),
            moved: AtomicU64::new(0),
            counted: AtomicU64::new(0),
            shut_until: AtomicU64::new(0),
            guests: Guests::default(),
        }
    }
}

impl Door {
    fn has_room(&self, tenant: i64, now: u64) -> bool {
        let has_room = self.is_open(now) || self.guests.have_room(tenant, now, self.room());
        if !has_room {
            self.note_refusal(now);
        }
        has_room
    }

    fn enter(&self, tenant: i64, now: u64) -> Entry {
        let entry = if self.is_open(now) {
            Entry::One
        } else if self.guests.enter(tenant, now, self.room()) {
            Entry::Counted
        } else {
            self.note_refusal(now);
            return Entry::Refused;
        };
        if self.inside.fetch_add(1, Relaxed) == 0 {
            self.moved.store(now, Relaxed);
            self.counted.store(now, Relaxed);
        }
        entry
    }

    /// Whether whoever comes is let in, and nobody has to look whose request it is.
    fn is_open(&self, now: u64) -> bool {
        self.decide(now);
        self.room().is_left() && now >= self.shut_until.load(Relaxed)
    }

    fn note_refusal(&self, now: u64) {
        self.was_full.store(true, Relaxed);
        self.shut_until.store(now + SHUT, Relaxed);
    }

    fn room(&self) -> Room {
        Room { inside: self.inside.load(Relaxed), most: self.most.load(Relaxed) }
    }

    fn leave(&self, guest: Option<i64>, entered: u64, now: u64) {
        if let Some(tenant) = guest {
            self.guests.leave(tenant);
        }
        self.inside.fetch_sub(1, Relaxed);
        self.answered.fetch_add(1, Relaxed);
        self.fastest.fetch_min(now.saturating_sub(entered), Relaxed);
        self.moved.store(now, Relaxed);
        self.decide(now);
    }

    /// At the end of a window, by whoever comes first.
    fn decide(&self, now: u64) {
        let began = self.began.load(Relaxed);
        let passed = now.saturating_sub(began);
        if passed < WINDOW || self.began.compare_exchange(began, now, Relaxed, Relaxed).is_err() {
            return;
        }
        let answered = self.answered.swap(0, Relaxed);
        let fastest = self.fastest.swap(u64::MAX, Relaxed);
        let was_full = self.was_full.swap(false, Relaxed);
        let stands_still = self.inside.load(Relaxed) > 0 && now.saturating_sub(self.moved.load(Relaxed)) > WAIT;
        let most = self.most.load(Relaxed);
        // Answers that come many at a time took longer than the window that they came in.
        let counted = if answered > 0 { self.counted.swap(now, Relaxed) } else { began };
        let next = if stands_still {
            LEAST
        } else if answered > 0 && fastest > WAIT {
            u32::try_from(u64::from(answered) * WAIT / now.saturating_sub(counted).max(WINDOW)).unwrap_or(MOST)
        } else if was_full && fastest < WAIT / 2 {
            // Slowly enough for the longer wait to be seen before it is too long.
            most + most / 4
        } else {
            most
        };
        self.most.store(next.clamp(LEAST, MOST), Relaxed);
    }
}

#[cfg(test)]
mod tests;
