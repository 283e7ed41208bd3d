//! Three replicas and their keeper in a network of its own time: answers are late, lost and overtaken.

use std::collections::VecDeque;

use super::keeper::Keeper;
use crate::Rate;
use crate::lease::{Answer, Ask, Lease, Micros, Taken};

pub(super) const REPLICAS: usize = 3;

/// The steps of time, in microseconds.
const STEP: Micros = 250;

/// How long a request waits for the keeper.
const PATIENCE: Micros = 50_000;

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
    /// The longest that a message is under way, in microseconds.
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
    /// Requests that got no answer in time, and would go by the share.
    pub(super) unanswered: usize,
    pub(super) questions: usize,
}

struct Replica {
    lease: Lease,
    waiting: VecDeque<Micros>,
    question: Option<Question>,
    due: f64,
    is_low: bool,
}

struct Question {
    sent: Micros,
    ask: Ask,
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
        let mut replicas = [(); REPLICAS].map(|()| Replica::new(self.rate));
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
    fn new(rate: Rate) -> Self {
        Self { lease: Lease::new(rate), waiting: VecDeque::new(), question: None, due: 0.0, is_low: false }
    }

    /// Those who wait are served first; then those who come.
    fn serve(&mut self, now: Micros, course: &mut Course) {
        while self.waiting.front().is_some_and(|since| now > since + PATIENCE) {
            self.waiting.pop_front();
            course.unanswered += 1;
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
            let taken = self.lease.take(now);
            if !self.note(taken, now, course) {
                self.waiting.push_back(now);
            }
        }
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
        if let Some(question) = &mut self.question {
            if question.answer.is_none() && question.arrives.is_some_and(|arrives| now >= arrives) {
                let answer = keeper.answer(world.rate, (number, question.sent), question.ask, clock);
                question.answer = Some(answer);
            }
            let returned = question.returns.is_some_and(|returns| now >= returns);
            if let Some(answer) = question.answer.filter(|_| returned) {
                self.lease.granted((question.sent, question.ask), now, answer);
                self.question = None;
            } else if now > question.sent + 250_000 {
                self.lease.failed(question.ask);
                self.question = None;
            }
            return;
        }
        let ask = if !self.waiting.is_empty() || self.is_low {
            Some(self.lease.ask(now, u32::try_from(self.waiting.len()).unwrap()))
        } else if self.lease.is_unused(now) {
            self.lease.give_back(now)
        } else {
            None
        };
        if let Some(ask) = ask {
            self.is_low = false;
            course.questions += 1;
            let arrives = dice.travel(world).map(|time| now + time);
            let returns = arrives.and_then(|arrives| Some(arrives + dice.travel(world)?));
            self.question = Some(Question { sent: now, ask, arrives, returns, answer: None });
        }
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
        let time = self.below(world.latency);
        (self.below(1000) >= world.lost).then_some(time)
    }
}
