//! Memory of the server: when nothing was asked yet, and whether it grows under load.

use std::time::Duration;

use crate::arguments::{Database, Measure};
use crate::load::{Dice, Requests, drive};
use crate::machine::Memory;
use crate::product::Product;
use crate::report::{Aim, Bound, Report, progress};
use crate::requests::{Directory, Kind};
use crate::seed;

/// Megabytes that an idle server may use.
const IDLE: Bound = Bound::AtMost(40.0);
/// Megabytes of growth that are the allocator's, and no leak.
const GROWTH: Bound = Bound::AtMost(2.0);
/// People in the directory: enough for every cache to be filled before the load begins.
const PEOPLE: u64 = 5_000;
/// The load is cut into so many pieces; memory is read after each.
const PIECES: u32 = 10;
/// Kinds of requests, in turn.
const KINDS: [Kind; 6] =
    [Kind::ById, Kind::ByUserName, Kind::ByExternalId, Kind::ByEmail, Kind::Patch, Kind::PageAfter(100)];

pub(super) fn measure(measure: &Measure, database: Database, report: &mut Report) -> anyhow::Result<()> {
    let product = Product::start(measure, database, "memory")?;
    let mut tell = |what: &str, value: f64, aim: Bound| {
        let (what, database) = (format!("memory, {what}"), database.name().to_owned());
        report.aim(Aim { what, database, value, unit: "MB", aim });
    };
    tell("idle", Memory::of(product.id())?.resident, IDLE);
    let directory = seed::directory(product.create_tenant("bench")?, PEOPLE)?;
    tell("after 5,000 users were created", Memory::of(product.id())?.resident, Bound::None);
    let piece = Duration::from_secs_f64(measure.minutes * 60.0) / PIECES;
    let mut readings = Vec::new();
    for number in 0..=PIECES {
        load(measure, &directory, piece, number)?;
        let memory = Memory::of(product.id())?;
        progress(format_args!("  memory: {:.1} MB, {:.1} MB of it anonymous", memory.resident, memory.anonymous));
        readings.push(memory.resident);
    }
    if let [warm, .., end] = readings.as_slice() {
        tell(&format!("growth over a load of {} minutes", measure.minutes), end - warm, GROWTH);
        tell("loaded", *end, Bound::None);
    }
    Ok(())
}

fn load(measure: &Measure, directory: &Directory, piece: Duration, number: u32) -> anyhow::Result<()> {
    let clients =
        (0..measure.clients as u64).map(|client| mixed(directory, client + 100 * u64::from(number))).collect();
    drive(directory.target.address, clients, piece).map(drop)
}

/// Every kind of request, at random.
fn mixed(directory: &Directory, client: u64) -> Requests {
    let mut dice = Dice::new(client);
    let mut kinds = KINDS.map(|kind| directory.requests(kind, client));
    Box::new(move |request| {
        let kind = usize::try_from(dice.below(KINDS.len() as u64)).unwrap_or_default();
        kinds.get_mut(kind).map_or(crate::load::Counts::No, |requests| requests(request))
    })
}
