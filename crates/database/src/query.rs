//! Reading, also right after an outage.

use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement};

use crate::{Database, Fault};

impl Database {
    /// Runs a statement that only reads. After an outage every connection of the pool may be dead; each that turns out to
    /// be is replaced, and the statement asked again, before anybody is told.
    ///
    /// # Errors
    /// If the database refuses the statement, or no connection can be had.
    pub async fn query(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        for _ in 0..self.connections() {
            match self.reader().query_all_raw(statement.clone()).await {
                Err(error) if Fault::of(&error) == Fault::Broken => {}
                answer => return answer,
            }
        }
        self.reader().query_all_raw(statement).await
    }
}
