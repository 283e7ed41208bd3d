//! Several statements in one round trip.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement};
use serde::Serialize;

/// A statement and its rows.
#[derive(Debug)]
pub(super) struct Part<'a> {
    sql: &'a str,
    rows: String,
}

impl<'a> Part<'a> {
    /// Without rows there is nothing to do.
    pub(super) fn of<R: Serialize>(sql: &'a str, rows: &[R]) -> Result<Option<Self>, DbErr> {
        if rows.is_empty() {
            return Ok(None);
        }
        let rows = serde_json::to_string(rows).map_err(|error| DbErr::Json(error.to_string()))?;
        Ok(Some(Self { sql, rows }))
    }
}

/// Runs the parts: on PostgreSQL as one statement, of which there are few texts because few combinations of tables are
/// written; on SQLite one after the other, which costs no round trip there.
pub(super) async fn run(transaction: &DatabaseTransaction, parts: Vec<Part<'_>>) -> Result<(), DbErr> {
    let backend = transaction.get_database_backend();
    if backend == DbBackend::Postgres && parts.len() > 1 {
        transaction.execute_raw(combined(parts)).await?;
        return Ok(());
    }
    for Part { sql, rows } in parts {
        transaction.execute_raw(Statement::from_sql_and_values(backend, sql, [rows.into()])).await?;
    }
    Ok(())
}

/// `WITH` executes each of its statements exactly once, whether or not anything reads them. Each has one parameter.
fn combined(parts: Vec<Part<'_>>) -> Statement {
    let (mut with, mut values) = (Vec::with_capacity(parts.len()), Vec::with_capacity(parts.len()));
    for (n, Part { sql, rows }) in (1..).zip(parts) {
        with.push(format!("part{n} AS ({})", sql.replace("$1", &format!("${n}"))));
        values.push(rows.into());
    }
    Statement::from_sql_and_values(DbBackend::Postgres, format!("WITH {} SELECT 1", with.join(", ")), values)
}
