//! Clients that ask at a pace of their own, whatever the server does, and take a refusal for an answer.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::task::JoinSet;

use super::{Connection, Counts, PATIENCE, Requests, Times};

/// Many clients of one sort.
pub(crate) struct Crowd {
    pub(crate) address: SocketAddr,
    pub(crate) clients: Vec<Requests>,
    /// Requests a second, of all of them together.
    pub(crate) per_second: f64,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Served {
    /// Of the answers that were no refusals.
    pub(crate) times: Times,
    /// 429 and 503.
    pub(crate) refused: u64,
    /// Requests that were sent.
    pub(crate) sent: u64,
    /// Those of them that were sent late, because their client was still waiting for an answer.
    pub(crate) late: u64,
}

/// Lets each client ask at its pace for so long. A client that was not answered in time asks as soon as it is. Any answer
/// outside 2xx that is no refusal ends it with an error.
pub(crate) fn drive_paced(crowd: Crowd, turn: Duration) -> anyhow::Result<Served> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let all = async {
        let mut connections = Vec::with_capacity(crowd.clients.len());
        for _ in &crowd.clients {
            connections.push(Connection::open(crowd.address).await?);
        }
        let every = Duration::from_secs_f64(connections.len() as f64 / crowd.per_second);
        let (start, mut tasks) = (Instant::now(), JoinSet::new());
        for (number, (connection, requests)) in (0_u32..).zip(connections.into_iter().zip(crowd.clients)) {
            // Each begins at another moment, so that they do not ask all at once.
            let first = start + every.mul_f64(f64::from(number) * 0.618 % 1.0);
            tasks.spawn(ask(connection, requests, (first, every), start + turn));
        }
        let mut served = Served::default();
        while let Some(finished) = tasks.join_next().await {
            served.add(finished??);
        }
        served.times.finish(start.elapsed());
        Ok(served)
    };
    runtime
        .block_on(async { tokio::time::timeout(turn + PATIENCE, all).await.context("the server stopped answering")? })
}

async fn ask(
    mut connection: Connection,
    mut requests: Requests,
    (mut next, every): (Instant, Duration),
    end: Instant,
) -> anyhow::Result<Served> {
    let (mut served, mut request) = (Served::default(), Vec::with_capacity(2048));
    while next < end {
        tokio::time::sleep_until(next.into()).await;
        request.clear();
        let counts = requests(&mut request);
        let asked = Instant::now();
        let answer = connection.exchange(&request).await?;
        served.note(counts, answer.status, asked.elapsed()).with_context(|| answer.text())?;
        let (due, now) = (next + every, Instant::now());
        served.late += u64::from(due < now);
        next = due.max(now);
    }
    Ok(served)
}

impl Served {
    fn note(&mut self, counts: Counts, status: u16, time: Duration) -> anyhow::Result<()> {
        self.sent += 1;
        match status {
            200..300 => self.times.record(counts, time),
            429 | 503 => self.refused += 1,
            _ => bail!("a request was answered {status}"),
        }
        Ok(())
    }

    fn add(&mut self, other: Self) {
        self.times.add(other.times);
        self.refused += other.refused;
        self.sent += other.sent;
        self.late += other.late;
    }
}
