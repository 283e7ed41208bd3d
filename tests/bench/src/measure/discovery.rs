//! `GET /ServiceProviderConfig` beside a bare server that answers the same bytes of a request.

use super::contest::{Contender, Contest, Course};
use crate::arguments::{Database, Measure};
use crate::machine::Meter;
use crate::product::{Bare, Product};
use crate::report::{Bound, Report};
use crate::requests::discovery;

pub(super) fn measure(measure: &Measure, database: Database, report: &mut Report) -> anyhow::Result<()> {
    let product = Product::start(measure, database, "discovery")?;
    let target = product.create_tenant("bench")?;
    let bare = Bare::start()?;
    let contest = Contest { measure, workload: "discovery", database };
    let ours = Contender::product(&contest, &product, target.address, |_, _| discovery(&target));
    let ceiling = Contender {
        name: "actix-web".to_owned(),
        clients: measure.clients,
        meter: Meter { server: Some(bare.id()), postmaster: None },
        course: Course::Http(bare.address, Box::new(|_, _| discovery(&target))),
    };
    let samples = contest.hold(&[ceiling, ours], report)?;
    report.compare(("discovery, of bare actix-web", database), &samples, Bound::AtLeast(0.9));
    Ok(())
}
