//! Reading a tenant's events in order, and waiting for the next.

use std::sync::Arc;
use std::time::Duration;

use database::Database;
use sea_orm::{DbBackend, DbErr, QueryResult, Statement};
use serde_json::value::RawValue;
use tenancy::Administered;
use time::OffsetDateTime;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::Event;

/// The log of all tenants; every call names one by an operator's proof.
#[derive(Clone, Debug)]
pub struct Events {
    database: Database,
    appended: Arc<Notify>,
    /// How often one who waits looks by itself, because others append too.
    look: Option<Duration>,
}

/// How late an event of another replica may be told to who follows the log.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

impl Events {
    /// The log in this database. `is_shared` says whether other processes append to it too.
    #[must_use]
    pub fn new(database: Database, is_shared: bool) -> Self {
        Self { database, appended: Arc::new(Notify::new()), look: is_shared.then_some(BETWEEN_LOOKS) }
    }

    /// Wakes who waits for new events; to be called after a commit that appended some.
    pub fn announce(&self) {
        self.appended.notify_waiters();
    }

    /// Up to `limit` events numbered above `after`, in order.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn after(&self, tenant: &Administered, after: i64, limit: u32) -> Result<Vec<Event>, DbErr> {
        let backend = self.database.backend();
        let id = if backend == DbBackend::Sqlite { "id" } else { "CAST(id AS text)" };
        let sql = format!(
            "SELECT {id}, sequence, type, subject, time, data FROM events \
             WHERE tenant_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3"
        );
        let values = [tenant.tenant().id().as_i64().into(), after.into(), i64::from(limit).into()];
        let rows = self.database.query(Statement::from_sql_and_values(backend, sql, values)).await?;
        let source = format!("/tenants/{}", tenant.tenant().name());
        rows.iter().map(|row| event(row, &source)).collect()
    }

    /// Like [`Events::after`], but waits up to `patience` for the first event to come.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn wait(
        &self,
        tenant: &Administered,
        after: i64,
        limit: u32,
        patience: Duration,
    ) -> Result<Vec<Event>, DbErr> {
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            // Listening starts before looking, so nothing can come between the two unseen.
            let appended = self.appended.notified();
            tokio::pin!(appended);
            appended.as_mut().enable();
            let events = self.after(tenant, after, limit).await?;
            if !events.is_empty() || tokio::time::Instant::now() >= deadline {
                return Ok(events);
            }
            // Whatever ended the waiting, one looks again.
            let _ = tokio::time::timeout_at(self.next_look(deadline), appended).await;
        }
    }

    fn next_look(&self, deadline: tokio::time::Instant) -> tokio::time::Instant {
        self.look.map_or(deadline, |look| deadline.min(tokio::time::Instant::now() + look))
    }
}

fn event(row: &QueryResult, source: &str) -> Result<Event, DbErr> {
    let id: String = row.try_get_by_index(0)?;
    let time_ms: i64 = row.try_get_by_index(4)?;
    let data: String = row.try_get_by_index(5)?;
    Ok(Event {
        specversion: "1.0",
        id: Uuid::parse_str(&id).map_err(unreadable)?,
        source: source.to_owned(),
        event_type: row.try_get_by_index(2)?,
        subject: row.try_get_by_index(3)?,
        time: OffsetDateTime::from_unix_timestamp_nanos(i128::from(time_ms) * 1_000_000).map_err(unreadable)?,
        sequence: row.try_get_by_index(1)?,
        datacontenttype: "application/json",
        data: RawValue::from_string(data).map_err(unreadable)?,
    })
}

fn unreadable(error: impl std::error::Error) -> DbErr {
    DbErr::Custom(format!("an event in the log cannot be read: {error}"))
}
