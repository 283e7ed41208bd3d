//! Three replicas and their keeper in a network of its own time: answers are late, lost and overtaken.

use std::collections::VecDeque;
use std::time::Duration;

use governor::clock::FakeRelativeClock;

use super::keeper::Keeper;
use crate::Rate;
use crate::lease::{Answer, Ask, Lease, Micros, Taken};
use crate::local::Local;
use crate::shared::Pace;

pub(super) const REPLICAS: usize = 3;

/// The steps of time, in microseconds.
const STEP: Micros = 250;

/// How long a request waits for the keeper.
const PATIENCE: Micros = 50_000;

/// When no answer is expected any more.
const SILENCE: Micros = 250_000;

/// How often the keeper is looked for by those who do without it, and by the others.
const PROBING: (Micros, Micros) = (100_000, 500_000);

/// How many requests come to each replica in a second, for so many microseconds.
#[derive(Clone, Debug)]
pub(super) struct Phase {
    pub(super) length: Micros,
    pub(super) demand: [f64; REPLICAS],
}

/// What is simulated.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) rate: Rate,
    pub(super) phases: Vec<Phase>,
    /// How long every message is under way at least, and how much longer at most, in microseconds.
    pub(super) delay: Micros,
    pub(super) latency: Micros,
    /// How many of a thousand messages are lost.
    pub(super) lost: u64,
    /// By how much the clock of the keeper jumps, and when.
    pub(super) jump: Option<(Micros, f64)>,
    pub(super) seed: u64,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Course {
    /// When requests were let through.
    pub(super) admitted: Vec<Micros>,
    pub(super) refused: usize,
    /// Requests that went by the share, because there was no answer in time.
    pub(super) unanswered: usize,
    pub(super) questions: usize,
}

struct Replica {
    lease: Lease,
    share: Local<FakeRelativeClock>,
    share_burst: u32,
    pace: Pace,
    is_alone: bool,
    probed: Micros,
    waiting: VecDeque<Micros>,
    question: Option<Question>,
    due: f64,
    is_low: bool,
}

struct Question {
    sent: Micros,
    /// None only asks whether the keeper is there.
    ask: Option<Ask>,
    /// When it arrives at the keeper, and when the answer arrives here; none of a lost message.
    arrives: Option<Micros>,
    returns: Option<Micros>,
    answer: Option<Answer>,
}

impl World {
    /// Lets time pass.
    pub(super) fn run(&self) -> Course {
        let mut dice = Dice(self.seed | 1);
        let (mut keeper, mut course) = (Keeper::default(), Course::default());
        let time = FakeRelativeClock::default();
        let mut replicas = [(); REPLICAS].map(|()| Replica::new(self.rate, &time));
        let end = self.phases.iter().map(|phase| phase.length).sum();
        let mut now = 0;
        while now < end {
            let clock = now as f64 + self.jump.filter(|(at, _)| now >= *at).map_or(0.0, |(_, by)| by) + 1e12;
            for (number, replica) in replicas.iter_mut().enumerate() {
                replica.due += self.demand(now)[number] * STEP as f64 / 1e6;
                replica.serve(now, &mut course);
                replica.talk(self, (number, clock), now, (&mut keeper, &mut dice), &mut course);
            }
            now += STEP;
            time.advance(Duration::from_micros(STEP));
        }
        course
    }

    fn demand(&self, now: Micros) -> [f64; REPLICAS] {
        let mut start = 0;
        let phase = self.phases.iter().find(|phase| {
            start += phase.length;
            now < start
        });
        phase.map_or([0.0; REPLICAS], |phase| phase.demand)
    }
}

impl Replica {
    fn new(rate: Rate, time: &FakeRelativeClock) -> Self {
        let parts = u32::try_from(REPLICAS).unwrap();
        Self {
            lease: Lease::new(rate),
            share: Local::part(rate, (parts, None), time.clone()),
            share_burst: rate.burst_of(parts),
            pace: Pace::default(),
            is_alone: false,
            probed: 0,
            waiting: VecDeque::new(),
            question: None,
            due: 0.0,
            is_low: false,
        }
    }

