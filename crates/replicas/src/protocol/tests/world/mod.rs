//! A small deployment: two replicas, a visitor, two changes, and everything that can happen next. It decides by the same
//! functions as the program, unless it is told to make a mistake.
//!
//! The second change comes when the call of the first one has returned, or builds on it, as the first use of a token does:
//! the first one ends the other tokens, and the second one lets the new one in. Then it is made by somebody who does not
//! wait for the first one's maker (which may have died), but agrees once more on what that has made.

mod change;
mod leaving;

use std::time::Duration;

use super::super::{Agreement, Fill, Generation, Held, Lease, Member, Moment, Outcome, Progress};
use super::mistake::Mistake;
use super::request::Request;

const REPLICAS: usize = 2;
/// Questions of one replica that can be under way at once. The program has one and its own commits; two find more.
const AT_ONCE: usize = 2;
/// The last second.
const END: u64 = 4;
const LEASE: Duration = Duration::from_secs(1);
/// Who makes the changes: a replica, and a visitor that is on no list.
const CHANGERS: [usize; 2] = [0, 9];
/// The replica that a request comes to.
const ASKED: usize = 1;

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
    Ask(usize),
    List(usize),
    Hear(usize, usize),
    Return(usize),
    Request,
    Leave(usize),
    Goodbye(usize),
    Lose(usize),
    Retry(usize),
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
    /// How often it has registered.
    beat: i64,
    /// The generation of what it decides by.
    value: Generation,
    asking: [Asking; AT_ONCE],
    /// Questions that it may still ask.
    questions: u8,
    is_stopped: bool,
    has_left: bool,
    /// The time it knew when it last looked.
    remembered: Moment,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Change {
    Planned,
    /// Its maker has found the change before it, and asks whether everybody knows of that.
    Asking(Agreement<usize>),
    Open(Generation, Agreement<usize>),
    /// It is committed, and its maker does not know.
    Lost(Generation),
    Returned(Generation),
}

/// The whole of it at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    mistake: Option<Mistake>,
    /// Whether the second change builds on the first one.
    builds: bool,
    seconds: u64,
    redis_is_up: bool,
    generation: Generation,
    list: [Option<Member<usize>>; REPLICAS],
    replicas: [Replica; REPLICAS],
    changes: [Change; CHANGERS.len()],
    /// Whether replicas leave, and commits are answered by nobody.
    leaves: bool,
    /// A request whose decision takes time. Without it every decision takes none, and is made at every moment.
    request: Option<Request>,
}

impl World {
    /// Both replicas run, and have just asked. A message may never come, so a Redis that is there covers one that goes.
    pub(super) fn new(mistake: Option<Mistake>, redis_is_up: bool) -> Self {
        Self::of(mistake, redis_is_up, false, [1, 2])
    }

    /// The same with a second change that builds on the first.
    pub(super) fn building(mistake: Option<Mistake>) -> Self {
        Self::of(mistake, true, true, [1, 1])
    }

    /// The same with a request.
    pub(super) fn requested(mistake: Option<Mistake>) -> Self {
        Self { request: Some(Request::Expected), ..Self::of(mistake, true, false, [0, 2]) }
    }

    /// The same with replicas that leave, and commits that are answered by nobody.
    pub(super) fn leaving(mistake: Option<Mistake>) -> Self {
        Self { leaves: true, ..Self::of(mistake, true, false, [0, 1]) }
    }

    /// `questions` are those that each replica asks in all.
    fn of(mistake: Option<Mistake>, redis_is_up: bool, builds: bool, questions: [u8; REPLICAS]) -> Self {
        let start = Moment::from_nanos(1_000_000_000);
        let (held, _) = Held::NOTHING.filled(Fill { began: start, generation: 0 }, Lease::For(LEASE));
        let replica = |number: usize| Replica {
            held,
            beat: 1,
            value: 0,
            asking: [Asking::Nothing; AT_ONCE],
            questions: questions[number],
            is_stopped: false,
            has_left: false,
            remembered: start,
        };
        Self {
            mistake,
            builds,
            seconds: 1,
            redis_is_up,
            generation: 0,
            list: std::array::from_fn(|id| Some(Member { id, beat: 1, acknowledged: 0, lease: LEASE })),
            replicas: std::array::from_fn(replica),
            changes: std::array::from_fn(|_| Change::Planned),
            leaves: false,
            request: None,
        }
    }

