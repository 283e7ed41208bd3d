//! What reaches stores: how soon, and how fast after they were away.

use crate::arguments::{Database, Measure};
use crate::report::Report;
use crate::stores::Destination;

mod backlog;
mod lag;

/// All that are measured.
const DESTINATIONS: [Destination; 4] =
    [Destination::Sqlite, Destination::Postgres, Destination::Webhook, Destination::Batched];

pub(super) fn measure(measure: &Measure, database: Database, report: &mut Report) -> anyhow::Result<()> {
    lag::measure(measure, database, report)?;
    backlog::measure(measure, database, report)
}
