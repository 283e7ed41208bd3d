//! A transaction in which nothing is waited for without end.

use std::time::Duration;

use sea_orm::entity::prelude::async_trait;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement};

/// How long the database may take for one statement of a change, or to let a change begin.
const PATIENCE: Duration = Duration::from_secs(20);

/// Ends the session of a process that is stopped in the middle of a change, because others wait for its locks; and the wait
/// for a lock before we give up, so that the connection can be used again.
const GIVE_WAY: &str = "SET LOCAL idle_in_transaction_session_timeout = '10s'; SET LOCAL lock_timeout = '15s'";

/// The transaction of a change. Each statement has its time.
#[derive(Debug)]
pub(crate) struct Bounded(DatabaseTransaction);

/// What a wait for the database comes to within its time.
pub(super) async fn in_time<T, E: From<DbErr>>(wait: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| Err(late().into()))
}

fn late() -> DbErr {
    DbErr::Conn(RuntimeErr::Internal("it does not answer in time".to_owned()))
}

impl Bounded {
    /// Nobody waits for long for whoever vanishes in the middle of it.
    pub(super) async fn of(transaction: DatabaseTransaction) -> Result<Self, DbErr> {
        if transaction.get_database_backend() == DbBackend::Postgres {
            transaction.execute_unprepared(GIVE_WAY).await?;
        }
        Ok(Self(transaction))
    }

    pub(super) async fn commit(self) -> Result<(), DbErr> {
        in_time(self.0.commit()).await
    }

    pub(super) async fn rollback(self) -> Result<(), DbErr> {
        in_time(self.0.rollback()).await
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Bounded {
    fn get_database_backend(&self) -> DbBackend {
        self.0.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        in_time(self.0.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        in_time(self.0.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        in_time(self.0.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        in_time(self.0.query_all_raw(statement)).await
    }
}
