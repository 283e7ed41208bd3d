//! A store in a relational database of the tenant's own: the users, groups and memberships as they are now, and the events that led
//! there.
//!
//! Events and the position are written in one transaction, so each event has its effect exactly once, whatever is killed
//! when. The row with the position is locked first and counts the writes: who finds that somebody else has written since applies
//! nothing.

mod address;
mod compare;
mod connect;
mod failure;
mod fold;
mod names;
mod prepare;
mod probe;
mod read;
mod rows;
mod settings;
mod state;
mod statements;
mod tables;
#[cfg(test)]
mod tests;
mod write;

use std::slice;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use events::Event;
use sea_orm::{DatabaseConnection, DatabaseTransaction};
use serde_json::{Map, Value};

use self::failure::failed;
use self::names::Names;
use self::settings::Settings;
use self::state::State;
use self::statements::Statements;
use self::write::{Writer, begin};
use super::{Failed, Failure, Kind, Opened, Opening, Place, Store, read};
use crate::drift::Comparable;

pub(super) const KIND: Kind = Kind {
    name: "sql",
    about: "a database with tables of users, groups, memberships and events (SQLite, PostgreSQL, MySQL, MariaDB)",
    secrets: &["url"],
    check,
    open,
};

/// How often old events are looked for, while events come.
const PRUNE: Duration = Duration::from_secs(60);

struct SqlStore {
    connection: DatabaseConnection,
    names: Names,
    statements: Statements,
    settings: Settings,
    place: Place,
    /// How far it has come, once its tables were looked at.
    state: Option<State>,
    /// When old events are looked for.
    prune: Instant,
}

fn check(settings: &Map<String, Value>) -> Result<(), String> {
    read::<Settings>(settings)?.check()
}

fn open(opening: Opening) -> Opened {
    Box::pin(async move {
        let settings: Settings = read(&opening.settings).map_err(Failure::refused)?;
        settings.check().map_err(Failure::refused)?;
        let connection = connect::connect(&settings, &opening.place).await?;
        let backend = connection.get_database_backend();
        let names = Names { backend, schema: settings.schema.clone(), prefix: settings.prefix.clone() };
        let (statements, place, prune) = (Statements::of(&names), opening.place, Instant::now());
        let store = SqlStore { connection, names, statements, settings, place, state: None, prune };
        Ok(Box::new(store) as Box<dyn Store>)
    })
}

#[async_trait]
impl Store for SqlStore {
    async fn apply(&mut self, events: &[Event]) -> Result<(), Failed> {
        match self.bring(events).await {
            // Those before the one that is refused are not held up, and it is found out which one that is.
            Err(Failure::Refused { .. }) if events.len() > 1 => {
                for (taken, event) in events.iter().enumerate() {
                    self.bring(slice::from_ref(event)).await.map_err(|failure| failure.after(taken))?;
                }
                Ok(())
            }
            brought => brought.map_err(Failed::from),
        }
    }

    async fn position(&mut self) -> Result<Option<i64>, Failure> {
        Ok(Some(self.prepared().await?.position))
    }

    async fn probe(&mut self) -> Result<(), Failure> {
        let probing = probe::probe(&self.connection, &self.names, &self.place, self.settings.events);
        tokio::time::timeout(self.settings.timeout(), probing).await.unwrap_or_else(|_| Err(self.late()))
    }

    fn comparable(&mut self) -> Option<&mut dyn Comparable> {
        Some(self)
    }
}

impl SqlStore {
    /// How far it has come, by its tables; they are made or brought up to this version first.
    async fn prepared(&mut self) -> Result<State, Failure> {
        if let Some(state) = self.state {
            return Ok(state);
        }
        let state = prepare::prepare(&self.connection, &self.names, &self.place, self.settings.events).await?;
        Ok(*self.state.insert(state))
    }

    /// Brings these events wholly or not at all.
    async fn bring(&mut self, events: &[Event]) -> Result<(), Failure> {
        let before = self.prepared().await?;
        let prunes = self.settings.events_days.filter(|_| self.prune <= Instant::now());
        let timeout = self.settings.timeout();
        let written = tokio::time::timeout(timeout, self.write(events, before, prunes)).await;
        let (state, is_pruned) = written.unwrap_or_else(|_| Err(self.late()))?;
        self.state = Some(state);
        if prunes.is_some() && is_pruned {
            self.prune = Instant::now() + PRUNE;
        }
        Ok(())
    }

    async fn write(&self, events: &[Event], before: State, prunes: Option<u32>) -> Result<(State, bool), Failure> {
        let transaction = begin(&self.connection).await.map_err(failed)?;
        self.lock(&transaction, before).await?;
        let writer = Writer {
            on: &transaction,
            names: &self.names,
            statements: &self.statements,
            with_events: self.settings.events,
        };
        let mut state = State { writes: before.writes + 1, ..before };
        writer.write(events, &mut state).await?;
        let has_more = match prunes {
            Some(days) => writer.prune(days).await.map_err(failed)?,
            None => false,
        };
        state::save(&transaction, &self.names, state).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok((state, !has_more))
    }

    /// Sees to it that nobody else writes before the transaction ends, or has written since.
    async fn lock(&self, on: &DatabaseTransaction, before: State) -> Result<(), Failure> {
        let row = state::lock(on, &self.names).await.map_err(failed)?;
        let is_own = row.is_some_and(|row| row.state == before && row.store_id == self.place.id.to_string());
        if is_own {
            return Ok(());
        }
        Err(Failure::unavailable("another process has written to the store; it is looked at again"))
    }

    fn late(&self) -> Failure {
        let seconds = self.settings.timeout().as_secs();
        Failure::unavailable(format!("the database of the store did not answer within {seconds} s (timeout_seconds)"))
    }
}
