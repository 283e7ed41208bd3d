//! Who used the processors during a turn.

use std::time::Duration;

use super::stat::{Stat, everybody, processes};

/// The processes to watch.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meter {
    /// The server under test, or the bare one.
    pub(crate) server: Option<u32>,
    /// The process that started PostgreSQL's others, if the server uses it.
    pub(crate) postmaster: Option<u32>,
}

/// Processor time, by who used it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    pub(crate) server: Duration,
    pub(crate) database: Duration,
    /// This program, and `pgbench`.
    pub(crate) driver: Duration,
    /// Every process of the machine.
    everybody: Duration,
}

impl Meter {
    /// What was used so far.
    pub(crate) fn read(self) -> Spent {
        Spent {
            server: self.server.and_then(Stat::of).map_or(Duration::ZERO, |stat| stat.own),
            database: self.postmaster.map_or(Duration::ZERO, family),
            driver: Stat::of(std::process::id()).map_or(Duration::ZERO, |stat| stat.own + stat.children),
            everybody: everybody(),
        }
    }
}

impl Spent {
    /// What was used since an earlier reading.
    pub(crate) const fn since(self, earlier: Self) -> Self {
        Self {
            server: self.server.saturating_sub(earlier.server),
            database: self.database.saturating_sub(earlier.database),
            driver: self.driver.saturating_sub(earlier.driver),
            everybody: self.everybody.saturating_sub(earlier.everybody),
        }
    }

    /// What part of the machine went to processes that have nothing to do with the measurement, in percent.
    pub(crate) fn disturbance(self, elapsed: Duration) -> f64 {
        let processors = std::thread::available_parallelism().map_or(1.0, |count| count.get() as f64);
        let others = self.everybody.saturating_sub(self.server + self.database + self.driver);
        100.0 * others.as_secs_f64() / (elapsed.as_secs_f64() * processors)
    }
}

/// A process with its children, also those that have ended.
fn family(parent: u32) -> Duration {
    let own = Stat::of(parent).map_or(Duration::ZERO, |stat| stat.own + stat.children);
    let children = processes().filter_map(Stat::of).filter(|stat| stat.parent == parent);
    own + children.map(|stat| stat.own).sum::<Duration>()
}
