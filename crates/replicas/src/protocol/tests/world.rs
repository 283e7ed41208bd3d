//! A small deployment: two replicas, a visitor, two changes, and everything that can happen next. It decides by the same
//! functions as the program, unless it is told to make a mistake.

use std::time::Duration;

use super::super::{Agreement, Fill, Generation, Held, Lease, Member, Moment, Outcome, Progress};

const REPLICAS: usize = 2;
/// Fills of one replica that can be under way at once. The program has one and its own commits; two find more.
const FILLS: usize = 2;
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
    RedisGoes,
    RedisComes,
    Stop(usize),
    Resume(usize),
    Begin(usize),
    Register(usize),
    Read(usize),
    Keep(usize),
    Acknowledge(usize),
    Commit(usize),
    List(usize),
    Hear(usize, usize),
    Return(usize),
}

/// A question to the database that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Asking {
    Nothing,
    Began(Moment),
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
    asking: [Asking; FILLS],
    is_stopped: bool,
    /// The time it knew when it last looked.
    remembered: Moment,
    /// The newest generation that it has sent word of through Redis.
    told: Generation,
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
    pub(super) fn new(mistake: Option<Mistake>) -> Self {
        let replica = Replica {
            held: Held::NOTHING,
            value: 0,
            asking: [Asking::Nothing; FILLS],
            is_stopped: false,
            remembered: Moment::from_nanos(1_000_000_000),
            told: 0,
        };
        Self {
            mistake,
            seconds: 1,
            redis_is_up: true,
            generation: 0,
            list: [None; REPLICAS],
            replicas: std::array::from_fn(|_| replica.clone()),
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
        add(Step::RedisGoes, self.redis_is_up.then(|| Self { redis_is_up: false, ..self.clone() }));
        add(Step::RedisComes, (!self.redis_is_up).then(|| Self { redis_is_up: true, ..self.clone() }));
        for replica in 0..REPLICAS {
            add(Step::Stop(replica), self.stopped(replica, true));
            add(Step::Resume(replica), self.stopped(replica, false));
            if self.replicas[replica].is_stopped {
                continue;
            }
            for slot in 0..FILLS {
                add(Step::Begin(replica), self.begin(replica, slot));
                add(Step::Register(replica), self.register(replica, slot));
                add(Step::Read(replica), self.read(replica, slot));
                add(Step::Keep(replica), self.keep(replica, slot));
            }
            add(Step::Acknowledge(replica), self.acknowledge(replica));
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
        let is_free = self.replicas[replica].asking[slot] == Asking::Nothing;
        is_free.then(|| self.with(replica, |replica| replica.asking[slot] = Asking::Began(now)))
    }

    fn register(&self, replica: usize, slot: usize) -> Option<Self> {
        let next = match self.replicas[replica].asking[slot] {
            Asking::Began(began) if !self.makes(Mistake::RegistersAfterReading) => Asking::Registered(began),
            Asking::ReadUnregistered(began, generation) => Asking::Read(began, generation),
            _ => return None,
        };
        let mut after = self.with(replica, |replica| replica.asking[slot] = next);
        let beat = self.list[replica].map_or(1, |member| member.beat + 1);
        let acknowledged = self.replicas[replica].held.generation().max(0);
        after.list[replica] = Some(Member { id: replica, beat, acknowledged, lease: LEASE });
        Some(after)
    }

    fn read(&self, replica: usize, slot: usize) -> Option<Self> {
        let generation = self.generation;
        let next = match self.replicas[replica].asking[slot] {
            Asking::Registered(began) => Asking::Read(began, generation),
            Asking::Began(began) if self.makes(Mistake::RegistersAfterReading) => {
                Asking::ReadUnregistered(began, generation)
            }
            _ => return None,
        };
        Some(self.with(replica, |replica| replica.asking[slot] = next))
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

    /// Says what it holds, through Redis and in the list. It may do so at any time: whether somebody asked is no matter.
    fn acknowledge(&self, replica: usize) -> Option<Self> {
        let early = self.makes(Mistake::AcknowledgesTooEarly);
        let held = if early { self.generation } else { self.replicas[replica].held.generation() };
        let mut after = self.clone();
        if self.redis_is_up {
            after.replicas[replica].told = held.max(after.replicas[replica].told);
        }
        if let Some(member) = &mut after.list[replica] {
            member.acknowledged = member.acknowledged.max(held);
        }
        (after != *self).then_some(after)
    }

    fn commit(&self, change: usize) -> Option<Self> {
        if self.changes[change] != Change::Planned {
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

    fn hear(&self, change: usize, replica: usize) -> Option<Self> {
        let mut after = self.clone();
        let Change::Open(_, agreement) = &mut after.changes[change] else { return None };
        agreement.heard(replica, self.replicas[replica].told);
        (after != *self).then_some(after)
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
