//! A page far into the list beside the first one.

use super::Filled;
use super::contest::{Contender, Contest};
use crate::arguments::{Database, Measure};
use crate::report::{Aim, Bound, Report, Sample};
use crate::requests::Kind;

/// How many times as much a deep page may cost.
const AIM: Bound = Bound::AtMost(2.0);

pub(super) fn measure(
    measure: &Measure,
    database: Database,
    large: &Filled,
    report: &mut Report,
) -> anyhow::Result<()> {
    for clients in [1, measure.clients] {
        let samples = hold(measure, database, large, clients, report)?;
        if let [first, deep, ..] = samples.as_slice() {
            report.aim(Aim {
                what: format!("deep page, of the first (p50, {clients} clients)"),
                database: database.name().to_owned(),
                value: deep.p50_us / first.p50_us,
                unit: "×",
                aim: AIM,
            });
        }
    }
    Ok(())
}

fn hold(
    measure: &Measure,
    database: Database,
    large: &Filled,
    clients: usize,
    report: &mut Report,
) -> anyhow::Result<Vec<Sample>> {
    let contest = Contest { measure, workload: "pages", database };
    let contender = |kind: Kind| anyhow::Ok(Contender::about_people(&contest, large, kind)?.with(kind.name(), clients));
    let deep = Kind::PageAfter(measure.users / 10 * 9);
    let ceiling = |script| Contender::ceiling(&contest, script).with(format!("pgbench, {script}"), clients);
    let ours = [contender(Kind::PageAfter(0))?, contender(deep)?];
    let contenders: Vec<_> = ours.into_iter().chain(["first-page", "deep-page"].map(ceiling)).collect();
    contest.hold(&contenders, report)
}
