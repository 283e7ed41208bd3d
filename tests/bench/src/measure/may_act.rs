//! `GET /may-act?id=…`, as an application asks before what its users do: how long it takes while changes come.

use crate::arguments::{Database, Measure};
use crate::load::{Counts, Crowd, Dice, Requests, drive_paced};
use crate::machine::free_port;
use crate::product::Product;
use crate::report::{Aim, Bound, Report};
use crate::requests::Directory;
use crate::seed;
use crate::target::Target;

/// Connections of the application, and how often it asks.
const CONNECTIONS: u64 = 8;
const PER_SECOND: f64 = 500.0;
/// People that it asks about.
const PEOPLE: u64 = 1_000;
/// Milliseconds for all but one in a hundred.
const AIM: Bound = Bound::AtMost(5.0);

pub(super) fn measure(measure: &Measure, database: Database, report: &mut Report) -> anyhow::Result<()> {
    let feed = std::net::SocketAddr::from(([127, 0, 0, 1], free_port()));
    let mut fed = measure.clone();
    fed.settings.push(format!("TENANTRY_STORES__LISTEN={feed}"));
    let product = Product::start(&fed, database, "mayact")?;
    let directory = seed::directory(product.create_tenant("bench")?, PEOPLE)?;
    let target = Target::new(feed, "", &product.issue_store_token("bench")?);
    let ask = |client| questions(&target, &directory, client);
    let mut times = Vec::new();
    for round in 0..=measure.rounds.max(1) {
        let crowd = Crowd { address: feed, clients: (0..CONNECTIONS).map(ask).collect(), per_second: PER_SECOND };
        let served = drive_paced(crowd, if round == 0 { measure.turn() / 4 } else { measure.turn() })?;
        anyhow::ensure!(served.refused == 0, "{} questions were refused", served.refused);
        if round > 0 {
            times.push(served.times.quantile(0.99));
        }
    }
    times.sort_unstable_by(f64::total_cmp);
    let p99 = times.get(times.len() / 2).copied().unwrap_or_default() / 1e3;
    let what = format!("p99 of may-act, {PER_SECOND} a second");
    report.aim(Aim { what, database: database.name().to_owned(), value: p99, unit: "ms", aim: AIM });
    Ok(())
}

fn questions(target: &Target, directory: &Directory, client: u64) -> Requests {
    let (target, directory, mut dice) = (target.clone(), directory.clone(), Dice::new(client));
    Box::new(move |request| {
        let number = dice.below(directory.users());
        target.get(request, format_args!("/may-act?id={}", directory.id(number)));
        Counts::Yes
    })
}
