//! The tables of an SQL store, as an application sees them.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::runtime::Runtime;
use uuid::Uuid;

use super::Arrivals;

/// How long one waits between two looks at the table of events: by so much a time may come out too long.
const LOOK: Duration = Duration::from_millis(1);

/// Where they are.
#[derive(Clone, Debug)]
pub(crate) enum Address {
    Sqlite(PathBuf),
    Postgres(String),
}

/// How long a store may take to make them.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection to them.
pub(crate) struct Tables {
    runtime: Runtime,
    connection: Connection,
}

enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Asks for one row of a type, on either database.
macro_rules! rows {
    ($tables:expr, $row:ty, $sql:expr, $value:expr) => {{
        let Tables { runtime, connection } = $tables;
        match connection {
            Connection::Sqlite(on) => runtime.block_on(sqlx::query_as::<_, $row>($sql).bind($value).fetch_all(on)),
            Connection::Postgres(on) => runtime.block_on(sqlx::query_as::<_, $row>($sql).bind($value).fetch_all(on)),
        }
    }};
}

impl Tables {
    /// Connects.
    pub(crate) fn open(address: &Address) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let connection = match address {
            Address::Sqlite(file) => {
                let options = SqliteConnectOptions::new().filename(file).disable_statement_logging();
                Connection::Sqlite(runtime.block_on(options.connect())?)
            }
            Address::Postgres(url) => Connection::Postgres(runtime.block_on(PgConnection::connect(url))?),
        };
        Ok(Self { runtime, connection })
    }

    /// The number of the last event that it has had.
    pub(crate) fn position(&mut self) -> anyhow::Result<i64> {
        let found = rows!(self, (i64,), "SELECT position FROM tenantry_store WHERE one = $1", 1_i32)?;
        Ok(found.first().context("the store has no position")?.0)
    }

    /// How many events of users, and how many users, it has.
    pub(crate) fn count(&mut self) -> anyhow::Result<(u64, u64)> {
        let sql = "SELECT (SELECT COUNT(*) FROM events WHERE type LIKE $1), (SELECT COUNT(*) FROM users)";
        let counted = rows!(self, (i64, i64), sql, "user.%")?;
        let (events, users) = *counted.first().context("a database that counts nothing")?;
        Ok((events.try_into()?, users.try_into()?))
    }

    /// The events after one, by their numbers and ids.
    fn after(&mut self, sequence: i64) -> anyhow::Result<Vec<(i64, String)>> {
        let sql = "SELECT sequence, CAST(id AS text) FROM events WHERE sequence > $1 ORDER BY sequence";
        Ok(rows!(self, (i64, String), sql, sequence)?)
    }
}

/// Somebody who looks all the time which events are there.
pub(crate) struct Watch {
    pub(crate) arrivals: Arrivals,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Begins with the first event, once the store has made its tables.
    pub(crate) fn start(address: &Address) -> anyhow::Result<Self> {
        let (arrivals, stop) = (Arrivals::default(), Arc::new(AtomicBool::new(false)));
        let (mut tables, mut last) = (opened(address)?, 0);
        let (noted, stopped) = (arrivals.clone(), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                if let Err(error) = look(&mut tables, &mut last, &noted) {
                    return noted.note_wrong(format!("{error:#}"));
                }
                std::thread::sleep(LOOK);
            }
        });
        Ok(Self { arrivals, stop, thread: Some(thread) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // What it has found out was noted.
        drop(self.thread.take().map(JoinHandle::join));
    }
}

fn opened(address: &Address) -> anyhow::Result<Tables> {
    let end = Instant::now() + PATIENCE;
    loop {
        let opened = Tables::open(address).and_then(|mut tables| tables.position().map(|_| tables));
        if opened.is_ok() || Instant::now() > end {
            return opened;
        }
        std::thread::sleep(LOOK);
    }
}

fn look(tables: &mut Tables, last: &mut i64, arrivals: &Arrivals) -> anyhow::Result<()> {
    for (sequence, id) in tables.after(*last)? {
        arrivals.note(sequence, Uuid::try_parse(&id)?);
        *last = sequence;
    }
    Ok(())
}
