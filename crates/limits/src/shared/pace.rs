//! Whether Redis answers soon enough to be asked, judged by its last answers.

use std::time::Duration;

use super::PATIENCE;

/// So many answers in a row that come later than requests wait are too late. A single one may only mean that this process
/// stood still.
const LATE: u32 = 2;

/// So many answers in a row, in half of that time, are quick again: a Redis at the edge is not changed to and fro.
const QUICK: u32 = 3;

/// The last answers.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    late: u32,
    quick: u32,
}

impl Pace {
    /// Notes how long an answer took.
    pub(crate) fn note(&mut self, took: Duration) {
        self.late = if took > PATIENCE { self.late.saturating_add(1) } else { 0 };
        self.quick = if took <= PATIENCE / 2 { self.quick.saturating_add(1) } else { 0 };
    }

    /// Whether requests cannot wait for answers.
    pub(crate) fn is_late(&self) -> bool {
        self.late >= LATE
    }

    /// Whether they can again.
    pub(crate) fn is_quick(&self) -> bool {
        self.quick >= QUICK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_late_answer_is_forgiven_and_one_quick_answer_is_not_enough() {
        let mut pace = Pace::default();
        let mut note = |millis: &[u64]| {
            millis.iter().for_each(|millis| pace.note(Duration::from_millis(*millis)));
            (pace.is_late(), pace.is_quick())
        };
        assert_eq!(note(&[60, 1, 60]), (false, false));
        assert_eq!(note(&[51]), (true, false));
        assert_eq!(note(&[1, 25, 40, 1, 25]), (false, false));
        assert_eq!(note(&[1]), (false, true));
    }
}
