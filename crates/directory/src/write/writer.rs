//! The one thread that writes: it takes all changes that wait and commits them together.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use database::Database;
use events::Events;
use futures::FutureExt as _;
use sea_orm::DbErr;
use tokio::sync::{mpsc, oneshot};

use super::Change;
use super::attempt::{Crew, make};
use super::batch::{Answer, Committed, tenants};
use super::company::Company;
use super::statements::Statements;
use super::statistics::{Statistics, Written};
use crate::DirectoryError;

/// Most changes in one commit.
pub(super) const BATCH: usize = 64;
/// Most changes that wait; more are refused at the door by the limits.
const WAITING: usize = 1024;

struct Job {
    change: Change,
    reply: oneshot::Sender<Answer>,
}

/// Brings changes into the database, in the order in which they come.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Job>,
}

impl Writer {
    /// Starts the thread; it ends with the last handle. Its connections are its own: what comes back from the database
    /// wakes it and nobody else.
    pub(crate) fn start(database: Database, statements: Arc<Statements>, events: Events) -> Result<Self, DbErr> {
        let (queue, waiting) = mpsc::channel(WAITING);
        let failed = |error: std::io::Error| DbErr::Custom(format!("the thread that writes cannot start: {error}"));
        let writing = async move {
            match database.of_writer().await {
                Ok(database) => serve(Crew::new(database, statements), events, waiting).await,
                Err(error) => tracing::error!(%error, "the thread that writes has no connections"),
            }
        };
        let thread = std::thread::Builder::new().name("writer".to_owned());
        let run = move || match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime.block_on(writing),
            Err(error) => tracing::error!(%error, "the thread that writes has no runtime"),
        };
        thread.spawn(run).map_err(failed)?;
        Ok(Self { queue })
    }

    /// Makes a change; returns when it is durable. Who stops waiting has not stopped the change.
    pub(crate) async fn write(&self, change: Change) -> Answer {
        let (reply, answer) = oneshot::channel();
        let stopped = || DbErr::Custom("the writer has stopped".to_owned());
        self.queue.send(Job { change, reply }).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

async fn serve(mut crew: Crew, events: Events, mut queue: mpsc::Receiver<Job>) {
    let mut waiting = VecDeque::with_capacity(BATCH);
    let mut statistics = Statistics::new(&crew.database);
    let mut company = Company::default();
    loop {
        if waiting.is_empty() {
            match queue.recv().await {
                Some(job) => waiting.push_back(job),
                None => return,
            }
        }
        company.gather(&mut queue, &mut waiting).await;
        let jobs = take_batch(&mut waiting);
        let (changes, replies): (Vec<_>, Vec<_>) = jobs.into_iter().map(|job| (job.change, job.reply)).unzip();
        let started = Instant::now();
        let Committed { answers, written } = made_whatever_happens(&crew, &changes).await;
        company.seen(changes.len(), started.elapsed());
        crew.replace_silent_connections().await;
        events.announce(tenants(&changes));
        statistics.written(written);
        for (reply, answer) in replies.into_iter().zip(answers) {
            // Who no longer listens has gone away; the change is made all the same.
            let _ = reply.send(answer);
        }
    }
}

/// A batch that panics is undone with its transaction, and those after it are made.
async fn made_whatever_happens(crew: &Crew, changes: &[Change]) -> Committed {
    AssertUnwindSafe(make(crew, changes)).catch_unwind().await.unwrap_or_else(|_| {
        crew.memory().forget(&tenants(changes));
        let broken = DirectoryError::from(DbErr::Custom("the batch was broken off".to_owned()));
        Committed { answers: changes.iter().map(|_| Err(broken.clone())).collect(), written: Written::default() }
    })
}

/// The next changes that can share a commit, in order.
fn take_batch(waiting: &mut VecDeque<Job>) -> Vec<Job> {
    let alone = waiting.front().is_some_and(|job| job.change.is_alone());
    let together = waiting.iter().take(BATCH).take_while(|job| !job.change.is_alone()).count();
    waiting.drain(..if alone { 1 } else { together }).collect()
}
