//! Looks at every state that can be reached.

use std::collections::{HashSet, VecDeque};
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

/// How a state was reached: from which, and by what.
type Way = Option<(usize, Step)>;

/// Breadth first, so that what is found is short. Stops at the first violation.
pub(super) fn explore(start: World) -> Explored {
    let mut seen = HashSet::from([fingerprint(&start)]);
    let mut ways: Vec<Way> = vec![None];
    let mut waiting = VecDeque::from([(0, start)]);
    let mut returned = false;
    while let Some((number, world)) = waiting.pop_front() {
        returned |= world.has_returned();
        if world.is_wrong() {
            return Explored { states: seen.len(), returned, violation: Some(steps(&ways, number)) };
        }
        for (step, after) in world.successors() {
            if seen.insert(fingerprint(&after)) {
                waiting.push_back((ways.len(), after));
                ways.push(Some((number, step)));
            }
        }
    }
    Explored { states: seen.len(), returned, violation: None }
}

fn steps(ways: &[Way], end: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut at = end;
    while let Some((before, step)) = ways[at] {
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
