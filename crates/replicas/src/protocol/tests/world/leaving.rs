//! What a replica stops trusting by itself: it leaves, or a commit of its own is answered by nobody.

use super::super::super::{Agreement, Generation};
use super::super::mistake::Mistake;
use super::{Asking, CHANGERS, Change, Step, World};

impl World {
    /// What can happen next of this.
    pub(super) fn departures(&self) -> Vec<(Step, Self)> {
        if !self.leaves {
            return Vec::new();
        }
        let of_replicas = (0..self.replicas.len()).flat_map(|replica| {
            [(Step::Leave(replica), self.leave(replica)), (Step::Goodbye(replica), self.say_goodbye(replica))]
        });
        let of_changes = (0..CHANGERS.len())
            .flat_map(|change| [(Step::Lose(change), self.lose(change)), (Step::Retry(change), self.retry(change))]);
        of_replicas.chain(of_changes).filter_map(|(step, after)| Some((step, after?))).collect()
    }

    /// First it trusts nothing any more, and asks nothing. Nothing is under way then.
    fn leave(&self, replica: usize) -> Option<Self> {
        let own = &self.replicas[replica];
        let is_idle = own.asking.iter().all(|asking| *asking == Asking::Nothing);
        if own.has_left || !(is_idle || self.makes(Mistake::LeavesWhileItAsks)) {
            return None;
        }
        let now = self.now();
        let doubts = !self.makes(Mistake::LeavesWithItsLease);
        Some(self.with(replica, |replica| {
            replica.has_left = true;
            if doubts {
                replica.held = replica.held.doubted(now);
            }
        }))
    }

    /// Then it takes itself off the list.
    fn say_goodbye(&self, replica: usize) -> Option<Self> {
        let is_listed = self.replicas[replica].has_left && self.list[replica].is_some();
        is_listed.then(|| {
            let mut after = self.clone();
            after.list[replica] = None;
            after
        })
    }

    /// The change is committed, and its maker does not learn of it.
    fn lose(&self, change: usize) -> Option<Self> {
        let mut after = self.commit(change)?;
        let made = after.changes[change].made()?;
        if let Some(own) = after.replicas.get_mut(CHANGERS[change]) {
            // It holds what it held before.
            *own = self.replicas[CHANGERS[change]].clone();
            if !self.makes(Mistake::TrustsAfterALostCommit) {
                own.held = own.held.doubted(self.now());
            }
        }
        after.changes[change] = Change::Lost(made);
        Some(after)
    }

    /// The call is made again: it finds what it has made, learns of it, and asks whether everybody else knows of it.
    fn retry(&self, change: usize) -> Option<Self> {
        let Change::Lost(made) = self.changes[change] else { return None };
        let mut after = self.clone();
        if !self.makes(Mistake::TrustsAfterALostCommit) {
            after.learned(CHANGERS[change], made);
        }
        after.changes[change] = Change::Open(made, Agreement::new(CHANGERS[change], made, self.now()));
        Some(after)
    }

    fn learned(&mut self, replica: usize, generation: Generation) {
        if let Some(replica) = self.replicas.get_mut(replica) {
            (replica.held, _) = replica.held.committed(generation);
            replica.value = replica.value.max(generation);
        }
    }
}
