//! The workloads that have a ceiling in SQL.

use super::Filled;
use super::contest::{Contender, Contest};
use crate::arguments::{Database, Measure, Workload};
use crate::report::{Bound, Report};
use crate::requests::{Kind, create};

/// The workloads about people that are there, with the part of the ceiling that is aimed for on PostgreSQL.
const READS_AND_PATCH: [(Workload, Kind, Bound); 5] = [
    (Workload::ById, Kind::ById, Bound::AtLeast(0.5)),
    (Workload::ByUserName, Kind::ByUserName, Bound::AtLeast(0.4)),
    (Workload::ByExternalId, Kind::ByExternalId, Bound::None),
    (Workload::ByEmail, Kind::ByEmail, Bound::None),
    (Workload::Patch, Kind::Patch, Bound::AtLeast(0.5)),
];

/// Whether a ceiling in SQL is needed.
pub(super) fn asked(measure: &Measure) -> bool {
    let with_ceiling = [Workload::Create, Workload::Pages];
    let all = READS_AND_PATCH.iter().map(|(workload, ..)| *workload).chain(with_ceiling);
    all.into_iter().any(|workload| measure.wants(workload))
}

pub(super) fn measure(
    measure: &Measure,
    database: Database,
    large: &Filled,
    report: &mut Report,
) -> anyhow::Result<()> {
    for (workload, kind, aim) in READS_AND_PATCH {
        if measure.wants(workload) {
            let contest = Contest { measure, workload: kind.name(), database };
            let ours = Contender::about_people(&contest, large, kind)?;
            beside_ceiling(&contest, ours, aim, report)?;
        }
    }
    if measure.wants(Workload::Create) {
        // A tenant of its own, so that the other directory keeps its size.
        let target = large.product.create_tenant("newcomers")?;
        let contest = Contest { measure, workload: "create", database };
        let ours = Contender::product(&contest, &large.product, target.address, |round, client| {
            create(target.clone(), format!("r{round}c"), client)
        });
        beside_ceiling(&contest, ours, Bound::AtLeast(1.0), report)?;
    }
    Ok(())
}

fn beside_ceiling(contest: &Contest<'_>, ours: Contender<'_>, aim: Bound, report: &mut Report) -> anyhow::Result<()> {
    let samples = contest.hold(&[Contender::ceiling(contest, contest.workload), ours], report)?;
    let aim = if contest.database == Database::Postgres { aim } else { Bound::None };
    report.compare((&format!("{}, of pgbench", contest.workload), contest.database), &samples, aim);
    Ok(())
}
