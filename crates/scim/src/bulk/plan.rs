//! The order in which the operations of a bulk request run.
//!
//! The client's order is kept, with one exception: an operation waits for the POSTs that it refers to (RFC 7644 section
//! 3.7 allows another order while the result is the same). It is the referring operation that moves back, never the POST
//! that moves forward, because a POST may only be possible after an earlier DELETE. Operations on one resource never
//! overtake each other. When POSTs refer to each other in a circle (section 3.7.1), one is created without those
//! references and completed as soon as the others exist.

use std::collections::{BTreeSet, HashMap};

use super::reference::references;
use super::{BulkAction, BulkOperation};

/// One thing to do; numbers are positions in the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Run the operation, leaving out what refers to the bulkIds in `deferred`.
    Run { operation: usize, deferred: Vec<String> },
    /// Add what was left out.
    Complete { operation: usize },
}

/// Decides the order.
pub(super) fn plan(operations: &[BulkOperation], referred: &[BTreeSet<usize>]) -> Vec<Step> {
    let mut graph = Graph::of(operations, referred);
    let mut steps = Vec::with_capacity(operations.len());
    loop {
        while let Some(node) = graph.ready.pop_first() {
            steps.push(graph.step(node));
            graph.finish(node);
        }
        match graph.first_of_a_circle() {
            Some(node) => graph.cut(node, operations),
            None => return steps,
        }
    }
}

/// The POSTs that each operation refers to.
pub(super) fn referred_posts(operations: &mut [BulkOperation]) -> Vec<BTreeSet<usize>> {
    let named = |(node, operation): (usize, &BulkOperation)| Some((operation.bulk_id.clone()?, node));
    let posts = operations.iter().enumerate().filter(|(_, operation)| operation.method == "POST");
    let posts: HashMap<String, usize> = posts.filter_map(named).collect();
    let refers = |operation: &mut BulkOperation| match &mut operation.action {
        Ok(action) => references(action).iter().filter_map(|name| posts.get(name).copied()).collect(),
        Err(_) => BTreeSet::new(),
    };
    operations.iter_mut().map(refers).collect()
}

/// Node `n` is operation `n`; node `n + count` is its completion.
struct Graph {
    count: usize,
    /// The nodes that each unfinished node waits for.
    waits_for: Vec<BTreeSet<usize>>,
    /// The nodes that wait for each node.
    awaited_by: Vec<Vec<usize>>,
    /// What each POST refers to and had to leave out.
    deferred: HashMap<usize, Vec<String>>,
    ready: BTreeSet<usize>,
    finished: Vec<bool>,
}

impl Graph {
    fn of(operations: &[BulkOperation], referred: &[BTreeSet<usize>]) -> Self {
        let count = operations.len();
        let mut graph = Self {
            count,
            waits_for: vec![BTreeSet::new(); 2 * count],
            awaited_by: vec![Vec::new(); 2 * count],
            deferred: HashMap::new(),
            ready: BTreeSet::new(),
            finished: vec![false; 2 * count],
        };
        for (node, posts) in referred.iter().enumerate() {
            posts.iter().for_each(|post| graph.add_edge(*post, node));
        }
        graph.add_same_target(operations);
        graph.ready = (0..count).filter(|node| graph.is_free(*node)).collect();
        graph
    }

    fn add_same_target(&mut self, operations: &[BulkOperation]) {
        let mut last = HashMap::new();
        for (node, operation) in operations.iter().enumerate() {
            let Some(id) = operation.action.as_ref().ok().and_then(BulkAction::id) else { continue };
            if let Some(previous) = last.insert(id, node) {
                self.add_edge(previous, node);
            }
        }
    }

    fn add_edge(&mut self, first: usize, then: usize) {
        if let (Some(waits_for), Some(awaited_by)) = (self.waits_for.get_mut(then), self.awaited_by.get_mut(first))
            && waits_for.insert(first)
        {
            awaited_by.push(then);
        }
    }

    fn is_free(&self, node: usize) -> bool {
        self.waits_for.get(node).is_some_and(BTreeSet::is_empty)
    }

    fn is_finished(&self, node: usize) -> bool {
        self.finished.get(node).copied().unwrap_or(true)
    }

    fn step(&self, node: usize) -> Step {
        match node.checked_sub(self.count) {
            Some(operation) => Step::Complete { operation },
            None => Step::Run { operation: node, deferred: self.deferred.get(&node).cloned().unwrap_or_default() },
        }
    }

    fn finish(&mut self, node: usize) {
        if let Some(finished) = self.finished.get_mut(node) {
            *finished = true;
        }
        for waiting in self.awaited_by.get_mut(node).map(std::mem::take).unwrap_or_default() {
            if let Some(waits_for) = self.waits_for.get_mut(waiting) {
                waits_for.remove(&node);
            }
            if self.is_free(waiting) && !self.is_finished(waiting) {
                self.ready.insert(waiting);
            }
        }
    }

    /// Nothing is ready, so whatever remains waits for a circle: following what each node waits for leads into one.
    fn first_of_a_circle(&self) -> Option<usize> {
        let mut node = (0..self.count).find(|node| !self.is_finished(*node))?;
        let mut path = Vec::new();
        loop {
            if let Some(start) = path.iter().position(|passed| *passed == node) {
                return path.get(start..)?.iter().min().copied();
            }
            path.push(node);
            node = *self.waits_for.get(node)?.first()?;
        }
    }

    /// Lets a POST run at once; what it refers to is added when it exists, and what does not belong to the circle waits
    /// for that: until then, the circle may have to be undone.
    fn cut(&mut self, node: usize, operations: &[BulkOperation]) {
        let circle = self.circle(node);
        let Some(waits_for) = self.waits_for.get_mut(node) else { return };
        let awaited: Vec<_> = waits_for.extract_if(.., |post| is_in(&circle, *post)).collect();
        let name = |post: &usize| operations.get(*post).and_then(|operation| operation.bulk_id.clone());
        self.deferred.insert(node, awaited.iter().filter_map(name).collect());
        let completion = node + self.count;
        for post in awaited {
            self.add_edge(post, completion);
        }
        self.add_edge(node, completion);
        let waiting = circle.iter().zip(&self.awaited_by).filter(|(part, _)| **part).flat_map(|(_, then)| then);
        let outside: Vec<_> = waiting.filter(|then| **then != completion && !is_in(&circle, **then)).copied().collect();
        outside.into_iter().for_each(|then| self.add_edge(completion, then));
        if self.is_free(node) {
            self.ready.insert(node);
        }
    }

    /// The nodes that both wait for this one and are awaited by it, and itself.
    fn circle(&self, node: usize) -> Vec<bool> {
        let before = reachable(node, 2 * self.count, |node| self.waits_for.get(node).into_iter().flatten().copied());
        let after = reachable(node, 2 * self.count, |node| self.awaited_by.get(node).into_iter().flatten().copied());
        before.iter().zip(after).map(|(before, after)| *before && after).collect()
    }
}

/// Which of the nodes can be reached, the start among them.
fn reachable<I: Iterator<Item = usize>>(start: usize, nodes: usize, next: impl Fn(usize) -> I) -> Vec<bool> {
    let (mut reached, mut open) = (vec![false; nodes], vec![start]);
    while let Some(node) = open.pop() {
        if reached.get_mut(node).is_some_and(|reached| !std::mem::replace(reached, true)) {
            open.extend(next(node).filter(|next| !is_in(&reached, *next)));
        }
    }
    reached
}

fn is_in(nodes: &[bool], node: usize) -> bool {
    nodes.get(node).copied().unwrap_or(false)
}
