//! Lookups that wait at the same time share one statement, so a round trip costs each of them little.
//!
//! Nothing waits for company: a lookup that finds nobody before it goes at once, and what comes while a statement is
//! under way goes together with the next. A statement that takes long gives up its turn, so it holds up nobody else.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use database::Database;
use sea_orm::{DbErr, Statement};
use tokio::sync::{Mutex, mpsc, oneshot};

use super::lookup::{Lookup, Lookups};
use super::row::record;
use crate::{DirectoryError, Record};

/// Most lookups in one statement.
const BATCH: usize = 64;
/// How long a statement keeps others waiting for it.
const TURN: Duration = Duration::from_millis(2);
/// Most lookups that wait; more are refused at the door by the limits.
const WAITING: usize = 4096;

type Found = Result<Vec<Record>, DirectoryError>;

struct Waiting {
    lookup: Lookup,
    reply: oneshot::Sender<Found>,
}

/// Asks the database for single resources.
#[derive(Clone, Debug)]
pub(crate) struct Loader {
    queue: mpsc::Sender<Waiting>,
}

impl Loader {
    /// Starts as many tasks as there shall be statements under way at once.
    pub(crate) fn start(database: &Database, lookups: &Arc<Lookups>, tasks: usize) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..tasks {
            tokio::spawn(serve(database.clone(), Arc::clone(lookups), Arc::clone(&waiting)));
        }
        Self { queue }
    }

    /// The resources that have this key, in the order of their creation.
    pub(crate) async fn load(&self, lookup: Lookup) -> Found {
        self.ask(lookup).await?.await.map_err(|_| stopped())?
    }

    /// The resources that have these keys, in the order of the keys; all are asked for at once.
    pub(crate) async fn load_all(&self, lookups: Vec<Lookup>) -> Found {
        let mut answers = Vec::with_capacity(lookups.len());
        for lookup in lookups {
            answers.push(self.ask(lookup).await?);
        }
        let mut found = Vec::with_capacity(answers.len());
        for answer in answers {
            found.extend(answer.await.map_err(|_| stopped())??);
        }
        Ok(found)
    }

    async fn ask(&self, lookup: Lookup) -> Result<oneshot::Receiver<Found>, DirectoryError> {
        let (reply, answer) = oneshot::channel();
        self.queue.send(Waiting { lookup, reply }).await.map_err(|_| stopped())?;
        Ok(answer)
    }
}

fn stopped() -> DirectoryError {
    DbErr::Custom("the loader has stopped".to_owned()).into()
}

async fn serve(database: Database, lookups: Arc<Lookups>, queue: Arc<Mutex<mpsc::Receiver<Waiting>>>) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let mut turn = queue.lock().await;
        if turn.recv_many(&mut batch, BATCH).await == 0 {
            return;
        }
        let mut asking = pin!(ask(&database, &lookups, &mut batch));
        if tokio::time::timeout(TURN, &mut asking).await.is_ok() {
            continue;
        }
        drop(turn);
        asking.await;
    }
}

/// One statement for each sort of key; in practice a batch is mostly of one sort.
async fn ask(database: &Database, lookups: &Lookups, batch: &mut Vec<Waiting>) {
    while let Some(first) = batch.first() {
        let sort = first.lookup.key.sort();
        let alike: Vec<Waiting> = batch.extract_if(.., |waiting| waiting.lookup.key.sort() == sort).collect();
        let found = query(database, lookups.statement(sort), &alike).await;
        answer(alike, found);
    }
}

/// What each of the lookups found, in their order.
async fn query(database: &Database, sql: &str, waiting: &[Waiting]) -> Result<Vec<Vec<Record>>, DbErr> {
    let keys = Lookup::rows(waiting.iter().map(|waiting| &waiting.lookup));
    let statement = Statement::from_sql_and_values(database.backend(), sql, keys.bind(database.backend()));
    let mut found: Vec<Vec<Record>> = waiting.iter().map(|_| Vec::new()).collect();
    for row in database.query(statement).await? {
        let n: i64 = row.try_get_by_index(0)?;
        if let Some(records) = usize::try_from(n).ok().and_then(|n| found.get_mut(n)) {
            records.push(record(&row, 1)?);
        }
    }
    for records in &mut found {
        records.sort_unstable_by_key(|record| record.position);
    }
    Ok(found)
}

fn answer(waiting: Vec<Waiting>, found: Result<Vec<Vec<Record>>, DbErr>) {
    match found {
        Ok(found) => {
            for (waiting, records) in waiting.into_iter().zip(found) {
                // Who no longer listens has gone away.
                let _ = waiting.reply.send(Ok(records));
            }
        }
        Err(error) => {
            let error = DirectoryError::from(error);
            for waiting in waiting {
                let _ = waiting.reply.send(Err(error.clone()));
            }
        }
    }
}
