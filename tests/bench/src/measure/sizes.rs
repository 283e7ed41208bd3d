//! The same requests in a small and in a large directory.

use super::contest::{Contender, Contest};
use super::{FEW, Filled};
use crate::arguments::{Database, Measure};
use crate::report::{Aim, Bound, Report};
use crate::requests::Kind;

/// How many times as long the large directory may take.
const AIM: Bound = Bound::AtMost(1.2);

const KINDS: [Kind; 5] = [Kind::ById, Kind::ByUserName, Kind::ByExternalId, Kind::ByEmail, Kind::Patch];

pub(super) fn measure(
    measure: &Measure,
    database: Database,
    directories: [&Filled; 2],
    report: &mut Report,
) -> anyhow::Result<()> {
    let users = measure.users;
    for kind in KINDS {
        for clients in [1, measure.clients] {
            let contest = Contest { measure, workload: kind.name(), database };
            let mut contenders = Vec::new();
            for filled in directories {
                let name = format!("{} users", filled.directory.users());
                contenders.push(Contender::about_people(&contest, filled, kind)?.with(name, clients));
            }
            if let [few, many] = contest.hold(&contenders, report)?.as_slice() {
                report.aim(Aim {
                    what: format!("{}, {users} users of {FEW} (p50, {clients} clients)", kind.name()),
                    database: database.name().to_owned(),
                    value: many.p50_us / few.p50_us,
                    unit: "×",
                    aim: AIM,
                });
            }
        }
    }
    Ok(())
}
