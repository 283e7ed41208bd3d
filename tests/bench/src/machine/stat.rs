//! Processor time as the kernel counts it, in `/proc/<pid>/stat`.

use std::time::Duration;

/// The kernel shows times to programs in hundredths of a second, on every architecture.
const TICK: Duration = Duration::from_millis(10);

/// One process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) parent: u32,
    /// Time of its own.
    pub(super) own: Duration,
    /// Time of children that have ended.
    pub(super) children: Duration,
}

impl Stat {
    /// Of a process that runs.
    pub(super) fn of(process: u32) -> Option<Self> {
        Self::parse(&std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
    }

    /// The second field, the name, may hold spaces and parentheses; the fields after it are numbers.
    fn parse(text: &str) -> Option<Self> {
        let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(1);
        let parent = fields.next()?.parse().ok()?;
        let mut ticks = fields.skip(9).map_while(|field| field.parse::<u32>().ok());
        let mut two = || Some(TICK * (ticks.next()? + ticks.next()?));
        Some(Self { parent, own: two()?, children: two()? })
    }
}

/// Time of all processes on all processors since the machine started, from `/proc/stat`.
pub(super) fn everybody() -> Duration {
    let text = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    // The first line: `cpu`, then what programs used, what those used that were nice, and what the kernel used for them.
    let used = text.split_whitespace().skip(1).take(3).filter_map(|field| field.parse::<f64>().ok());
    TICK.mul_f64(used.sum())
}

/// Every process that runs.
pub(super) fn processes() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::{Duration, Stat};

    #[test]
    fn reads_past_a_name_with_parentheses() {
        let text = "42 (a) b) S 7 42 42 0 -1 4194560 1 2 3 4 150 50 7 3 20 0 1 0 99 0 0";
        let expected = Stat { parent: 7, own: Duration::from_secs(2), children: Duration::from_millis(100) };
        assert_eq!(Stat::parse(text), Some(expected));
    }

    #[test]
    fn knows_this_process() {
        assert!(Stat::of(std::process::id()).is_some());
    }
}
