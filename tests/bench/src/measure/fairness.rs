//! What ten tenants notice when another one asks ten times as often as it may.

use std::thread;
use std::time::Duration;

use crate::arguments::{Database, Measure};
use crate::load::{Crowd, Served, drive_paced};
use crate::product::Product;
use crate::report::{Aim, Bound, Report, progress};
use crate::requests::{Directory, Kind};
use crate::seed;

/// The tenants whose answers are timed, and how often each of them asks.
const OTHERS: usize = 10;
const PER_SECOND: f64 = 50.0;

/// What the flooding tenant may ask, how often it does, and on how many connections.
const LIMIT: u32 = 100;
const FLOOD: f64 = 10.0 * LIMIT as f64;
const CONNECTIONS: u64 = 16;

/// So many times its limit have to be sent: the last requests of a turn are not.
const ENOUGH: f64 = 9.0;

/// What it asks for: what costs least, and what the database has to scan the directory for.
const FLOODS: [Kind; 2] = [Kind::ById, Kind::ByTitle];

/// People of each tenant.
const PEOPLE: u64 = 200;

/// How many times as long an answer may take, for all but one in a hundred.
const AIM: Bound = Bound::AtMost(1.1);

/// A p99 of one turn says little; the median of many does.
const MORE: usize = 5;

pub(super) fn measure(measure: &Measure, database: Database, report: &mut Report) -> anyhow::Result<()> {
    FLOODS.into_iter().enumerate().try_for_each(|(number, kind)| beside((number, kind), measure, database, report))
}

/// Beside a flood of one kind.
fn beside(
    (number, kind): (usize, Kind),
    measure: &Measure,
    database: Database,
    report: &mut Report,
) -> anyhow::Result<()> {
    let product = Product::start(measure, database, &format!("fairness{number}"))?;
    let others = (0..OTHERS)
        .map(|number| seed::directory(product.create_tenant(&format!("other{number}"))?, PEOPLE))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let filled = seed::directory(product.create_tenant("flood")?, PEOPLE)?;
    product.limit_tenant("flood", LIMIT)?;
    let turn = measure.turn();
    quiet(&others, turn / 2, 0)?;
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for round in 1..=measure.rounds.max(1) * MORE {
        alone.push(quiet(&others, turn, 2 * round)?.times.quantile(0.99));
        let (served, flood) = thread::scope(|scope| {
            let flood = scope.spawn(|| flood(&filled, kind, turn));
            (quiet(&others, turn, 2 * round + 1), flood.join())
        });
        beside.push(served?.times.quantile(0.99));
        let flood = flood.map_err(|_| anyhow::anyhow!("the flood broke off"))??;
        check_flood(&flood, turn)?;
        progress(format_args!(
            "  fairness, {}: p99 {:.0} µs without, {:.0} µs beside a flood of which {} were let in and {} refused",
            kind.name(),
            alone.last().copied().unwrap_or_default(),
            beside.last().copied().unwrap_or_default(),
            flood.times.exchanges(),
            flood.refused
        ));
    }
    let (alone, beside) = (median(alone), median(beside));
    let mut tell = |what: &str, value, unit, aim| {
        report.aim(Aim {
            what: format!("{what} ({})", kind.name()),
            database: database.name().to_owned(),
            value,
            unit,
            aim,
        });
    };
    tell("p99 of ten tenants, alone", alone / 1e3, "ms", Bound::None);
    tell("p99 of ten tenants, beside a flood", beside / 1e3, "ms", Bound::None);
    tell("p99 beside a flood, of that alone", beside / alone, "×", AIM);
    Ok(())
}

/// The tenants that keep to what they may.
fn quiet(others: &[Directory], turn: Duration, round: usize) -> anyhow::Result<Served> {
    let Some(first) = others.first() else { return Ok(Served::default()) };
    let clients = (round as u64..).zip(others).map(|(client, directory)| directory.requests(Kind::ById, client));
    let served = drive_paced(
        Crowd {
            address: first.target.address,
            clients: clients.collect(),
            per_second: PER_SECOND * others.len() as f64,
        },
        turn,
    )?;
    anyhow::ensure!(
        served.refused == 0,
        "{} requests of tenants that keep to their limits were refused",
        served.refused
    );
    Ok(served)
}

fn flood(directory: &Directory, kind: Kind, turn: Duration) -> anyhow::Result<Served> {
    let clients = (0..CONNECTIONS).map(|client| directory.requests(kind, client)).collect();
    drive_paced(Crowd { address: directory.target.address, clients, per_second: FLOOD }, turn)
}

/// Nothing is shown beside a flood that was none.
fn check_flood(flood: &Served, turn: Duration) -> anyhow::Result<()> {
    let least = ENOUGH * f64::from(LIMIT) * turn.as_secs_f64();
    anyhow::ensure!(flood.sent as f64 >= least, "the flood was {} requests, of {least:.0} at least", flood.sent);
    anyhow::ensure!(flood.refused > 0, "nothing of the flood was refused");
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_that_was_none_shows_nothing() {
        let turn = Duration::from_secs(10);
        let check = |sent, refused| check_flood(&Served { sent, refused, ..Served::default() }, turn).is_ok();
        assert!(check(9_900, 8_700));
        assert!(!check(8_000, 6_900), "too few");
        assert!(!check(9_900, 0), "none was refused");
    }
}
