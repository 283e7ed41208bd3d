//! How much is asked of the database at the same time: no more than it answers soon.
//!
//! While everything is answered in time nobody is refused. When even the fastest answer of a while took too long, there
//! is a queue that does not go away by itself. Then only so many requests are let in as the database answers in the time
//! they may wait; the others are told at once to come back, which costs them and the database nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use crate::DirectoryError;

/// How long a request may wait for the database when others queue, in microseconds.
const WAIT: u64 = 500_000;

/// How long is watched before it is decided anew, in microseconds.
const WINDOW: u64 = 100_000;

/// So many are let in always.
const LEAST: u32 = 64;

/// So many are let in at most.
const MOST: u32 = 8_192;

/// What a request does to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// It only reads.
    Read,
    /// It changes something.
    Write,
}

/// The doors to the database. Reading and writing have queues of their own.
#[derive(Clone, Debug)]
pub(crate) struct Pressure(Arc<Doors>);

#[derive(Debug)]
struct Doors {
    started: Instant,
    reads: Door,
    writes: Door,
}

/// One request that was let in, until it is answered.
pub(crate) struct Inside<'a> {
    doors: &'a Doors,
    work: Work,
    entered: u64,
}

impl Default for Pressure {
    fn default() -> Self {
        Self(Arc::new(Doors { started: Instant::now(), reads: Door::default(), writes: Door::default() }))
    }
}

impl Pressure {
    /// Whether there is room, without taking it: so that a refusal costs no body.
    pub(crate) fn check(&self, work: Work) -> Result<(), DirectoryError> {
        if self.0.door(work).has_room(self.0.now()) { Ok(()) } else { Err(DirectoryError::Busy) }
    }

    /// Lets a request in, until the value is dropped.
    pub(crate) fn enter(&self, work: Work) -> Result<Inside<'_>, DirectoryError> {
        let entered = self.0.now();
        if !self.0.door(work).enter(entered) {
            return Err(DirectoryError::Busy);
        }
        Ok(Inside { doors: &self.0, work, entered })
    }
}

impl Doors {
    fn door(&self, work: Work) -> &Door {
        match work {
            Work::Read => &self.reads,
            Work::Write => &self.writes,
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.doors.door(self.work).leave(self.entered, self.doors.now());
    }
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
        }
    }
}

impl Door {
    fn has_room(&self, now: u64) -> bool {
        self.decide(now);
        let has_room = self.inside.load(Relaxed) < self.most.load(Relaxed);
        if !has_room {
            self.was_full.store(true, Relaxed);
        }
        has_room
    }

    fn enter(&self, now: u64) -> bool {
        if !self.has_room(now) {
            return false;
        }
        if self.inside.fetch_add(1, Relaxed) == 0 {
            self.moved.store(now, Relaxed);
            self.counted.store(now, Relaxed);
        }
        true
    }

    fn leave(&self, entered: u64, now: u64) {
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
mod tests {
    use super::*;

    /// Lets so many in at once and answers them one after the other, each `each` microseconds after the one before.
    fn queue(door: &Door, start: u64, size: u32, each: u64) -> (u32, u64) {
        let let_in = (0..size).filter(|_| door.enter(start)).count();
        let let_in = u32::try_from(let_in).unwrap();
        for number in 1..=u64::from(let_in) {
            door.leave(start, start + number * each);
        }
        (let_in, start + u64::from(let_in) * each)
    }

    #[test]
    fn a_short_queue_lets_everybody_in() {
        let door = Door::default();
        let mut now = 0;
        for _ in 0..100 {
            let (let_in, end) = queue(&door, now, 2_000, 100);
            assert_eq!(let_in, 2_000);
            now = end;
        }
    }

    #[test]
    fn a_queue_that_stays_is_cut_to_what_is_answered_in_time() {
        let door = Door::default();
        let mut inside = std::collections::VecDeque::new();
        let (mut let_in, mut longest) = (Vec::new(), 0);
        // Ten times as much comes as is answered: 1,000 in a second.
        for now in (0..20_000_000).step_by(100) {
            let entered = door.enter(now);
            let_in.extend(entered.then_some(now));
            inside.extend(entered.then_some(now));
            if now % 1_000 == 0
                && let Some(since) = inside.pop_front()
            {
                door.leave(since, now);
                longest = if now > 15_000_000 { longest.max(now - since) } else { 0 };
            }
        }
        assert!((100_000..1_000_000).contains(&longest), "in the end they wait {longest} µs");
        let late = let_in.iter().filter(|at| **at > 15_000_000).count();
        assert!((4_500..=5_500).contains(&late), "{late} in five seconds");
    }

    #[test]
    fn answers_that_come_many_at_a_time_let_in_no_more_than_is_answered_in_time() {
        let door = Door::default();
        let mut inside = std::collections::VecDeque::new();
        let mut longest = 0;
        // 100 every 300 ms, while ten times as many come.
        for now in (0..20_000_000).step_by(300) {
            if door.enter(now) {
                inside.push_back(now);
            }
            if now % 300_000 == 0 {
                for since in inside.drain(..inside.len().min(100)) {
                    door.leave(since, now);
                    longest = if now > 15_000_000 { longest.max(now - since) } else { 0 };
                }
            }
        }
        assert!((200_000..1_200_000).contains(&longest), "in the end they wait {longest} µs");
    }

    #[test]
    fn a_database_that_stands_still_lets_few_in_and_afterwards_all() {
        let door = Door::default();
        assert!((0..1_000).all(|_| door.enter(0)));
        assert!(!door.has_room(WAIT + WINDOW), "nobody was answered for so long");
        for _ in 0..1_000 {
            door.leave(0, 3 * WAIT);
        }
        let mut now = 4 * WAIT;
        for _ in 0..50 {
            now = queue(&door, now, 1_000, 100).1;
        }
        assert_eq!(queue(&door, now, 1_000, 100).0, 1_000);
    }
}
