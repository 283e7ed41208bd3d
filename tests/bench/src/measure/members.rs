//! Adding one member to a group, whatever its size.

use std::sync::Arc;

use super::Filled;
use super::contest::{Contender, Contest};
use crate::arguments::{Database, Measure};
use crate::report::{Aim, Bound, Report, progress};
use crate::requests::add_member;
use crate::seed;

/// Milliseconds that half of the additions may take.
const AIM: Bound = Bound::AtMost(2.0);
/// People who are in none of the groups at first.
const GUESTS: u64 = 64;

pub(super) fn measure(
    measure: &Measure,
    database: Database,
    large: &Filled,
    report: &mut Report,
) -> anyhow::Result<()> {
    let Filled { product, directory } = large;
    let target = &directory.target;
    let guests: Arc<[String]> = seed::people(target, "guest", GUESTS)?.into();
    let mut groups = Vec::new();
    for size in [10, 10_000, directory.ids.len()] {
        progress(format_args!("filling a group with {size} members, on {}", database.name()));
        let members = directory.ids.get(..size).unwrap_or(&directory.ids);
        groups.push((members.len(), seed::group(target, &format!("Group of {size}"), members)?));
    }
    let contest = Contest { measure, workload: "members", database };
    let contenders: Vec<_> = groups
        .iter()
        .map(|(size, group)| {
            let guests = &guests;
            let requests = move |_, _| add_member(target.clone(), group.clone(), Arc::clone(guests));
            Contender::product(&contest, product, target.address, requests).with(format!("{size} members"), 1)
        })
        .collect();
    let samples = contest.hold(&contenders, report)?;
    for ((size, _), sample) in groups.iter().zip(samples) {
        report.aim(Aim {
            what: format!("add one member to a group of {size} (p50, 1 client)"),
            database: database.name().to_owned(),
            value: sample.p50_us / 1e3,
            unit: "ms",
            aim: AIM,
        });
    }
    Ok(())
}
