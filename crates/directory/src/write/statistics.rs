//! PostgreSQL's idea of how large the tables are, kept up with an initial import.
//!
//! A plan made while a table was empty may choose any index that starts with the tenant, and is then kept for as long as
//! the statistics are. The database's own upkeep comes by once a minute: by then an import has made tens of thousands of
//! users, each looked up through the wrong index. So a table is analyzed each time it has doubled.

use database::Database;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, TransactionTrait};

/// Below so many rows no plan is slow.
const FIRST: usize = 64;
/// From here on the database's own upkeep keeps pace.
const LAST: usize = 1 << 20;

/// A tenth of the usual sample tells the sizes well enough, at a tenth of the price.
const SAMPLE: &str = "SET LOCAL default_statistics_target = 10";

/// What a batch has written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Written {
    /// Rows of resources and what hangs on them.
    pub(super) resources: usize,
    /// Rows of memberships.
    pub(super) memberships: usize,
}

impl std::ops::AddAssign for Written {
    fn add_assign(&mut self, other: Self) {
        self.resources += other.resources;
        self.memberships += other.memberships;
    }
}

/// Counts what is written, and analyzes a table when as much was written as all before.
#[derive(Debug)]
pub(super) struct Statistics {
    database: Option<Database>,
    resources: Growth,
    memberships: Growth,
}

impl Statistics {
    /// SQLite chooses by the shape of its indexes and needs none of this.
    pub(super) fn new(database: &Database) -> Self {
        let database = (database.backend() == DbBackend::Postgres).then(|| database.clone());
        Self {
            database,
            resources: Growth::of("ANALYZE resources, emails, blocks"),
            memberships: Growth::of("ANALYZE memberships"),
        }
    }

    /// So much more was written.
    pub(super) fn written(&mut self, written: Written) {
        let Some(database) = &self.database else { return };
        for (table, rows) in [(&mut self.resources, written.resources), (&mut self.memberships, written.memberships)] {
            if table.has_doubled(rows) {
                tokio::spawn(keep_up(database.clone(), table.statement));
            }
        }
    }
}

#[derive(Debug)]
struct Growth {
    statement: &'static str,
    since: usize,
    next: usize,
}

impl Growth {
    fn of(statement: &'static str) -> Self {
        Self { statement, since: 0, next: FIRST }
    }

    fn has_doubled(&mut self, rows: usize) -> bool {
        self.since += rows;
        if self.since < self.next || self.next > LAST {
            return false;
        }
        // One large batch may be worth several doublings.
        self.next = self.since.max(self.next).saturating_mul(2);
        self.since = 0;
        true
    }
}

async fn keep_up(database: Database, statement: &'static str) {
    if let Err(error) = analyze(&database, statement).await {
        tracing::warn!(error = %error, "a table could not be analyzed; plans may be slow for a minute");
    }
}

async fn analyze(database: &Database, statement: &str) -> Result<(), DbErr> {
    let transaction = database.reader().begin().await?;
    transaction.execute_unprepared(SAMPLE).await?;
    transaction.execute_unprepared(statement).await?;
    transaction.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_analyzed_each_time_it_has_doubled() {
        let mut growth = Growth::of("ANALYZE");
        let analyzed: Vec<usize> = (1..=1000).filter(|_| growth.has_doubled(1)).collect();
        assert_eq!(analyzed, [64, 192, 448, 960]);
        assert!(growth.has_doubled(100_000));
        assert!(!growth.has_doubled(100_000));
    }
}
