//! When everybody knows of a change.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Generation, LONGEST_LEASE, Moment};

/// A row of the list of replicas, read after the change was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Member<I> {
    /// Which replica.
    pub id: I,
    /// Counts how often it has registered, by its own count: a number never comes again, also when it was off the list.
    pub beat: i64,
    /// The generation that it is known to hold.
    pub acknowledged: Generation,
    /// For how long it trusts.
    pub lease: Duration,
}

/// Who still has to learn of one change.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Agreement<I> {
    own: I,
    generation: Generation,
    committed: Moment,
    awaited: Option<Awaited<I>>,
    heard: BTreeSet<I>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Awaited<I> {
    members: BTreeMap<I, Member<I>>,
    /// By then the lease of each of them has run out.
    deadline: Moment,
}

/// How far an agreement is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress<I> {
    /// Somebody may still trust the state before. It is over at this moment at the latest.
    Open(Moment),
    /// Nobody trusts the state before any more.
    Reached(Outcome<I>),
}

/// What an agreement was reached by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<I> {
    /// Everybody has said so, or nobody was there.
    Acknowledged,
    /// Whoever did not say so has lost its lease. These are to be taken off the list, each only if it has not registered
    /// again since.
    Waited(Vec<Member<I>>),
}

impl<I: Copy + Ord> Agreement<I> {
    /// About a change that was just committed by the process of this name.
    #[must_use]
    pub const fn new(own: I, generation: Generation, committed: Moment) -> Self {
        Self { own, generation, committed, awaited: None, heard: BTreeSet::new() }
    }

    /// A replica has told that it holds this generation.
    pub fn heard(&mut self, id: I, generation: Generation) {
        if generation >= self.generation {
            self.heard.insert(id);
        }
    }

    /// The list, as it was read. The first one counts: who registers later asks later, and learns of the change by that.
    /// Who has gone from it since has no lease any more.
    pub fn listed(&mut self, members: &[Member<I>], now: Moment) {
        let listed = members.iter().map(|member| (member.id, *member)).collect::<BTreeMap<_, _>>();
        let (own, generation) = (self.own, self.generation);
        let awaited = self.awaited.get_or_insert_with(|| {
            let longest = members.iter().filter(|member| member.id != own).map(|member| member.lease).max();
            Awaited { members: listed.clone(), deadline: now.plus(with_margin(longest.unwrap_or_default())) }
        });
        awaited
            .members
            .retain(|id, _| *id != own && listed.get(id).is_some_and(|member| member.acknowledged < generation));
    }

    /// Whether it is over.
    #[must_use]
    pub fn progress(&self, now: Moment) -> Progress<I> {
        let Some(Awaited { members, deadline }) = &self.awaited else {
            // Without the list nobody can be left out.
            let end = self.committed.plus(with_margin(LONGEST_LEASE));
            return if now < end { Progress::Open(end) } else { Progress::Reached(Outcome::Waited(Vec::new())) };
        };
        let left: Vec<_> = members.values().filter(|member| !self.heard.contains(&member.id)).copied().collect();
        match () {
            () if left.is_empty() => Progress::Reached(Outcome::Acknowledged),
            () if now < *deadline => Progress::Open(*deadline),
            () => Progress::Reached(Outcome::Waited(left)),
        }
    }
}

/// The clocks of two machines do not run quite alike: a hundredth more is a hundred times what they may differ.
fn with_margin(lease: Duration) -> Duration {
    lease + lease / 100
}
