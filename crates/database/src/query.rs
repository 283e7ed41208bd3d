//! Reading, also right after an outage.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, QueryResult, Statement};

use crate::open::PATIENCE;
use crate::{Database, Fault};

type Rows = Result<Vec<QueryResult>, DbErr>;

impl Database {
    /// Runs a statement that only reads. After an outage every connection of the pool may be dead; each that turns out to
    /// be is replaced, and the statement asked again, before anybody is told. PostgreSQL has five seconds for all of it:
    /// the connections of a server that is silent for longer are given up.
    ///
    /// # Errors
    /// If the database refuses the statement, does not answer in time, or no connection can be had.
    pub async fn query(&self, statement: Statement) -> Rows {
        if self.backend() == DbBackend::Sqlite {
            return self.ask(self.reader(), statement).await;
        }
        let Some(replaced) = &self.replaced else { return self.ask_in_time(self.reader(), statement).await };
        let pool = replaced.pool();
        let answer = self.ask_in_time(&pool, statement).await;
        if matches!(&answer, Err(error) if Fault::of(error) == Fault::Gone) {
            replaced.replace(&pool).await;
        }
        answer
    }

    async fn ask_in_time(&self, pool: &DatabaseConnection, statement: Statement) -> Rows {
        match tokio::time::timeout(PATIENCE, self.ask(pool, statement)).await {
            Ok(answer) => answer,
            Err(_) => Err(self.note_silence()),
        }
    }

    async fn ask(&self, pool: &DatabaseConnection, statement: Statement) -> Rows {
        for _ in 0..self.connections() {
            match pool.query_all_raw(statement.clone()).await {
                Err(error) if Fault::of(&error) == Fault::Broken => {}
                answer => return answer,
            }
        }
        pool.query_all_raw(statement).await
    }
}
