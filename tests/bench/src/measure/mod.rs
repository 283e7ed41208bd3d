//! What is run, in which order, beside what.

use crate::arguments::{Database, Measure, Workload};
use crate::product::Product;
use crate::report::{Report, progress};
use crate::requests::Directory;
use crate::{pgbench, seed};

mod check;
mod contest;
mod discovery;
mod fairness;
mod may_act;
mod members;
mod memory;
mod overload;
mod pages;
mod shared;
mod sizes;
mod stores;

/// Users of the small directory.
const FEW: u64 = 1_000;

/// Runs what was asked for and prints it.
pub(crate) fn run(measure: &Measure) -> anyhow::Result<()> {
    let mut report = Report::default();
    if shared::asked(measure) {
        progress(format_args!("filling the tables of the ceilings"));
        pgbench::prepare(&measure.places, measure.users)?;
    }
    for database in &measure.databases {
        on(measure, *database, &mut report)?;
    }
    report.print(measure.json)
}

/// A server with a directory in it.
struct Filled {
    product: Product,
    directory: Directory,
}

impl Filled {
    fn start(measure: &Measure, database: Database, name: &str, users: u64) -> anyhow::Result<Self> {
        progress(format_args!("filling a directory with {users} users, on {}", database.name()));
        let product = Product::start(measure, database, name)?;
        let directory = seed::directory(product.create_tenant("bench")?, users)?;
        if database == Database::Postgres {
            pgbench::settle(&measure.places, &format!("tenantry_{name}"))?;
        }
        Ok(Self { product, directory })
    }
}

fn on(measure: &Measure, database: Database, report: &mut Report) -> anyhow::Result<()> {
    if measure.wants(Workload::Discovery) {
        discovery::measure(measure, database, report)?;
    }
    if measure.wants(Workload::Memory) {
        memory::measure(measure, database, report)?;
    }
    if measure.wants(Workload::Fairness) {
        fairness::measure(measure, database, report)?;
    }
    if measure.wants(Workload::MayAct) {
        may_act::measure(measure, database, report)?;
    }
    if measure.wants(Workload::Overload) {
        overload::measure(measure, database, report)?;
    }
    if measure.wants(Workload::Stores) {
        stores::measure(measure, database, report)?;
    }
    if shared::asked(measure) || measure.wants(Workload::Sizes) || measure.wants(Workload::Members) {
        let large = Filled::start(measure, database, "large", measure.users)?;
        shared::measure(measure, database, &large, report)?;
        if measure.wants(Workload::Pages) {
            pages::measure(measure, database, &large, report)?;
        }
        if measure.wants(Workload::Sizes) {
            let small = Filled::start(measure, database, "small", FEW)?;
            sizes::measure(measure, database, [&small, &large], report)?;
        }
        if measure.wants(Workload::Members) {
            members::measure(measure, database, &large, report)?;
        }
    }
    Ok(())
}
