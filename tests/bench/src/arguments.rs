//! What can be asked for.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, ValueEnum};

/// Measures the server against what the machine can do at best.
#[derive(Debug, Parser)]
#[command(name = "tests/bench/run", version)]
pub(crate) enum Command {
    /// Measures; `tests/bench/run` calls this.
    Measure(Box<Measure>),
    /// Serves one constant answer of 1 KB: the ceiling of HTTP.
    Bare {
        /// Where it listens, on the loopback address.
        #[arg(long)]
        port: u16,
        /// Its threads.
        #[arg(long, default_value_t = 2)]
        workers: usize,
    },
}

/// How to measure.
#[derive(Clone, Debug, Args)]
pub(crate) struct Measure {
    /// What to measure; everything if none is named.
    #[arg(value_enum)]
    pub(crate) workloads: Vec<Workload>,
    /// Where the server keeps its data; repeat it for several.
    #[arg(long = "database", value_enum, default_values = ["sqlite", "postgres"])]
    pub(crate) databases: Vec<Database>,
    /// Users in the large directory.
    #[arg(long, default_value_t = 100_000)]
    pub(crate) users: u64,
    /// Turns of each contender; the median counts.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: usize,
    /// Length of a turn.
    #[arg(long, default_value_t = 3.0)]
    pub(crate) seconds: f64,
    /// Connections that ask at the same time.
    #[arg(long, default_value_t = 16)]
    pub(crate) clients: usize,
    /// Length of the load under which memory is watched.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) minutes: f64,
    /// Events that wait for a store.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) events: u64,
    /// Writes JSON to standard output instead of tables.
    #[arg(long)]
    pub(crate) json: bool,
    /// A setting of the server, such as `TENANTRY_LOG__REQUESTS=none`; repeat it for several.
    #[arg(long = "setting", value_name = "NAME=VALUE")]
    pub(crate) settings: Vec<String>,
    /// Where everything is.
    #[command(flatten)]
    pub(crate) places: Places,
}

/// Filled in by `tests/bench/run`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Places {
    /// The program to measure.
    #[arg(long, hide = true)]
    pub(crate) program: PathBuf,
    /// An empty folder for data and logs.
    #[arg(long, hide = true)]
    pub(crate) work: PathBuf,
    /// The folder of the scripts for pgbench.
    #[arg(long, hide = true)]
    pub(crate) scripts: PathBuf,
    /// The folder of PostgreSQL's programs.
    #[arg(long, hide = true)]
    pub(crate) postgres_programs: PathBuf,
    /// Where PostgreSQL listens, on the loopback address.
    #[arg(long, hide = true)]
    pub(crate) postgres_port: u16,
    /// The process that started PostgreSQL's others.
    #[arg(long, hide = true)]
    pub(crate) postmaster: u32,
}

/// Where the server keeps its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Database {
    /// One file.
    Sqlite,
    /// The private PostgreSQL of the run.
    Postgres,
}

impl Database {
    /// Its name in reports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// One question about the server's speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Workload {
    /// `GET /ServiceProviderConfig` with a token, beside a bare actix-web server.
    Discovery,
    /// `GET /Users/{id}`, beside a SELECT by primary key.
    ById,
    /// `filter=userName eq "…"`, beside a SELECT by the folded name.
    ByUserName,
    /// `filter=externalId eq "…"`, beside a SELECT by that column.
    ByExternalId,
    /// `filter=emails[type eq "work"].value eq "…"`, beside a join with the table of addresses.
    ByEmail,
    /// `PATCH /Users/{id}` that changes one attribute, beside one transaction of five statements.
    Patch,
    /// `POST /Users`, beside one statement that inserts the user and its event.
    Create,
    /// A page of 100 users: the first, and one nine tenths into the list.
    Pages,
    /// The same requests among 1,000 users and among all of them, by one client and by many.
    Sizes,
    /// Adding one member to groups of 10, of 10,000 and of as many members as there are users.
    Members,
    /// Memory: idle, and its growth under load.
    Memory,
    /// p99 of ten tenants while another one asks ten times as often as it may, beside that without it.
    Fairness,
    /// p99 of `GET /may-act`, as an application asks whether a user may still act.
    MayAct,
    /// Throughput when three times as much comes as can be answered, beside the most there is.
    Overload,
    /// How long after a change its event is in a store, and how fast a store gets what has waited for it.
    Stores,
}

impl Measure {
    /// Whether this question was asked.
    pub(crate) fn wants(&self, workload: Workload) -> bool {
        self.workloads.is_empty() || self.workloads.contains(&workload)
    }

    /// Length of a turn.
    pub(crate) fn turn(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}
