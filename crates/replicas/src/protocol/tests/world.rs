//! A small deployment: two replicas, a visitor, two changes, and everything that can happen next. It decides by the same
//! functions as the program, unless it is told to make a mistake.

use std::time::Duration;

use super::super::{Agreement, Fill, Generation, Held, Lease, Member, Moment, Outcome, Progress};

const REPLICAS: usize = 2;
/// Questions of one replica that can be under way at once. The program has one and its own commits; two find more.
const AT_ONCE: usize = 2;
/// Questions that each replica asks in all.
const QUESTIONS: [u8; REPLICAS] = [1, 2];
/// The last second.
const END: u64 = 4;
const LEASE: Duration = Duration::from_secs(1);
/// Who makes the changes: a replica, and a visitor that is on no list.
const CHANGERS: [usize; 2] = [0, 9];

/// A rule that is broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Mistake {
    /// A fill that read the old row before the commit is stored after the invalidation.
    StoresAnOldFill,
    /// A replica that wakes from a long stop trusts its lease by the clock it remembers.
    TrustsAfterAStop,
    /// A change does not wait while Redis is gone.
    DoesNotWaitWithoutRedis,
    /// The lease begins with the answer and not with the question.
    TrustsFromTheAnswer,
    /// The question comes before the place on the list.
    RegistersAfterReading,
    /// Who has registered again is taken off the list all the same.
    RemovesWhoIsBack,
    /// A replica acknowledges what it has heard of and does not hold yet.
    AcknowledgesTooEarly,
}

impl Mistake {
    pub(super) const ALL: [Self; 7] = [
        Self::StoresAnOldFill,
        Self::TrustsAfterAStop,
        Self::DoesNotWaitWithoutRedis,
        Self::TrustsFromTheAnswer,
        Self::RegistersAfterReading,
        Self::RemovesWhoIsBack,
        Self::AcknowledgesTooEarly,
    ];
}

/// Something that happens.
#[derive(Clone, Copy, Debug)]
#[expect(dead_code, reason = "the numbers are read by whoever reads the way to a violation")]
pub(super) enum Step {
    Tick,
    Stop(usize),
    Resume(usize),
    Begin(usize),
    Read(usize),
    Register(usize),
    Keep(usize),
    Commit(usize),
    List(usize),
    Hear(usize, usize),
    Return(usize),
}

/// A question to the database that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Asking {
    Nothing,
    /// It is on the list. To have begun long before that is like having begun just now, with a shorter lease.
    Registered(Moment),
    Read(Moment, Generation),
    /// Only for the mistake to register last.
    ReadUnregistered(Moment, Generation),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Replica {
    held: Held,
    /// The generation of what it decides by.
    value: Generation,
    asking: [Asking; AT_ONCE],
    /// Questions that it may still ask.
    questions: u8,
    is_stopped: bool,
    /// The time it knew when it last looked.
    remembered: Moment,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Change {
    Planned,
    Open(Generation, Agreement<usize>),
    Returned(Generation),
}

/// The whole of it at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    mistake: Option<Mistake>,
    seconds: u64,
    redis_is_up: bool,
    generation: Generation,
    list: [Option<Member<usize>>; REPLICAS],
    replicas: [Replica; REPLICAS],
    changes: [Change; CHANGERS.len()],
}

impl World {
    /// Both replicas run, and have just asked. A message may never come, so a Redis that is there covers one that goes.
    pub(super) fn new(mistake: Option<Mistake>, redis_is_up: bool) -> Self {
        let start = Moment::from_nanos(1_000_000_000);
        let (held, _) = Held::NOTHING.filled(Fill { began: start, generation: 0 }, Lease::For(LEASE));
        let replica = |number: usize| Replica {
            held,
            value: 0,
            asking: [Asking::Nothing; AT_ONCE],
            questions: QUESTIONS[number],
            is_stopped: false,
            remembered: start,
        };
        Self {
            mistake,
            seconds: 1,
            redis_is_up,
            generation: 0,
            list: std::array::from_fn(|id| Some(Member { id, beat: 1, acknowledged: 0, lease: LEASE })),
            replicas: std::array::from_fn(replica),
            changes: std::array::from_fn(|_| Change::Planned),
        }
    }

