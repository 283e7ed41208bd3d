//! Several statements in one round trip.

use std::fmt::Write as _;

use database::rows::Rows;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};

/// A statement and its rows.
#[derive(Debug)]
pub(super) struct Part<'a> {
    sql: &'a str,
    rows: Rows,
    /// Whether it must return `held` for each of its rows, or nothing is written.
    guards: bool,
}

impl<'a> Part<'a> {
    /// Without rows there is nothing to do.
    pub(super) fn of(sql: &'a str, rows: Rows) -> Option<Self> {
        (!rows.is_empty()).then_some(Self { sql, rows, guards: false })
    }

    /// A statement that returns a true `held` for each row that it was given, or everything beside it is undone.
    pub(super) fn guarding(sql: &'a str, rows: Rows) -> Option<Self> {
        Self::of(sql, rows).map(|part| Self { guards: true, ..part })
    }
}

/// Runs the parts: on PostgreSQL as one statement, of which there are few texts because few combinations of tables are
/// written; on SQLite one after the other, which costs no round trip there.
pub(super) async fn run(connection: &impl ConnectionTrait, parts: Vec<Part<'_>>) -> Result<(), DbErr> {
    let backend = connection.get_database_backend();
    if backend == DbBackend::Postgres && parts.len() > 1 {
        connection.execute_raw(combined(parts)).await?;
        return Ok(());
    }
    for Part { sql, rows, .. } in parts {
        connection.execute_raw(Statement::from_sql_and_values(backend, sql, rows.bind(backend))).await?;
    }
    Ok(())
}

/// `WITH` executes each of its statements exactly once, whether or not anything reads them. A guard that does not hold
/// for all its rows ends in a division by zero, which undoes the whole statement.
fn combined(parts: Vec<Part<'_>>) -> Statement {
    let mut sql = String::with_capacity(8192);
    let mut values: Vec<Value> = Vec::with_capacity(64);
    let mut end = String::from(" SELECT 1");
    for (n, Part { sql: part, rows, guards }) in parts.into_iter().enumerate() {
        // A write into memory cannot fail.
        let _ = write!(sql, "{}part{n} AS (", if n == 0 { "WITH " } else { ", " });
        renumber(part, values.len(), &mut sql);
        sql.push(')');
        let count = rows.len();
        values.extend(rows.bind(DbBackend::Postgres));
        if guards {
            values.push(i64::try_from(count).unwrap_or(i64::MAX).into());
            end = format!(" SELECT 1 / CAST(count(*) FILTER (WHERE held) = ${} AS integer) FROM part{n}", values.len());
        }
    }
    sql.push_str(&end);
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}

/// Copies SQL whose parameters come after `before` others.
fn renumber(part: &str, before: usize, out: &mut String) {
    let mut pieces = part.split('$');
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let digits = piece.len() - piece.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        let (number, rest) = piece.split_at(digits);
        let number = number.parse::<usize>().unwrap_or_default();
        let _ = write!(out, "${}{rest}", number + before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_through_all_parts() {
        let mut sql = String::new();
        renumber("SELECT $1::text[], $2, $10", 4, &mut sql);
        assert_eq!(sql, "SELECT $5::text[], $6, $14");
    }
}
