//! What was measured, for people and for programs.

use std::fmt::Arguments;
use std::io::{Write, stderr, stdout};

use serde::Serialize;

use crate::arguments::Database;

pub(crate) use self::aim::{Aim, Bound};
pub(crate) use self::sample::Sample;

mod aim;
mod sample;
mod table;

/// Everything that was measured.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    measured: Vec<Measured>,
    aims: Vec<Aim>,
}

/// The median of a contender's turns.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) workload: String,
    pub(crate) database: String,
    pub(crate) contender: String,
    pub(crate) clients: usize,
    #[serde(flatten)]
    pub(crate) sample: Sample,
}

impl Report {
    /// Adds a contender.
    pub(crate) fn add(&mut self, measured: Measured) {
        progress(format_args!("  {}", table::line(&measured)));
        self.measured.push(measured);
    }

    /// Adds what was aimed for beside what came out.
    pub(crate) fn aim(&mut self, aim: Aim) {
        progress(format_args!("  {}", aim.sentence()));
        self.aims.push(aim);
    }

    /// Adds how a workload compares with its ceiling: by throughput, and by processor time, which a busy machine
    /// changes less.
    pub(crate) fn compare(&mut self, (what, database): (&str, Database), samples: &[Sample], aim: Bound) {
        let [ceiling, ours] = samples else { return };
        let rows = [
            (what.to_owned(), ours.throughput / ceiling.throughput, aim),
            (format!("{what} (by CPU)"), ceiling.cpu_us.sum() / ours.cpu_us.sum(), Bound::None),
        ];
        for (what, value, aim) in rows {
            self.aim(Aim { what, database: database.name().to_owned(), value, unit: "×", aim });
        }
    }

    /// Writes it to standard output.
    pub(crate) fn print(&self, json: bool) -> anyhow::Result<()> {
        let text = if json { serde_json::to_string_pretty(self)? } else { table::text(&self.measured, &self.aims) };
        Ok(writeln!(stdout(), "{text}")?)
    }
}

/// Tells someone who waits what happens.
pub(crate) fn progress(line: Arguments<'_>) {
    // Who cannot be told still gets the report.
    let _ = writeln!(stderr(), "{line}");
}