    /// Those who wait are served first; then those who come.
    fn serve(&mut self, now: Micros, course: &mut Course) {
        while self.waiting.front().is_some_and(|since| self.is_alone || now > since + PATIENCE) {
            self.waiting.pop_front();
            self.take_of_share(now, course);
        }
        while !self.waiting.is_empty() {
            let taken = self.lease.take_again(now);
            if !self.note(taken, now, course) {
                break;
            }
            self.waiting.pop_front();
        }
        while self.due >= 1.0 {
            self.due -= 1.0;
            if self.is_alone {
                self.take_of_share(now, course);
                continue;
            }
            let taken = self.lease.take(now);
            if !self.note(taken, now, course) {
                self.waiting.push_back(now);
            }
        }
    }

    fn take_of_share(&mut self, now: Micros, course: &mut Course) {
        course.unanswered += 1;
        match self.share.take() {
            Ok(left) => {
                self.lease.owe(self.share_burst - left, now);
                course.admitted.push(now);
            }
            Err(_) => course.refused += 1,
        }
    }

    /// What came of a question: how long the answer took, if there was one.
    fn judge(&mut self, took: Option<Micros>) {
        let Some(took) = took else {
            (self.pace, self.is_alone) = (Pace::default(), true);
            return;
        };
        self.pace.note(Duration::from_micros(took));
        self.is_alone = (self.is_alone || self.pace.is_late()) && !self.pace.is_quick();
    }

    fn note(&mut self, taken: Taken, now: Micros, course: &mut Course) -> bool {
        match taken {
            Taken::One { is_low, .. } => {
                self.is_low |= is_low;
                course.admitted.push(now);
            }
            Taken::Wait(_) => course.refused += 1,
            Taken::Ask => return false,
        }
        true
    }

    fn talk(
        &mut self,
        world: &World,
        (number, clock): (usize, f64),
        now: Micros,
        (keeper, dice): (&mut Keeper, &mut Dice),
        course: &mut Course,
    ) {
        if let Some(mut question) = self.question.take() {
            if question.answer.is_none() && question.arrives.is_some_and(|arrives| now >= arrives) {
                let answer = |ask| keeper.answer(world.rate, (number, question.sent), ask, clock);
                question.answer = Some(question.ask.map(answer).unwrap_or_default());
            }
            let returned = question.returns.is_some_and(|returns| now >= returns);
            if !self.learn(&question, returned, now) {
                self.question = Some(question);
            }
            return;
        }
        if let Some(ask) = self.next_question(now) {
            course.questions += usize::from(ask.is_some());
            let arrives = dice.travel(world).map(|time| now + time);
            let returns = arrives.and_then(|arrives| Some(arrives + dice.travel(world)?));
            self.question = Some(Question { sent: now, ask, arrives, returns, answer: None });
        }
    }

    /// Whether the question is over: answered, or waited for long enough.
    fn learn(&mut self, question: &Question, returned: bool, now: Micros) -> bool {
        if let Some(answer) = question.answer.filter(|_| returned) {
            self.judge(Some(now - question.sent));
            if let Some(ask) = question.ask {
                self.lease.granted((question.sent, ask), now, answer);
            }
            return true;
        }
        let is_over = now > question.sent + SILENCE;
        if is_over {
            self.judge(None);
            question.ask.iter().for_each(|ask| self.lease.failed(*ask));
        }
        is_over
    }

    fn next_question(&mut self, now: Micros) -> Option<Option<Ask>> {
        let probing = if self.is_alone { PROBING.0 } else { PROBING.1 };
        if now >= self.probed + probing {
            self.probed = now;
            return Some(None);
        }
        if self.is_alone {
            return None;
        }
        let ask = if !self.waiting.is_empty() || self.is_low {
            Some(self.lease.ask(now, u32::try_from(self.waiting.len()).unwrap()))
        } else if self.lease.is_unused(now) {
            self.lease.give_back(now)
        } else {
            None
        };
        self.is_low &= ask.is_none();
        ask.map(Some)
    }
}

/// Chance that repeats.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound.max(1)
    }

    fn travel(&mut self, world: &World) -> Option<Micros> {
        let time = world.delay + self.below(world.latency);
        (self.below(1000) >= world.lost).then_some(time)
    }
}
