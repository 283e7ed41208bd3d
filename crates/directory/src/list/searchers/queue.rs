//! The searches that wait: the tenants take turns, each with its oldest.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Job;

/// Whoever may be next.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Notify,
    /// How many searches of one tenant run at once.
    most: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Of each tenant that waits what it waits for, in the order of their turns.
    turns: VecDeque<(i64, VecDeque<Job>)>,
    running: HashMap<i64, usize>,
    is_closed: bool,
}

impl Queue {
    pub(super) fn new(most: usize) -> Self {
        Self { waiting: Mutex::default(), changed: Notify::new(), most: most.max(1) }
    }

    pub(super) fn push(&self, job: Job) {
        let mut waiting = self.lock();
        match waiting.turns.iter_mut().find(|(tenant, _)| *tenant == job.tenant) {
            Some((_, jobs)) => jobs.push_back(job),
            None => waiting.turns.push_back((job.tenant, VecDeque::from([job]))),
        }
        drop(waiting);
        self.changed.notify_one();
    }

    /// The next one, as soon as there is one; `None` when it is closed. Dropped before, it has taken none.
    pub(super) async fn next(&self) -> Option<Job> {
        loop {
            let changed = self.changed.notified();
            match self.take() {
                Taken::Job(job) => return Some(job),
                Taken::Closed => {
                    self.changed.notify_one();
                    return None;
                }
                Taken::Nothing => changed.await,
            }
        }
    }

    /// A search of this tenant has ended.
    pub(super) fn done(&self, tenant: i64) {
        let mut waiting = self.lock();
        if let Some(running) = waiting.running.get_mut(&tenant) {
            *running -= 1;
            if *running == 0 {
                waiting.running.remove(&tenant);
            }
        }
        drop(waiting);
        self.changed.notify_one();
    }

    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_one();
    }

    fn take(&self) -> Taken {
        let mut waiting = self.lock();
        if waiting.is_closed {
            return Taken::Closed;
        }
        let Some(job) = waiting.take(self.most) else { return Taken::Nothing };
        let is_more = !waiting.turns.is_empty();
        drop(waiting);
        if is_more {
            // One call of `notify_one` may have stood for several searches.
            self.changed.notify_one();
        }
        Taken::Job(job)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Taken {
    Job(Job),
    Nothing,
    Closed,
}

impl Waiting {
    /// The oldest of the first tenant that may have one more; it is the last then. Who waits no more is passed over.
    fn take(&mut self, most: usize) -> Option<Job> {
        let Self { turns, running, .. } = self;
        let may = |tenant: &i64| running.get(tenant).is_none_or(|running| *running < most);
        loop {
            let place = turns.iter().position(|(tenant, _)| may(tenant))?;
            let (tenant, mut jobs) = turns.remove(place)?;
            let wanted = std::iter::from_fn(|| jobs.pop_front()).find(|job| !job.reply.is_closed());
            if !jobs.is_empty() {
                turns.push_back((tenant, jobs));
            }
            if let Some(job) = wanted {
                *running.entry(tenant).or_default() += 1;
                return Some(job);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;
    use crate::list::{List, Listing, PageRequest};
    use crate::{DirectoryError, Include};

    type Answer = oneshot::Receiver<Result<Listing, DirectoryError>>;

    fn job(tenant: i64) -> (Job, Answer) {
        let (reply, answer) = oneshot::channel();
        let list = List {
            searches: Vec::new(),
            descending: false,
            page: PageRequest::Index { start: 1, count: 1 },
            include: Include::NOTHING,
            base: String::new(),
        };
        (Job { tenant, list, reply }, answer)
    }

    fn filled(most: usize, tenants: &[i64]) -> (Queue, Vec<Answer>) {
        let queue = Queue::new(most);
        let push = |tenant: &i64| {
            let (job, answer) = job(*tenant);
            queue.push(job);
            answer
        };
        let answers = tenants.iter().map(push).collect();
        (queue, answers)
    }

    async fn taken(queue: &Queue, count: usize) -> Vec<i64> {
        let mut tenants = Vec::new();
        for _ in 0..count {
            tenants.push(queue.next().await.map_or(0, |job| job.tenant));
        }
        tenants
    }

    #[tokio::test]
    async fn tenants_take_turns_however_much_one_asks() {
        let (queue, _answers) = filled(9, &[1, 1, 1, 1, 2, 2, 3]);
        assert_eq!(taken(&queue, 7).await, [1, 2, 3, 1, 2, 1, 1]);
    }

    #[tokio::test]
    async fn nobody_has_more_than_its_part_of_the_threads() {
        let (queue, _answers) = filled(2, &[1, 1, 1, 2]);
        assert_eq!(taken(&queue, 3).await, [1, 2, 1]);
        assert!(matches!(queue.take(), Taken::Nothing), "two of the first run");
        queue.done(1);
        assert_eq!(taken(&queue, 1).await, [1]);
    }

    #[tokio::test]
    async fn who_waits_no_more_is_passed_over() {
        let (queue, mut answers) = filled(2, &[1, 1, 2]);
        drop(answers.remove(0));
        drop(answers.remove(0));
        assert_eq!(taken(&queue, 1).await, [2]);
        assert!(matches!(queue.take(), Taken::Nothing));
    }

    #[tokio::test]
    async fn everybody_who_waits_for_a_search_hears_that_it_is_closed() {
        let queue = Queue::new(1);
        let close = async { queue.close() };
        let (one, other, ()) = tokio::join!(queue.next(), queue.next(), close);
        assert!(one.is_none() && other.is_none());
    }
}