    fn now(&self) -> Moment {
        Moment::from_nanos(self.seconds * 1_000_000_000)
    }

    fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    /// Some replica may let in what a change has ended whose call has returned.
    pub(super) fn is_wrong(&self) -> bool {
        let ended = self.changes.iter().filter_map(Change::returned).max().unwrap_or_default();
        self.replicas.iter().any(|replica| self.may_decide(replica) && replica.value < ended)
    }

    pub(super) fn has_returned(&self) -> bool {
        self.changes.iter().any(|change| change.returned().is_some())
    }

    fn may_decide(&self, replica: &Replica) -> bool {
        if self.makes(Mistake::TrustsAfterAStop) {
            return !replica.is_stopped && replica.held.is_trusted(replica.remembered);
        }
        // It may be stopped: it could wake right now.
        replica.held.is_trusted(self.now())
    }

    /// Everything that can happen next.
    pub(super) fn successors(&self) -> Vec<(Step, Self)> {
        let mut all = Vec::new();
        let mut add = |step: Step, after: Option<Self>| all.extend(after.map(|after| (step, after)));
        add(Step::Tick, self.tick());
        for replica in 0..REPLICAS {
            add(Step::Stop(replica), self.stopped(replica, true));
            add(Step::Resume(replica), self.stopped(replica, false));
            if self.replicas[replica].is_stopped {
                continue;
            }
            for slot in 0..AT_ONCE {
                add(Step::Begin(replica), self.begin(replica, slot));
                add(Step::Read(replica), self.read(replica, slot));
                add(Step::Register(replica), self.register_late(replica, slot));
                add(Step::Keep(replica), self.keep(replica, slot));
            }
        }
        for change in 0..CHANGERS.len() {
            add(Step::Commit(change), self.commit(change));
            add(Step::List(change), self.read_list(change));
            for replica in 0..REPLICAS {
                add(Step::Hear(change, replica), self.hear(change, replica));
            }
            add(Step::Return(change), self.finish(change));
        }
        all
    }

    fn tick(&self) -> Option<Self> {
        let mut after = self.clone();
        after.seconds += 1;
        let now = after.now();
        for replica in after.replicas.iter_mut().filter(|replica| !replica.is_stopped) {
            replica.remembered = now;
        }
        (after.seconds <= END).then_some(after)
    }

    /// Only the mistake has a memory of stops: for the rules, to be stopped is to do nothing for a while.
    fn stopped(&self, replica: usize, stop: bool) -> Option<Self> {
        let may = self.makes(Mistake::TrustsAfterAStop) && self.replicas[replica].is_stopped != stop;
        may.then(|| self.with(replica, |replica| replica.is_stopped = stop))
    }

    fn with(&self, replica: usize, change: impl FnOnce(&mut Replica)) -> Self {
        let mut after = self.clone();
        change(&mut after.replicas[replica]);
        // Fills that are under way have no names.
        after.replicas[replica].asking.sort_unstable();
        after
    }

    fn begin(&self, replica: usize, slot: usize) -> Option<Self> {
        let now = self.now();
        if self.replicas[replica].asking[slot] != Asking::Nothing || self.replicas[replica].questions == 0 {
            return None;
        }
        let early = self.makes(Mistake::RegistersAfterReading);
        let next = if early { Asking::ReadUnregistered(now, self.generation) } else { Asking::Registered(now) };
        let after = self.with(replica, |replica| {
            replica.asking[slot] = next;
            replica.questions -= 1;
        });
        Some(if early { after } else { after.registered(replica) })
    }

    fn registered(mut self, replica: usize) -> Self {
        let beat = self.list[replica].map_or(1, |member| member.beat + 1);
        let acknowledged = self.replicas[replica].held.generation();
        self.list[replica] = Some(Member { id: replica, beat, acknowledged, lease: LEASE });
        self
    }

