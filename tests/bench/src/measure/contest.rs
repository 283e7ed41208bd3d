//! Contenders that take turns, so that whatever disturbs the machine disturbs each of them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::Filled;
use super::check::check;
use crate::arguments::{Database, Measure};
use crate::load::{Requests, drive};
use crate::machine::Meter;
use crate::pgbench;
use crate::product::Product;
use crate::report::{Measured, Report, Sample};
use crate::requests::Kind;

/// A turn before the first, which is not recorded: it fills caches and prepares statements.
const WARM_UP: Duration = Duration::from_millis(700);

/// Someone who takes part.
pub(super) struct Contender<'a> {
    pub(super) name: String,
    pub(super) clients: usize,
    pub(super) meter: Meter,
    pub(super) course: Course<'a>,
}

/// What is done in a turn.
pub(super) enum Course<'a> {
    /// Requests of our clients; the function makes those of one client in one turn.
    Http(SocketAddr, Box<dyn Fn(usize, u64) -> Requests + 'a>),
    /// A script of `pgbench`.
    Script(String),
}

/// A workload on a database.
pub(super) struct Contest<'a> {
    pub(super) measure: &'a Measure,
    pub(super) workload: &'a str,
    pub(super) database: Database,
}

impl<'a> Contender<'a> {
    /// Our server.
    pub(super) fn product(
        contest: &Contest<'_>,
        product: &Product,
        address: SocketAddr,
        requests: impl Fn(usize, u64) -> Requests + 'a,
    ) -> Self {
        let postmaster = contest.measure.places.postmaster;
        Self {
            name: "tenantry".to_owned(),
            clients: contest.measure.clients,
            meter: Meter {
                server: Some(product.id()),
                postmaster: (contest.database == Database::Postgres).then_some(postmaster),
            },
            course: Course::Http(address, Box::new(requests)),
        }
    }

    /// Our server and the people in it, once it was seen to answer rightly.
    pub(super) fn about_people(contest: &Contest<'_>, filled: &'a Filled, kind: Kind) -> anyhow::Result<Self> {
        let Filled { product, directory } = filled;
        check(directory, kind)?;
        let requests = move |_, client| directory.requests(kind, client);
        Ok(Self::product(contest, product, directory.target.address, requests))
    }

    /// The ceiling of a workload: its script for `pgbench`.
    pub(super) fn ceiling(contest: &Contest<'_>, script: &str) -> Self {
        Self {
            name: "pgbench".to_owned(),
            clients: contest.measure.clients,
            meter: Meter { server: None, postmaster: Some(contest.measure.places.postmaster) },
            course: Course::Script(format!("{script}.sql")),
        }
    }

    /// The same by another name and with so many clients.
    pub(super) fn with(mut self, name: impl Into<String>, clients: usize) -> Self {
        self.name = name.into();
        self.clients = clients;
        self
    }
}

impl Contest<'_> {
    /// Lets the contenders take turns, reports them, and gives the median of each.
    pub(super) fn hold(&self, contenders: &[Contender<'_>], report: &mut Report) -> anyhow::Result<Vec<Sample>> {
        for contender in contenders {
            self.turn(contender, 0, WARM_UP)?;
        }
        let mut turns = vec![Vec::new(); contenders.len()];
        for round in 1..=self.measure.rounds.max(1) {
            for (contender, turns) in contenders.iter().zip(&mut turns) {
                turns.push(self.turn(contender, round, self.measure.turn())?);
            }
        }
        let samples: Vec<_> = turns.iter().map(|turns| Sample::median(turns)).collect();
        for (contender, sample) in contenders.iter().zip(&samples) {
            report.add(Measured {
                workload: self.workload.to_owned(),
                database: self.database.name().to_owned(),
                contender: contender.name.clone(),
                clients: contender.clients,
                sample: sample.clone(),
            });
        }
        Ok(samples)
    }

    fn turn(&self, contender: &Contender<'_>, round: usize, turn: Duration) -> anyhow::Result<Sample> {
        let (before, start) = (contender.meter.read(), Instant::now());
        let (throughput, times, requests) = match &contender.course {
            Course::Http(address, requests) => {
                let clients = (0..contender.clients as u64).map(|client| requests(round, client)).collect();
                let times = drive(*address, clients, turn)?;
                (times.throughput(), times, None)
            }
            Course::Script(script) => {
                let Measure { places, users, .. } = self.measure;
                let told = pgbench::run(places, script, *users, contender.clients, turn)?;
                (told.throughput, told.times, Some(told.transactions))
            }
        };
        let spent = contender.meter.read().since(before);
        let requests = requests.unwrap_or_else(|| times.exchanges());
        Ok(Sample::new(throughput, &times, (spent, requests), start.elapsed()))
    }
}
