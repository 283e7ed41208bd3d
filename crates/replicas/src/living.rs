//! How many replicas there are to share what a deployment may do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use tokio::sync::Notify;

/// How many replicas live, as far as this one knows; it counts itself, so it is one at least. Whoever has it sees the
/// newest number.
#[derive(Clone, Debug)]
pub struct Living(Arc<Known>);

#[derive(Debug)]
struct Known {
    count: AtomicU32,
    /// Of these, the others that go by their share of the rates.
    by_share: AtomicU32,
    /// Whether this one does, and that this has changed.
    is_apart: AtomicBool,
    changed: Notify,
}

impl Living {
    /// So many.
    #[must_use]
    pub fn of(count: u32) -> Self {
        Self(Arc::new(Known {
            count: AtomicU32::new(count.max(1)),
            by_share: AtomicU32::new(0),
            is_apart: AtomicBool::new(false),
            changed: Notify::new(),
        }))
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.0.count.load(Relaxed)
    }

    /// How many others go by their share of the rates.
    #[must_use]
    pub fn by_share(&self) -> u32 {
        self.0.by_share.load(Relaxed)
    }

    /// Now it is so many, of which so many others go by their share.
    pub fn set(&self, count: u32, by_share: u32) {
        self.0.count.store(count.max(1), Relaxed);
        self.0.by_share.store(by_share, Relaxed);
    }

    /// What one of them may of what all may together: an equal part, rounded down, and one at least.
    #[must_use]
    pub fn part_of(&self, whole: u32) -> u32 {
        match self.count() {
            1 => whole,
            count => (whole / count).max(1),
        }
    }

    /// The part of a rate that is left to those who do not go by their share, this one among them.
    #[must_use]
    pub fn together(&self) -> f64 {
        let count = self.count();
        f64::from(count.saturating_sub(self.by_share()).max(1)) / f64::from(count)
    }

    /// Notes whether this one goes by its share.
    pub fn go_by_share(&self, does: bool) {
        if self.0.is_apart.swap(does, Relaxed) != does {
            self.0.changed.notify_one();
        }
    }

    /// Whether this one goes by its share.
    #[must_use]
    pub fn goes_by_share(&self) -> bool {
        self.0.is_apart.load(Relaxed)
    }

    /// Until that has changed: the others have to learn of it.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
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
        living.set(2, 0);
        assert_eq!(living.part_of(7), 3);
    }

    #[test]
    fn what_is_left_to_those_together_is_what_nobody_takes_apart() {
        let living = Living::of(3);
        assert!((living.together() - 1.0).abs() < 1e-9);
        living.set(3, 1);
        assert!((living.together() - 2.0 / 3.0).abs() < 1e-9);
        living.set(3, 3);
        assert!((living.together() - 1.0 / 3.0).abs() < 1e-9, "this one is not one of them");
    }
}
