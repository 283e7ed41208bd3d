//! This process's part in one shared bucket.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use governor::clock::QuantaClock;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::{PATIENCE, Shared};
use crate::Rate;
use crate::lease::{Lease, Taken};
use crate::local::Local;

/// The lease of one bucket, and the share of it for when nothing can be leased.
pub(crate) struct Leased {
    pub(super) rate: Rate,
    pub(super) key: String,
    pub(super) holder: String,
    pub(super) lease: Lease,
    shared: Arc<Shared>,
    /// Requests that wait here for their turn, one after the other, and those at other replicas, as far as that is known.
    pub(super) own_turns: AtomicU32,
    pub(super) elsewhere: AtomicU32,
    /// Requests that wait for an answer.
    waiting: AtomicU32,
    is_queued: AtomicBool,
    /// Whether the task looks after what is held.
    pub(super) is_watched: AtomicBool,
    answered: Notify,
    /// By the number of replicas that share. It is kept, so that a Redis that comes and goes refills nothing.
    share: ArcSwapOption<Share>,
}

/// Of one of so many replicas.
type Share = (u32, Local<QuantaClock>);

impl fmt::Debug for Leased {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Leased").field("key", &self.key).field("lease", &self.lease).finish_non_exhaustive()
    }
}

impl Leased {
    pub(crate) fn new(shared: &Arc<Shared>, name: &str, rate: Rate) -> Arc<Self> {
        Arc::new(Self {
            rate,
            key: shared.key(name),
            holder: shared.holder(),
            lease: Lease::new(rate),
            shared: Arc::clone(shared),
            own_turns: AtomicU32::new(0),
            elsewhere: AtomicU32::new(0),
            waiting: AtomicU32::new(0),
            is_queued: AtomicBool::new(false),
            is_watched: AtomicBool::new(false),
            answered: Notify::new(),
            share: ArcSwapOption::empty(),
        })
    }

    /// The same bucket at another rate. What was taken of this process's share of it stays taken.
    pub(crate) fn changed(&self, name: &str, rate: Rate) -> Arc<Self> {
        let changed = Self::new(&self.shared, name, rate);
        if let Some(share) = self.share.load_full() {
            let replicas = share.0;
            let taken = share.1.taken(self.rate.burst_of(replicas));
            let left = rate.burst_of(replicas).saturating_sub(taken);
            let local = Local::part(rate, (replicas, Some(left)), QuantaClock::default());
            changed.share.store(Some(Arc::new((replicas, local))));
        }
        changed
    }

    /// Takes one and tells about how many are left, or how long to wait for one; nothing if Redis has to be asked.
    pub(crate) fn take(self: &Arc<Self>) -> Option<Result<u32, Duration>> {
        if self.shared.is_alone() {
            return Some(self.take_of_share());
        }
        self.settle(self.lease.take(self.shared.now()))
    }

    /// Notes how many wait here for their turn. The others learn of it with the next question.
    pub(crate) fn note_turns(&self, waiting: u32) {
        self.own_turns.store(waiting, Ordering::Relaxed);
    }

    /// Lets the others learn of it soon.
    pub(crate) fn tell_turns(self: &Arc<Self>) {
        self.queue();
    }

    /// How many wait for their turn at other replicas.
    pub(crate) fn turns_elsewhere(&self) -> u32 {
        if self.shared.is_alone() { 0 } else { self.elsewhere.load(Ordering::Relaxed) }
    }

    /// Whether it can be forgotten.
    pub(crate) fn is_idle(&self) -> bool {
        self.lease.is_idle(self.shared.now())
    }

    /// What a request gets, unless Redis has to be asked.
    fn settle(self: &Arc<Self>, taken: Taken) -> Option<Result<u32, Duration>> {
        match taken {
            Taken::One { left, is_low } => {
                if is_low {
                    self.queue();
                }
                Some(Ok(left))
            }
            Taken::Wait(wait) => Some(Err(Duration::from_micros(wait))),
            Taken::Ask => None,
        }
    }

    /// The same, after Redis was asked.
    pub(crate) async fn ask(self: &Arc<Self>) -> Result<u32, Duration> {
        let _waiting = Waiting::new(&self.waiting);
        let end = Instant::now() + PATIENCE;
        loop {
            let mut answered = pin!(self.answered.notified());
            answered.as_mut().enable();
            if !self.queue() || timeout_at(end, answered).await.is_err() || self.shared.is_alone() {
                return self.take_of_share();
            }
            if let Some(taken) = self.settle(self.lease.take_again(self.shared.now())) {
                return taken;
            }
        }
    }

    /// Lets Redis be asked soon; false if too much waits for that already.
    fn queue(self: &Arc<Self>) -> bool {
        if self.is_queued.swap(true, Ordering::AcqRel) {
            return true;
        }
        let queued = self.shared.queue.try_send(Arc::clone(self)).is_ok();
        if !queued {
            self.is_queued.store(false, Ordering::Release);
        }
        queued
    }

    /// Notes that what is asked from now on needs another question, and tells how many wait for this one.
    pub(super) fn leave_queue(&self) -> u32 {
        self.is_queued.store(false, Ordering::Release);
        self.waiting.load(Ordering::Relaxed)
    }

    /// Wakes those who wait for an answer.
    pub(super) fn wake(&self) {
        self.answered.notify_waiters();
    }

    /// Takes one of this process's share of the bucket. What is taken so is told when Redis is back.
    fn take_of_share(&self) -> Result<u32, Duration> {
        let replicas = self.shared.replicas();
        let share = self.share.load();
        let taken = match &*share {
            Some(share) if share.0 == replicas => share.1.take(),
            before => self.divide(before.as_ref(), replicas).1.take(),
        };
        taken.inspect(|left| self.lease.owe(self.rate.burst_of(replicas).saturating_sub(*left), self.shared.now()))
    }

    /// The share of one of so many. What is left of a share by another number is what there is: a replica that comes or
    /// goes refills nothing.
    fn divide(&self, before: Option<&Arc<Share>>, replicas: u32) -> Arc<Share> {
        let left = before.map(|share| share.1.take().map_or(0, |left| left + 1));
        let divided = Arc::new((replicas, Local::part(self.rate, (replicas, left), QuantaClock::default())));
        let found = self.share.compare_and_swap(&before.cloned(), Some(Arc::clone(&divided)));
        match &*found {
            // Somebody else was first; two would be let through twice.
            Some(first) if first.0 == replicas => Arc::clone(first),
            _ => divided,
        }
    }
}

/// One request that waits, as long as this lives.
struct Waiting<'a>(&'a AtomicU32);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicU32) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
