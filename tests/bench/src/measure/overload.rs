//! What is left of the throughput when three times as much comes as can be answered.

use super::check::check;
use crate::arguments::{Database, Measure};
use crate::load::{Crowd, Served, drive, drive_paced};
use crate::product::Product;
use crate::report::{Aim, Bound, Report, progress};
use crate::requests::{Directory, Kind};
use crate::seed;

/// Connections on which too much comes.
const CONNECTIONS: u64 = 768;

/// How many times as much comes as can be answered.
const FACTOR: f64 = 3.0;

/// So much of it has to come: the last requests of a turn are not sent.
const ENOUGH: f64 = 2.9;

/// Where the connections do not carry it, nearly all of them wait all the time.
const ALL_LATE: f64 = 0.9;

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
        let (mut parts, mut offers) = (Vec::new(), Vec::new());
        for _ in 0..measure.rounds.max(1) {
            // In turns, so that a machine that becomes slower makes no difference.
            let peak = throughput(measure, &directory, kind, most.clients)?;
            let clients = (0..CONNECTIONS).map(|client| directory.requests(kind, client)).collect();
            let crowd = Crowd { address: directory.target.address, clients, per_second: FACTOR * most.peak };
            let served = drive_paced(crowd, measure.turn())?;
            parts.push(served.times.throughput() / peak);
            let offer = Offer::of(&served, most.peak, measure.turn().as_secs_f64());
            offer.check(kind)?;
            offers.push(offer.offered);
            progress(format_args!(
                "  overload, {}: offered {:.2} times the peak ({:.0} % of it late), {:.0}/s served of a peak of {peak:.0}/s, \
                 p50 {:.0} ms, p99 {:.0} ms, {} of {} refused",
                kind.name(),
                offer.offered,
                offer.late * 100.0,
                served.times.throughput(),
                served.times.quantile(0.5) / 1e3,
                served.times.quantile(0.99) / 1e3,
                served.refused,
                served.sent,
            ));
        }
        offers.sort_unstable_by(f64::total_cmp);
        report.aim(Aim {
            what: format!("{} offered, of the peak", kind.name()),
            database: database.name().to_owned(),
            value: offers.get(offers.len() / 2).copied().unwrap_or_default(),
            unit: "×",
            aim: if carries_all(kind) { Bound::AtLeast(ENOUGH) } else { Bound::None },
        });
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

/// Whether the connections carry three times the capacity: what is slow is refused so early that they are free again.
fn carries_all(kind: Kind) -> bool {
    matches!(kind, Kind::ByTitle)
}

/// What really came.
#[derive(Clone, Copy, Debug)]
struct Offer {
    /// What was sent, as so many times the most that is answered.
    offered: f64,
    /// The part of it whose client was still waiting when it was due.
    late: f64,
}

impl Offer {
    fn of(served: &Served, peak: f64, seconds: f64) -> Self {
        let sent = served.sent as f64;
        Self { offered: sent / seconds / peak, late: served.late as f64 / sent.max(1.0) }
    }

    /// Otherwise the measurement says nothing: three times the capacity has come, or all connections were waiting all the
    /// time, so that no more could.
    fn check(self, kind: Kind) -> anyhow::Result<()> {
        let is_full = !carries_all(kind) && self.late >= ALL_LATE;
        anyhow::ensure!(
            self.offered >= ENOUGH || is_full,
            "{}: only {:.2} times the capacity was offered, and {:.0} % of it late: this is no overload",
            kind.name(),
            self.offered,
            self.late * 100.0
        );
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_overload_is_an_error() {
        let check = |offered, late, kind| Offer { offered, late }.check(kind).is_ok();
        assert!(check(3.0, 0.0, Kind::ByTitle) && check(2.95, 0.5, Kind::ById));
        assert!(!check(2.0, 0.99, Kind::ByTitle), "it is refused early, so all of it can come");
        assert!(check(1.2, 0.99, Kind::ById), "every connection waits");
        assert!(!check(1.2, 0.5, Kind::ById), "the driver was too slow");
    }
}
