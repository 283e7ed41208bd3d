//! The numbers of one turn, and the median of several.

use std::time::Duration;

use serde::Serialize;

use crate::load::Times;
use crate::machine::Spent;

/// The numbers of a turn.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Sample {
    /// Answers in a second.
    pub(crate) throughput: f64,
    /// Half of the answers took at most this, in microseconds.
    pub(crate) p50_us: f64,
    /// All but one in a hundred took at most this, in microseconds.
    pub(crate) p99_us: f64,
    /// Microseconds of processor time for a request.
    pub(crate) cpu_us: Cpu,
    /// What part of the machine other processes used meanwhile, in percent.
    pub(crate) others_percent: f64,
}

/// Processor time by who used it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Cpu {
    pub(crate) server: f64,
    pub(crate) database: f64,
    pub(crate) driver: f64,
}

impl Cpu {
    /// Everybody's.
    pub(crate) fn sum(self) -> f64 {
        self.server + self.database + self.driver
    }

    /// What each of so many requests used.
    fn per_request(spent: Spent, requests: u64) -> Self {
        let each = |time: Duration| time.as_secs_f64() * 1e6 / requests.max(1) as f64;
        Self { server: each(spent.server), database: each(spent.database), driver: each(spent.driver) }
    }
}

impl Sample {
    /// From the times of a turn, what was used in it for so many requests, and how long it took.
    pub(crate) fn new(throughput: f64, times: &Times, (spent, requests): (Spent, u64), elapsed: Duration) -> Self {
        Self {
            throughput,
            p50_us: times.quantile(0.5),
            p99_us: times.quantile(0.99),
            cpu_us: Cpu::per_request(spent, requests),
            others_percent: spent.disturbance(elapsed),
        }
    }

    /// The median of each number.
    pub(crate) fn median(turns: &[Self]) -> Self {
        let of = |value: fn(&Self) -> f64| {
            let mut values: Vec<f64> = turns.iter().map(value).collect();
            values.sort_unstable_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or_default()
        };
        Self {
            throughput: of(|turn| turn.throughput),
            p50_us: of(|turn| turn.p50_us),
            p99_us: of(|turn| turn.p99_us),
            cpu_us: Cpu {
                server: of(|turn| turn.cpu_us.server),
                database: of(|turn| turn.cpu_us.database),
                driver: of(|turn| turn.cpu_us.driver),
            },
            others_percent: of(|turn| turn.others_percent),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Sample;

    #[test]
    fn the_median_forgets_a_disturbed_turn() {
        let turns = [90.0, 3.0, 100.0].map(|throughput| Sample { throughput, ..Sample::default() });
        assert!((Sample::median(&turns).throughput - 90.0).abs() < f64::EPSILON);
    }
}
