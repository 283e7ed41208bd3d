//! How fast a store gets what has waited for it, and what memory that takes.

use std::time::{Duration, Instant};

use crate::arguments::{Database, Measure};
use crate::machine::{Memory, Meter};
use crate::product::{Installed, Product};
use crate::report::{Aim, Bound, Report, progress};
use crate::seed;
use crate::stores::{Added, Address, Destination, Filled, Seen, Tables, fill};

/// Events a second for stores in SQL.
const FAST: Bound = Bound::AtLeast(20_000.0);
/// Megabytes by which the resident set may be larger than that of the server that waits.
const GROWTH: Bound = Bound::AtMost(64.0);
/// People whose events are copied for the others; each is created and changed once. More would have numbers that are not copied
/// rightly ([`fill`]).
const PEOPLE: u64 = 500;
const TENANT: &str = "backlog";
/// How often memory and progress are read.
const LOOK: Duration = Duration::from_millis(25);
/// How long the server is left alone before its memory is read.
const REST: Duration = Duration::from_secs(2);
/// How long nothing may come before the server counts as hung.
const PATIENCE: Duration = Duration::from_secs(120);
/// A webhook that gets an event a request gets only one in so many: it would take very long, and tell nothing more.
const SINGLE: u64 = 10;

/// The tables of a store, once it has made them.
#[derive(Default)]
struct Progress(Option<Tables>);

pub(super) fn measure(measure: &Measure, database: Database, report: &mut Report) -> anyhow::Result<()> {
    let product = Product::start(measure, database, TENANT)?;
    let target = product.create_tenant(TENANT)?;
    let mut added = Vec::new();
    for destination in super::DESTINATIONS {
        let store = Added::new(&product, &measure.places, TENANT, destination)?;
        store.pause(&product)?;
        added.push(store);
    }
    let directory = seed::directory(target, PEOPLE)?;
    seed::change(&directory, PEOPLE)?;
    let mut installed = product.stop();
    progress(format_args!("filling the event log with {} events, on {}", measure.events, database.name()));
    let filled = fill(&installed.url, TENANT, measure.events)?;
    for store in added {
        installed = one(measure, (database, installed), (&store, filled), report)?;
    }
    Ok(())
}

/// Lets one store come back, in a server that has just been started.
fn one(
    measure: &Measure,
    (database, installed): (Database, Installed),
    (store, filled): (&Added, Filled),
    report: &mut Report,
) -> anyhow::Result<Installed> {
    let product = installed.start()?;
    std::thread::sleep(REST);
    let idle = Memory::of(product.id())?.resident;
    let postmaster = measure.places.postmaster;
    let meter = Meter { server: Some(product.id()), postmaster: Some(postmaster) };
    let wanted = if store.destination == Destination::Webhook { filled.events / SINGLE } else { filled.events };
    let mut come = Progress::default();
    let (before, start) = (meter.read(), Instant::now());
    store.resume(&product)?;
    let (taken, peak) = watch(&product, (store, &mut come), (wanted, filled))?;
    let elapsed = start.elapsed();
    let spent = meter.read().since(before);
    store.pause(&product)?;
    if let Some(tables) = &mut come.0 {
        let (events, users) = tables.count()?;
        let whole = (filled.events, filled.events / 2);
        anyhow::ensure!((events, users) == whole, "the store has {events} events and {users} users of {whole:?}");
    }
    let name = store.destination.name();
    let mut tell = |what: &str, value: f64, unit: &'static str, aim: Bound| {
        let what = format!("{name}, backlog of {}, {what}", filled.events);
        report.aim(Aim { what, database: database.name().to_owned(), value, unit, aim });
    };
    let each = |time: Duration| time.as_secs_f64() * 1e6 / taken.max(1) as f64;
    let is_sql = matches!(store.seen, Seen::Tables(_));
    tell("taken", taken as f64 / elapsed.as_secs_f64(), "/s", if is_sql { FAST } else { Bound::None });
    tell("memory, idle", idle, "MB", Bound::None);
    tell("memory, growth at most", peak - idle, "MB", GROWTH);
    tell("CPU of the server", each(spent.server), "µs", Bound::None);
    tell("CPU of PostgreSQL", each(spent.database), "µs", Bound::None);
    tell("others", spent.disturbance(elapsed), "%", Bound::None);
    Ok(product.stop())
}

/// Waits until a store has had so many events, and reads the memory of the server meanwhile. Gives how many it has had, and the
/// most memory.
fn watch(
    product: &Product,
    (store, come): (&Added, &mut Progress),
    (wanted, filled): (u64, Filled),
) -> anyhow::Result<(u64, f64)> {
    let (mut peak, mut known, mut moved) = (0.0_f64, 0, Instant::now());
    loop {
        let taken = come.count(store, filled)?;
        peak = peak.max(Memory::of(product.id())?.resident);
        if taken >= wanted {
            return Ok((taken, peak));
        }
        if taken > known {
            (known, moved) = (taken, Instant::now());
        }
        anyhow::ensure!(moved.elapsed() < PATIENCE, "of {wanted} events {known} have come, and no more come");
        std::thread::sleep(LOOK);
    }
}

impl Progress {
    /// How many events of users have come. The last number tells it of tables: what is between the first and the last of them
    /// and is of no user is passed over, and what there is is counted at the end.
    fn count(&mut self, store: &Added, filled: Filled) -> anyhow::Result<u64> {
        match &store.seen {
            Seen::Receiver(receiver) => receiver.arrivals.count(),
            Seen::Tables(address) => match self.position(address)? {
                None => Ok(0),
                Some(position) => Ok(filled.events.saturating_sub(u64::try_from(filled.newest - position)?)),
            },
        }
    }

    fn position(&mut self, address: &Address) -> anyhow::Result<Option<i64>> {
        if let Some(tables) = &mut self.0 {
            return tables.position().map(Some);
        }
        let opened = Tables::open(address).and_then(|mut tables| Ok((tables.position()?, tables)));
        // The store makes them with the first event.
        let Ok((position, tables)) = opened else { return Ok(None) };
        self.0 = Some(tables);
        Ok(Some(position))
    }
}