    fn now(&self) -> Moment {
        Moment::from_nanos(self.seconds * 1_000_000_000)
    }

    fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    /// Some replica may let in what a change has ended whose call has returned, or has ended before another replica lets
    /// in what the second change is about.
    pub(super) fn is_wrong(&self) -> bool {
        let [first, second] = &self.changes;
        let deciding = || self.replicas.iter().filter(|replica| self.may_decide(replica));
        let is_let_in = second.made().is_some_and(|second| deciding().any(|replica| replica.value >= second));
        let ended = self.newest_returned().max(first.made().filter(|_| is_let_in)).unwrap_or_default();
        deciding().any(|replica| replica.value < ended) || self.request.is_some_and(Request::is_wrong)
    }

    fn newest_returned(&self) -> Option<Generation> {
        self.changes.iter().filter_map(Change::returned).max()
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
            add(Step::Ask(change), self.ask(change));
            add(Step::Commit(change), self.commit(change));
            add(Step::List(change), self.read_list(change));
            for replica in 0..REPLICAS {
                add(Step::Hear(change, replica), self.hear(change, replica));
            }
            add(Step::Return(change), self.finish(change));
        }
        add(Step::Request, self.go_on_with_request());
        all.extend(self.departures());
        all
    }

    fn go_on_with_request(&self) -> Option<Self> {
        let (replica, is_careless) = (&self.replicas[ASKED], self.makes(Mistake::DecidesByWhatItSaw));
        let held = (replica.value, self.may_decide(replica));
        let next = self.request?.next(self.newest_returned().unwrap_or_default(), held, is_careless)?;
        Some(Self { request: Some(next), ..self.clone() })
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
        if self.replicas[replica].asking[slot] != Asking::Nothing
            || self.replicas[replica].questions == 0
            || self.replicas[replica].has_left
        {
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
        let own = self.replicas[replica].beat + 1;
        self.replicas[replica].beat = own;
        let listed = self.list[replica].map_or(1, |member| member.beat + 1);
        let beat = if self.makes(Mistake::CountsAnew) { listed } else { own };
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

    /// Agrees once more on what the change before has made.
    fn ask(&self, change: usize) -> Option<Self> {
        let before = self.changes[..change].last().and_then(Change::made)?;
        let mut after = self.clone();
        after.changes[change] = Change::Asking(Agreement::new(CHANGERS[change], before, self.now()));
        (self.builds && self.changes[change] == Change::Planned).then_some(after)
    }

    /// One after the other, or the second one when its maker knows that everybody knows of the first: two that overlap
    /// otherwise wait for each other's replicas, not for each other.
    fn commit(&self, change: usize) -> Option<Self> {
        let mut before = self.changes[..change].iter();
        let is_next = match self.makes(Mistake::GoesOnBeforeAgreement) {
            true => before.all(|before| before.made().is_some()),
            false => before.all(|before| before.returned().is_some()),
        };
        let mut after = match &self.changes[change] {
            Change::Planned if is_next => self.clone(),
            Change::Asking(agreement) => self.agreed(agreement)?,
            _ => return None,
        };
        let (changer, generation) = (CHANGERS[change], self.generation + 1);
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
        let agreement = after.changes[change].agreement()?;
        agreement.listed(&members, now);
        (after != *self).then_some(after)
    }

    /// Word of what a replica holds comes: at once, late or never, through Redis or through the list.
    fn hear(&self, change: usize, replica: usize) -> Option<Self> {
        let early = self.makes(Mistake::AcknowledgesTooEarly);
        let held = if early { self.generation } else { self.replicas[replica].held.generation() };
        let mut after = self.clone();
        let agreement = after.changes[change].agreement()?;
        agreement.heard(replica, held);
        (replica != CHANGERS[change] && after != *self).then_some(after)
    }

    fn finish(&self, change: usize) -> Option<Self> {
        let Change::Open(generation, agreement) = &self.changes[change] else { return None };
        let mut after = self.agreed(agreement)?;
        after.changes[change] = Change::Returned(*generation);
        Some(after)
    }

    /// What an agreement leaves behind, if it is reached.
    fn agreed(&self, agreement: &Agreement<usize>) -> Option<Self> {
        let mut after = self.clone();
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
