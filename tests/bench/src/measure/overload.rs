//! What is left of the throughput when three times as much comes as can be answered.

use super::check::check;
use crate::arguments::{Database, Measure};
use crate::load::{Crowd, drive, drive_paced};
use crate::product::Product;
use crate::report::{Aim, Bound, Report, progress};
use crate::requests::{Directory, Kind};
use crate::seed;

/// Connections on which too much comes.
const CONNECTIONS: u64 = 768;

/// How many times as much comes as can be answered.
const FACTOR: f64 = 3.0;

/// People in the directory.
const PEOPLE: u64 = 2_000;

/// What part of the most throughput has to be left.
const AIM: Bound = Bound::AtLeast(0.8);

/// What is asked, and the numbers of clients among which the most throughput is looked for. Whole directories are read for
/// the second: so little of it is answered that three times as much really comes, and has to be refused.
const KINDS: [(Kind, [u64; 3]); 3] =
    [(Kind::ById, [16, 64, 192]), (Kind::ByTitle, [2, 8, 32]), (Kind::Patch, [16, 64, 192])];

pub(super) fn measure(measure: &Measure, database: Database, report: &mut Report) -> anyhow::Result<()> {
    let product = Product::start(measure, database, "overload")?;
    let directory = seed::directory(product.create_tenant("bench")?, PEOPLE)?;
    for (kind, clients) in KINDS {
        check(&directory, kind)?;
        let most = most(measure, &directory, kind, clients)?;
        let mut parts = Vec::new();
        for _ in 0..measure.rounds.max(1) {
            // In turns, so that a machine that becomes slower makes no difference.
            let peak = throughput(measure, &directory, kind, most.clients)?;
            let clients = (0..CONNECTIONS).map(|client| directory.requests(kind, client)).collect();
            let crowd = Crowd { address: directory.target.address, clients, per_second: FACTOR * most.peak };
            let served = drive_paced(crowd, measure.turn())?;
            parts.push(served.times.throughput() / peak);
            progress(format_args!(
                "  overload, {}: {:.0}/s of a peak of {peak:.0}/s, p50 {:.0} ms, p99 {:.0} ms, {} of {} refused",
                kind.name(),
                served.times.throughput(),
                served.times.quantile(0.5) / 1e3,
                served.times.quantile(0.99) / 1e3,
                served.refused,
                served.sent,
            ));
        }
        parts.sort_unstable_by(f64::total_cmp);
        report.aim(Aim {
            what: format!("{} at three times the capacity, of the peak", kind.name()),
            database: database.name().to_owned(),
            value: parts.get(parts.len() / 2).copied().unwrap_or_default(),
            unit: "×",
            aim: AIM,
        });
    }
    Ok(())
}

/// The most that is answered in a second, and to how many clients.
struct Most {
    clients: u64,
    peak: f64,
}

fn most(measure: &Measure, directory: &Directory, kind: Kind, clients: [u64; 3]) -> anyhow::Result<Most> {
    let mut most = Most { clients: 1, peak: 0.0 };
    for clients in clients {
        let throughput = throughput(measure, directory, kind, clients)?;
        progress(format_args!("  overload, {}: {throughput:.0}/s with {clients} clients", kind.name()));
        if throughput > most.peak {
            most = Most { clients, peak: throughput };
        }
    }
    Ok(most)
}

fn throughput(measure: &Measure, directory: &Directory, kind: Kind, clients: u64) -> anyhow::Result<f64> {
    let requests = (0..clients).map(|client| directory.requests(kind, client)).collect();
    Ok(drive(directory.target.address, requests, measure.turn())?.throughput())
}
