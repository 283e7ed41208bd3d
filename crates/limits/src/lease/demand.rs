//! How many requests are about to come, judged by those that came.

use super::Micros;

/// How far ahead is looked.
const AHEAD: f64 = 0.2;

/// How many seconds of the past count about half.
const MEMORY: f64 = 0.5;

/// More than any process serves in a moment.
const MOST: f64 = 1_000_000.0;

/// The pace of requests.
#[derive(Debug, Default)]
pub(super) struct Demand {
    per_second: f64,
    seen: Option<Micros>,
}

impl Demand {
    /// How many will come in the next moments, after so many have come since this was last asked.
    pub(super) fn ahead(&mut self, came: u32, now: Micros) -> u32 {
        if let Some(seen) = self.seen {
            // Questions that follow each other closely must not take a single request for a flood.
            let passed = (now.saturating_sub(seen) as f64 / 1e6).max(0.001);
            let weight = 1.0 - (-passed / MEMORY).exp();
            self.per_second += (f64::from(came) / passed - self.per_second) * weight;
        }
        self.seen = Some(now);
        (self.per_second * AHEAD).min(MOST) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_to_come_follows_what_came() {
        let mut demand = Demand::default();
        assert_eq!(demand.ahead(1, 0), 0);
        let after_a_second = (1..=100).map(|step| demand.ahead(5, step * 10_000)).last();
        assert!(after_a_second.is_some_and(|ahead| (80..=100).contains(&ahead)), "{after_a_second:?}");
        let quiet = demand.ahead(0, 5_000_000);
        assert!(quiet < 5, "{quiet}");
    }
}
