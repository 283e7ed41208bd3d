//! How many replicas there are to share what a deployment may do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// How many replicas live, as far as this one knows; it counts itself, so it is one at least. Whoever has it sees the
/// newest number.
#[derive(Clone, Debug)]
pub struct Living(Arc<AtomicU32>);

impl Living {
    /// So many.
    #[must_use]
    pub fn of(count: u32) -> Self {
        Self(Arc::new(AtomicU32::new(count.max(1))))
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.0.load(Relaxed)
    }

    /// Now it is so many.
    pub fn set(&self, count: u32) {
        self.0.store(count.max(1), Relaxed);
    }

    /// What one of them may of what all may together: an equal part, rounded down, and one at least.
    #[must_use]
    pub fn part_of(&self, whole: u32) -> u32 {
        match self.count() {
            1 => whole,
            count => (whole / count).max(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Living;

    #[test]
    fn parts_add_up_to_no_more_than_the_whole_unless_there_are_more_replicas() {
        for (whole, count, part) in [(64, 1, 64), (64, 3, 21), (3, 3, 1), (1, 3, 1), (u32::MAX, 2, u32::MAX / 2)] {
            let living = Living::of(count);
            assert_eq!(living.part_of(whole), part);
            assert!(part * count <= whole.max(count));
        }
        let living = Living::of(0);
        assert_eq!((living.count(), living.part_of(7)), (1, 7), "this one lives");
        living.set(2);
        assert_eq!(living.part_of(7), 3);
    }
}
