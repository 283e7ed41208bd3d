//! Looks at every state that can be reached.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::world::{Step, World};

/// What was found.
#[derive(Debug)]
pub(super) struct Explored {
    pub(super) states: usize,
    /// Whether some change came to its end.
    pub(super) returned: bool,
    /// The shortest way to a state that must not be.
    pub(super) violation: Option<Vec<Step>>,
}

struct Node {
    world: World,
    /// The state before, and what happened in it.
    from: Option<(usize, Step)>,
}

/// Breadth first, so that what is found is short. Stops at the first violation.
pub(super) fn explore(start: World) -> Explored {
    let mut seen = HashSet::from([fingerprint(&start)]);
    let mut nodes = vec![Node { world: start, from: None }];
    let mut returned = false;
    let mut next = 0;
    while next < nodes.len() {
        let world = nodes[next].world.clone();
        returned |= world.has_returned();
        if world.is_wrong() {
            return Explored { states: seen.len(), returned, violation: Some(way(&nodes, next)) };
        }
        for (step, after) in world.successors() {
            if seen.insert(fingerprint(&after)) {
                nodes.push(Node { world: after, from: Some((next, step)) });
            }
        }
        next += 1;
    }
    Explored { states: seen.len(), returned, violation: None }
}

fn way(nodes: &[Node], end: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut at = end;
    while let Some((before, step)) = nodes[at].from {
        steps.push(step);
        at = before;
    }
    steps.reverse();
    steps
}

/// Of 64 bits: among some millions of states two will not share one.
fn fingerprint(world: &World) -> u64 {
    let mut hasher = DefaultHasher::new();
    world.hash(&mut hasher);
    hasher.finish()
}
