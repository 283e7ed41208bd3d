//! Writing what was noted: in batches, beside the requests.

use std::collections::BTreeSet;
use std::time::Duration;

use database::rows::{Rows, source};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use crate::Journal;
use crate::merge::{Merged, merge};
use crate::rows::{COLUMNS, row};

/// What is noted within this time is written together, and what is alike becomes one row.
const GATHER: Duration = Duration::from_millis(500);
/// The most failures of one statement.
const BATCH: usize = 500;
/// How often a batch is tried.
const TRIES: u32 = 3;
/// How long it waits for the next time: a database that is away is not asked all the time.
const PAUSE: Duration = Duration::from_secs(2);

/// The statement that writes [`rows`](crate::rows()): for whoever notes something within a transaction of its own.
#[must_use]
pub fn insertion(backend: DbBackend) -> String {
    let names = COLUMNS.map(|(name, _)| name);
    format!(
        "INSERT INTO failures ({}) SELECT k.{} FROM {} WHERE EXISTS (SELECT 1 FROM tenants t WHERE t.id = k.tenant_id)",
        names.join(", "),
        names.join(", k."),
        source(backend, 1, "k", &COLUMNS)
    )
}

impl Journal {
    /// Writes what is noted, until it is dropped.
    pub async fn keep_writing(&self) {
        let mut told = 0;
        loop {
            self.noted().await;
            tokio::time::sleep(GATHER).await;
            self.write_rest().await;
            let dropped = self.dropped();
            if dropped > told {
                let failures = dropped - told;
                tracing::warn!(
                    failures,
                    "some failures are not in the provisioning log: too many at once, or no database"
                );
                told = dropped;
            }
        }
    }

    /// Writes everything that is noted now.
    pub async fn write_rest(&self) {
        loop {
            let batch = merge(self.take(BATCH));
            if batch.is_empty() {
                return;
            }
            self.write(batch).await;
        }
    }

    async fn write(&self, batch: Vec<Merged>) {
        let tenants: BTreeSet<i64> = batch.iter().map(|one| one.failure.tenant).collect();
        let failures: i64 = batch.iter().map(|one| one.times).sum();
        let rows = Rows::collect(&COLUMNS, batch.into_iter().map(row));
        for left in (0..TRIES).rev() {
            match self.insert(rows.clone()).await {
                Ok(()) => return self.note_grown(&tenants),
                // A tenant may be deleted at the same moment: the next time it is not there.
                Err(error) if left > 0 => {
                    tracing::debug!(%error, "failures are written later");
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => tracing::debug!(%error, "failures are not written"),
            }
        }
        self.drop_some(usize::try_from(failures).unwrap_or_default());
    }

    async fn insert(&self, rows: Rows) -> Result<(), DbErr> {
        let backend = self.database().backend();
        let statement = Statement::from_sql_and_values(backend, insertion(backend), rows.bind(backend));
        self.database().writer().execute_raw(statement).await.map(|_| ())
    }
}
