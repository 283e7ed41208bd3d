//! The ceiling of the database: `pgbench` with the SQL that a workload amounts to.
//!
//! Its tables have the columns and indexes of ours, but are its own: when ours change, the ceiling stays.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;

use crate::arguments::Places;
use crate::load::Times;
use crate::machine::output;
use crate::people::Person;
use crate::requests::SEEDED;

/// The database of the ceilings.
const DATABASE: &str = "ceiling";
/// One in so many transactions has its time written down: enough for quantiles, too few to slow it.
const SAMPLED: &str = "0.1";

/// How long PostgreSQL may take to count the processor time of connections that were closed.
const CLOSING: Duration = Duration::from_millis(100);

/// What a run of `pgbench` told.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) throughput: f64,
    pub(crate) transactions: u64,
    pub(crate) times: Times,
}

/// Creates a database and gives its URL.
pub(crate) fn create_database(places: &Places, name: &str) -> anyhow::Result<String> {
    let mut command = program(places, "createdb");
    command.arg(name);
    output(command)?;
    Ok(format!("postgres://postgres@127.0.0.1:{}/{name}", places.postgres_port))
}

/// Makes the tables of the ceilings and fills them with so many users.
pub(crate) fn prepare(places: &Places, users: u64) -> anyhow::Result<()> {
    create_database(places, DATABASE)?;
    for script in ["tables.sql", "rows.sql"] {
        let mut command = program(places, "psql");
        command.args(["-q", "-X", "-v", "ON_ERROR_STOP=1", "-v", &format!("users={users}")]);
        command.arg("-v").arg(document()).arg("-f").arg(places.scripts.join(script)).arg(DATABASE);
        output(command)?;
    }
    settle(places, DATABASE)
}

/// Does what would otherwise happen during a measurement: statistics, and writing out what has changed.
pub(crate) fn settle(places: &Places, database: &str) -> anyhow::Result<()> {
    let mut command = program(places, "psql");
    command.args(["-q", "-X", "-c", "VACUUM ANALYZE", "-c", "CHECKPOINT", database]);
    output(command).map(drop)
}

/// Runs a script for so long.
pub(crate) fn run(
    places: &Places,
    script: &str,
    users: u64,
    clients: usize,
    turn: Duration,
) -> anyhow::Result<Finished> {
    let log = places.work.join("pgbench");
    let mut command = program(places, "pgbench");
    command.args(["-n", "-M", "prepared", "-c", &clients.to_string()]);
    // It counts in whole seconds.
    command.args(["-T", &turn.as_secs_f64().ceil().to_string()]);
    command.args(["-l", "--sampling-rate", SAMPLED, "--log-prefix"]).arg(&log);
    command.args(["-D", &format!("users={users}"), "-D", &document()]);
    command.arg("-f").arg(places.scripts.join(script)).arg(DATABASE);
    let told = output(command)?;
    std::thread::sleep(CLOSING);
    let number = |before: &str| {
        let line = told.lines().find_map(|line| line.trim().strip_prefix(before))?;
        line.split([' ', '/']).next()?.parse::<f64>().ok()
    };
    let throughput = number("tps = ").with_context(|| format!("pgbench told no rate:\n{told}"))?;
    let transactions = number("number of transactions actually processed: ").unwrap_or(0.0) as u64;
    Ok(Finished { throughput, transactions, times: take_times(&places.work)? })
}

/// The document of a user, as the server would store it.
fn document() -> String {
    let mut body = Vec::new();
    Person { tag: SEEDED, number: 0 }.write(&mut body);
    format!("document={}", String::from_utf8_lossy(&body))
}

/// Reads and removes the logs: one line a transaction, the third field its time in microseconds.
fn take_times(folder: &Path) -> anyhow::Result<Times> {
    let mut times = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("pgbench.")) {
            let text = std::fs::read_to_string(&path)?;
            times.extend(text.lines().filter_map(|line| line.split(' ').nth(2)?.parse::<f64>().ok()));
            std::fs::remove_file(&path)?;
        }
    }
    Ok(Times::of_microseconds(times.into_iter()))
}

fn program(places: &Places, name: &str) -> Command {
    let mut command = Command::new(places.postgres_programs.join(name));
    command.args(["-h", "127.0.0.1", "-p", &places.postgres_port.to_string(), "-U", "postgres"]);
    command
}
