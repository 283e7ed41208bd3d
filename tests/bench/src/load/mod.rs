//! The load driver: a few keep-alive connections on one thread, each asking again as soon as it was answered.
//!
//! Client and server share the processors, so whatever the client does is taken from the server: it writes a prepared
//! request, reads the answer's length and status, and nothing more.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::task::JoinSet;

pub(crate) use self::connection::Connection;
pub(crate) use self::dice::Dice;
pub(crate) use self::paced::{Crowd, Served, drive_paced};
pub(crate) use self::times::Times;

mod connection;
mod dice;
mod head;
mod paced;
mod times;

/// Whether a request is part of the measurement, or only prepares the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counts {
    /// Its time is recorded.
    Yes,
    /// It is sent, and must succeed.
    No,
}

/// Writes the next request of one client into the empty buffer.
pub(crate) type Requests = Box<dyn FnMut(&mut Vec<u8>) -> Counts + Send>;

/// How much longer than asked for a turn may take before the server counts as hung.
const PATIENCE: Duration = Duration::from_secs(60);

/// Lets every client ask for so long. The first answer outside 2xx ends it with an error.
pub(crate) fn drive(address: SocketAddr, clients: Vec<Requests>, turn: Duration) -> anyhow::Result<Times> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let all = async {
        let mut connections = Vec::with_capacity(clients.len());
        for _ in &clients {
            connections.push(Connection::open(address).await?);
        }
        let start = Instant::now();
        let mut tasks = JoinSet::new();
        for (connection, requests) in connections.into_iter().zip(clients) {
            tasks.spawn(ask(connection, requests, start, turn));
        }
        let mut times = Times::default();
        while let Some(finished) = tasks.join_next().await {
            times.add(finished??);
        }
        times.finish(start.elapsed());
        Ok(times)
    };
    runtime
        .block_on(async { tokio::time::timeout(turn + PATIENCE, all).await.context("the server stopped answering")? })
}

async fn ask(
    mut connection: Connection,
    mut requests: Requests,
    start: Instant,
    turn: Duration,
) -> anyhow::Result<Times> {
    let mut times = Times::default();
    let mut request = Vec::with_capacity(2048);
    let mut asked = start;
    while asked.duration_since(start) < turn {
        request.clear();
        let counts = requests(&mut request);
        let answer = connection.exchange(&request).await?;
        if !(200..300).contains(&answer.status) {
            let line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
            bail!("{} answered {}: {}", String::from_utf8_lossy(line), answer.status, answer.text());
        }
        let answered = Instant::now();
        times.record(counts, answered.duration_since(asked));
        asked = answered;
    }
    Ok(times)
}
