//! How long answers took.

use std::time::Duration;

use super::Counts;

/// The recorded times of a turn.
#[derive(Debug, Default)]
pub(crate) struct Times {
    nanoseconds: Vec<u32>,
    exchanges: u64,
    elapsed: Duration,
}

impl Times {
    /// Adds one exchange.
    pub(super) fn record(&mut self, counts: Counts, time: Duration) {
        self.exchanges += 1;
        if counts == Counts::Yes {
            self.nanoseconds.push(u32::try_from(time.as_nanos()).unwrap_or(u32::MAX));
        }
    }

    /// Adds those of another client.
    pub(super) fn add(&mut self, other: Self) {
        self.exchanges += other.exchanges;
        self.nanoseconds.extend(other.nanoseconds);
    }

    /// Takes them as the times of one turn of this length.
    pub(super) fn finish(&mut self, elapsed: Duration) {
        self.elapsed = elapsed;
        self.nanoseconds.sort_unstable();
    }

    /// From times in microseconds that another program measured.
    pub(crate) fn of_microseconds(times: impl Iterator<Item = f64>) -> Self {
        let mut own = Self::default();
        for time in times {
            own.record(Counts::Yes, Duration::from_secs_f64(time / 1e6));
        }
        own.finish(Duration::ZERO);
        own
    }

    /// The time that this part of the answers kept to, in microseconds.
    pub(crate) fn quantile(&self, part: f64) -> f64 {
        let last = self.nanoseconds.len().saturating_sub(1);
        let index = (last as f64 * part).round() as usize;
        self.nanoseconds.get(index).map_or(0.0, |time| f64::from(*time) / 1e3)
    }

    /// Measured answers in a second.
    pub(crate) fn throughput(&self) -> f64 {
        self.nanoseconds.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// Every exchange, also those that were not measured.
    pub(crate) const fn exchanges(&self) -> u64 {
        self.exchanges
    }
}

#[cfg(test)]
mod tests {
    use super::Times;

    #[test]
    fn quantiles_are_times_that_were_measured() {
        let times = Times::of_microseconds((1..=101).rev().map(f64::from));
        assert!((times.quantile(0.5) - 51.0).abs() < 0.01);
        assert!((times.quantile(0.99) - 100.0).abs() < 0.01);
        assert!((times.quantile(1.0) - 101.0).abs() < 0.01);
    }

    #[test]
    fn nothing_measured_is_no_time() {
        assert!(Times::default().quantile(0.5).abs() < f64::EPSILON);
    }
}
