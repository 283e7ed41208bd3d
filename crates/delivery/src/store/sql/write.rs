//! Writing a batch: few statements, whatever the number of events.

use std::mem;

use database::rows::{Cell, Named, Rows};
use events::{Event, EventType};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
};
use time::{Duration, OffsetDateTime};

use super::failure::failed;
use super::fold::Folded;
use super::names::{self, Names};
use super::rows::{self, Form, time_text};
use super::state::State;
use super::statements::Statements;
use crate::store::Failure;

/// The most rows of one statement, and about the most bytes: memory is bounded, and so is what a server must take at once.
const ROWS: usize = 5000;
const BYTES: usize = 2 << 20;
/// The most events that are pruned with one batch.
const PRUNED: u32 = 5000;

/// Begins a transaction that writes.
pub(super) async fn begin(connection: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    connection.begin_with_options(immediate).await
}

/// Writes within a transaction.
pub(super) struct Writer<'a> {
    pub(super) on: &'a DatabaseTransaction,
    pub(super) names: &'a Names,
    pub(super) statements: &'a Statements,
    pub(super) with_events: bool,
}

impl Writer<'_> {
    /// Writes what these events say, except those that the store has; `state` tells then how far it is.
    pub(super) async fn write(&self, events: &[Event], state: &mut State) -> Result<(), Failure> {
        let mut folded = Folded::default();
        for event in events {
            match event.event_type {
                EventType::SnapshotStarted => {
                    self.flush(mem::take(&mut folded), *state).await?;
                    state.generation += 1;
                }
                EventType::SnapshotCompleted => {
                    self.flush(mem::take(&mut folded), *state).await?;
                    self.sweep(event.sequence, *state).await.map_err(failed)?;
                    state.position = event.sequence;
                }
                EventType::UserSnapshot | EventType::GroupSnapshot => folded.add(event)?,
                _ if event.sequence <= state.position => {}
                _ => {
                    folded.add(event)?;
                    state.position = event.sequence;
                }
            }
        }
        self.flush(folded, *state).await
    }

    async fn flush(&self, folded: Folded<'_>, state: State) -> Result<(), Failure> {
        let form = Form { backend: self.names.backend, generation: state.generation };
        self.users(&folded, form).await?;
        self.groups(&folded, form).await?;
        self.memberships(&folded, form).await?;
        if self.with_events {
            let rows = folded.events.iter().map(|event| form.event(event));
            self.send(&self.statements.put_events, &rows::EVENTS, rows).await?;
        }
        Ok(())
    }

    async fn users(&self, folded: &Folded<'_>, form: Form) -> Result<(), Failure> {
        let all = &folded.users;
        let gone = all.iter().filter(|(_, last)| last.told.is_none()).map(|(id, _)| Ok([Cell::from(*id)]));
        self.send(&self.statements.delete_users, &rows::ID, gone).await?;
        let put = all.iter().filter_map(|(id, last)| Some(form.user(*id, last, last.told?)));
        self.send(&self.statements.put_users, &rows::USERS, put).await
    }

    async fn groups(&self, folded: &Folded<'_>, form: Form) -> Result<(), Failure> {
        let all = &folded.groups;
        let gone = all.iter().filter(|(_, last)| last.told.is_none()).map(|(id, _)| Ok([Cell::from(*id)]));
        self.send(&self.statements.delete_groups, &rows::ID, gone).await?;
        let put = all.iter().filter_map(|(id, last)| Some(form.group(*id, last, last.told?)));
        self.send(&self.statements.put_groups, &rows::GROUPS, put).await
    }

    async fn memberships(&self, folded: &Folded<'_>, form: Form) -> Result<(), Failure> {
        let emptied = folded.emptied().map(|group| Ok([group.into()]));
        self.send(&self.statements.empty_groups, &rows::GROUP, emptied).await?;
        let left = folded.left().map(|(group, member)| Ok([group.into(), member.into()]));
        self.send(&self.statements.delete_memberships, &rows::MEMBERSHIP, left).await?;
        let came = folded.came().map(|(group, member)| Ok(form.membership(group, member)));
        self.send(&self.statements.put_memberships, &rows::MEMBERSHIPS, came).await
    }

    /// Sends rows with as many statements as their bytes need.
    pub(super) async fn send<const N: usize>(
        &self,
        sql: &str,
        columns: &'static [Named; N],
        rows: impl Iterator<Item = Result<[Cell; N], serde_json::Error>> + Send,
    ) -> Result<(), Failure> {
        let (mut part, mut bytes) = (Rows::of(columns), 0);
        for row in rows {
            let row = row.map_err(|_| Failure::refused("an event cannot be written as JSON"))?;
            bytes += row.iter().map(size).sum::<usize>();
            part.push(row);
            if bytes >= BYTES || part.len() >= ROWS {
                self.execute(sql, mem::replace(&mut part, Rows::of(columns))).await?;
                bytes = 0;
            }
        }
        if part.is_empty() { Ok(()) } else { self.execute(sql, part).await }
    }

    async fn execute(&self, sql: &str, rows: Rows) -> Result<(), Failure> {
        let backend = self.names.backend;
        let statement = Statement::from_sql_and_values(backend, sql, rows.bind(backend));
        self.on.execute_raw(statement).await.map(drop).map_err(failed)
    }

    /// Ends a snapshot: what it did not tell of is not there, and events after it are not yet.
    async fn sweep(&self, sequence: i64, state: State) -> Result<(), DbErr> {
        for table in [names::MEMBERSHIPS, names::USERS, names::GROUPS] {
            let sql = format!("DELETE FROM {} WHERE generation < {}", self.names.of(table), state.generation);
            self.on.execute_unprepared(&sql).await?;
        }
        if self.with_events {
            let sql = format!("DELETE FROM {} WHERE sequence > {sequence}", self.names.of(names::EVENTS));
            self.on.execute_unprepared(&sql).await?;
        }
        Ok(())
    }

    /// Removes the oldest events, if they are older than so many days. True if there may be more.
    pub(super) async fn prune(&self, days: u32) -> Result<bool, DbErr> {
        let before = OffsetDateTime::now_utc() - Duration::days(days.into());
        let (table, before) = (self.names.of(names::EVENTS), time_text(self.names.backend, before));
        let sql = format!(
            "DELETE FROM {table} WHERE sequence <= (SELECT last FROM (SELECT MAX(sequence) AS last FROM \
             (SELECT sequence, time FROM {table} ORDER BY sequence LIMIT {PRUNED}) AS oldest \
             WHERE time < '{before}') AS found)"
        );
        Ok(self.on.execute_unprepared(&sql).await?.rows_affected() >= PRUNED.into())
    }
}

fn size(cell: &Cell) -> usize {
    if let Cell::Text(text) = cell { text.len() } else { 8 }
}
