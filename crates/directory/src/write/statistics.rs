//! PostgreSQL's idea of how large the tables are, kept up with an initial import.
//!
//! A plan made while a table was empty may choose any index that starts with the tenant, and is then kept for as long as
//! the statistics are. The database's own upkeep comes by once a minute: by then an import has made tens of thousands of
//! users, each looked up through the wrong index. So the tables are analyzed each time the writes have doubled.

use database::Database;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, TransactionTrait};

/// Below so many rows no plan is slow.
const FIRST: usize = 64;
/// From here on the database's own upkeep keeps pace.
const LAST: usize = 1 << 20;

/// A tenth of the usual sample tells the sizes well enough, at a tenth of the price.
const SAMPLE: &str = "SET LOCAL default_statistics_target = 10";
const ANALYZE: &str = "ANALYZE resources, emails, memberships, blocks";

/// Counts writes, and analyzes the tables when there were as many as all before.
#[derive(Debug)]
pub(super) struct Statistics {
    database: Option<Database>,
    since: usize,
    next: usize,
}

impl Statistics {
    /// SQLite chooses by the shape of its indexes and needs none of this.
    pub(super) fn new(database: &Database) -> Self {
        let database = (database.backend() == DbBackend::Postgres).then(|| database.clone());
        Self { database, since: 0, next: FIRST }
    }

    /// So many more rows were written.
    pub(super) fn written(&mut self, rows: usize) {
        let Some(database) = &self.database else { return };
        self.since += rows;
        if self.since < self.next || self.next > LAST {
            return;
        }
        self.since = 0;
        self.next *= 2;
        let database = database.clone();
        tokio::spawn(async move {
            if let Err(error) = analyze(&database).await {
                tracing::warn!(error = %error, "the tables could not be analyzed; plans may be slow for a minute");
            }
        });
    }
}

async fn analyze(database: &Database) -> Result<(), DbErr> {
    let transaction = database.reader().begin().await?;
    transaction.execute_unprepared(SAMPLE).await?;
    transaction.execute_unprepared(ANALYZE).await?;
    transaction.commit().await
}
