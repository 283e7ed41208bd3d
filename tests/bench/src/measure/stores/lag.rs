//! How long after its commit an event is in a store, while changes come at an even pace.

use std::time::{Duration, Instant};

use crate::arguments::{Database, Measure};
use crate::load::{Crowd, Times, drive_paced};
use crate::machine::{Meter, Spent};
use crate::product::Product;
use crate::report::{Aim, Bound, Measured, Report, Sample, progress};
use crate::requests::{Directory, Kind};
use crate::seed;
use crate::stores::{Added, Arrivals, Destination, Seen, Watch};

/// Changes a second.
const PER_SECOND: f64 = 500.0;
/// People of each tenant.
const PEOPLE: u64 = 1_000;
/// Milliseconds that all but one event in a hundred may take.
const AIM: Bound = Bound::AtMost(100.0);
/// A turn has to be long enough for a p99 that means something.
const LONGER: u32 = 4;
/// Changes before the first turn.
const WARM_UP: Duration = Duration::from_secs(1);

/// What comes to a store.
struct Course<'a> {
    directory: &'a Directory,
    arrivals: &'a Arrivals,
    meter: Meter,
    clients: usize,
    /// How many events have come so far.
    come: u64,
}

pub(super) fn measure(measure: &Measure, database: Database, report: &mut Report) -> anyhow::Result<()> {
    let product = Product::start(measure, database, "lag")?;
    for (destination, tenant) in super::DESTINATIONS.into_iter().zip(["lag1", "lag2", "lag3", "lag4"]) {
        if destination != Destination::Batched {
            one(measure, (database, &product), (destination, tenant), report)?;
        }
    }
    Ok(())
}

fn one(
    measure: &Measure,
    (database, product): (Database, &Product),
    (destination, tenant): (Destination, &'static str),
    report: &mut Report,
) -> anyhow::Result<()> {
    let directory = seed::directory(product.create_tenant(tenant)?, PEOPLE)?;
    let added = Added::new(product, &measure.places, tenant, destination)?;
    // With the first event the tables come.
    seed::change(&directory, 1)?;
    let watch = match &added.seen {
        Seen::Tables(address) => Some(Watch::start(address)?),
        Seen::Receiver(_) => None,
    };
    let arrivals = match (&added.seen, &watch) {
        (Seen::Receiver(receiver), _) => &receiver.arrivals,
        (Seen::Tables(_), Some(watch)) => &watch.arrivals,
        (Seen::Tables(_), None) => return Ok(()),
    };
    let postmaster = measure.places.postmaster;
    let meter = Meter { server: Some(product.id()), postmaster: Some(postmaster) };
    let mut course = Course { directory: &directory, arrivals, meter, clients: measure.clients, come: 1 };
    course.turn(0, WARM_UP)?;
    let samples = (1..=measure.rounds.max(1)).map(|round| course.turn(round, measure.turn() * LONGER));
    let sample = Sample::median(&samples.collect::<anyhow::Result<Vec<_>>>()?);
    let what = format!("{}, p99 from commit to applied, at {PER_SECOND}/s", destination.name());
    let (value, name) = (sample.p99_us / 1e3, database.name().to_owned());
    report.add(Measured {
        workload: "stores".to_owned(),
        database: name.clone(),
        contender: format!("lag, {}", destination.name()),
        clients: measure.clients,
        sample,
    });
    report.aim(Aim { what, database: name, value, unit: "ms", aim: AIM });
    Ok(())
}

impl Course<'_> {
    /// Changes at an even pace; waits until all of them have come.
    fn turn(&mut self, round: usize, turn: Duration) -> anyhow::Result<Sample> {
        let clients = (0..self.clients as u64).map(|client| client + 1_000 * round as u64);
        let clients = clients.map(|client| self.directory.requests(Kind::Patch, client)).collect();
        let (before, start) = (self.meter.read(), Instant::now());
        let crowd = Crowd { address: self.directory.target.address, clients, per_second: PER_SECOND };
        let served = drive_paced(crowd, turn)?;
        anyhow::ensure!(served.refused == 0, "{} changes were refused", served.refused);
        self.come += served.times.exchanges();
        self.arrivals.wait(self.come)?;
        let (spent, elapsed) = (self.meter.read().since(before), start.elapsed());
        Ok(self.sample(served.times.throughput(), spent, elapsed))
    }

    fn sample(&self, throughput: f64, spent: Spent, elapsed: Duration) -> Sample {
        let lags: Times = self.arrivals.take_lags();
        let (p50, p99, longest) = (lags.quantile(0.5) / 1e3, lags.quantile(0.99) / 1e3, lags.quantile(1.0) / 1e3);
        progress(format_args!("  lag at {throughput:.0}/s: p50 {p50:.1} ms, p99 {p99:.1} ms, longest {longest:.1} ms"));
        Sample::new(throughput, &lags, (spent, lags.exchanges()), elapsed)
    }
}