    fn read(&self, replica: usize, slot: usize) -> Option<Self> {
        let generation = self.generation;
        let Asking::Registered(began) = self.replicas[replica].asking[slot] else { return None };
        Some(self.with(replica, |replica| replica.asking[slot] = Asking::Read(began, generation)))
    }

    fn register_late(&self, replica: usize, slot: usize) -> Option<Self> {
        let Asking::ReadUnregistered(began, generation) = self.replicas[replica].asking[slot] else { return None };
        let after = self.with(replica, |replica| replica.asking[slot] = Asking::Read(began, generation));
        Some(after.registered(replica))
    }

    fn keep(&self, replica: usize, slot: usize) -> Option<Self> {
        let Asking::Read(began, generation) = self.replicas[replica].asking[slot] else { return None };
        let began = if self.makes(Mistake::TrustsFromTheAnswer) { self.now() } else { began };
        let (held, is_newer) = self.replicas[replica].held.filled(Fill { began, generation }, Lease::For(LEASE));
        let is_kept = is_newer || self.makes(Mistake::StoresAnOldFill);
        Some(self.with(replica, |replica| {
            replica.asking[slot] = Asking::Nothing;
            replica.held = held;
            if is_kept {
                replica.value = generation;
            }
        }))
    }

    fn commit(&self, change: usize) -> Option<Self> {
        // One after the other: two that overlap wait for each other's replicas, not for each other.
        let is_next = self.changes[..change].iter().all(|before| before.returned().is_some());
        if self.changes[change] != Change::Planned || !is_next {
            return None;
        }
        let (changer, generation) = (CHANGERS[change], self.generation + 1);
        let mut after = self.clone();
        after.generation = generation;
        // It decides by the newest state that was committed, so what is known there is the newest.
        if let Some(replica) = after.replicas.get_mut(changer) {
            (replica.held, _) = replica.held.committed(generation);
            replica.value = generation;
        }
        after.changes[change] = Change::Open(generation, Agreement::new(changer, generation, self.now()));
        Some(after)
    }

    fn read_list(&self, change: usize) -> Option<Self> {
        let mut after = self.clone();
        let (members, now) = (self.list.iter().flatten().copied().collect::<Vec<_>>(), self.now());
        let Change::Open(_, agreement) = &mut after.changes[change] else { return None };
        agreement.listed(&members, now);
        (after != *self).then_some(after)
    }

    /// Word of what a replica holds comes: at once, late or never, through Redis or through the list.
    fn hear(&self, change: usize, replica: usize) -> Option<Self> {
        let early = self.makes(Mistake::AcknowledgesTooEarly);
        let held = if early { self.generation } else { self.replicas[replica].held.generation() };
        let mut after = self.clone();
        let Change::Open(_, agreement) = &mut after.changes[change] else { return None };
        agreement.heard(replica, held);
        (replica != CHANGERS[change] && after != *self).then_some(after)
    }

    fn finish(&self, change: usize) -> Option<Self> {
        let Change::Open(generation, agreement) = &self.changes[change] else { return None };
        let mut after = self.clone();
        after.changes[change] = Change::Returned(*generation);
        if self.makes(Mistake::DoesNotWaitWithoutRedis) && !self.redis_is_up {
            return Some(after);
        }
        let Progress::Reached(outcome) = agreement.progress(self.now()) else { return None };
        if let Outcome::Waited(silent) = outcome {
            for member in silent {
                let place = &mut after.list[member.id];
                let is_back = place.is_some_and(|listed| listed.beat != member.beat);
                if !is_back || self.makes(Mistake::RemovesWhoIsBack) {
                    *place = None;
                }
            }
        }
        Some(after)
    }
}

impl Change {
    fn returned(&self) -> Option<Generation> {
        match self {
            Self::Returned(generation) => Some(*generation),
            _ => None,
        }
    }
}
