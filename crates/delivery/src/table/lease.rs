//! What the one who feeds a store writes, as long as the lease is his.

use std::time::Duration;

use database::Database;
use sea_orm::{ConnectionTrait, Statement, Value};
use serde_json::{Map, json};
use tenancy::{NoticeType, Tenant, leave_notice};

use super::letters::insert_letter;
use super::{At, milliseconds, now};
use crate::snapshot::Wish;
use crate::{DeliveryError, StoreRecord};

/// A lease on a store. Whoever comes after has another term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) at: At,
    pub(crate) term: i64,
}

/// How a delivery ended that did not get through.
#[derive(Clone, Debug)]
pub(crate) struct Setback {
    /// The store has everything up to here.
    pub(crate) position: i64,
    /// The number of the last event that it was brought and took.
    pub(crate) brought: i64,
    pub(crate) error: String,
    /// How often it failed in a row, this time included.
    pub(crate) failures: u32,
    /// Whether something was taken since it failed the last time.
    pub(crate) is_new: bool,
    pub(crate) wait: Duration,
}

/// How far a store has come that took something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Advance {
    /// Nothing up to here is to be brought any more.
    pub(crate) position: i64,
    /// The number of the last event that it was brought and took.
    pub(crate) brought: i64,
    /// For how long the lease is prolonged.
    pub(crate) lease: Duration,
}

impl Advance {
    fn values(self) -> [Value; 3] {
        [self.position.into(), milliseconds(self.lease).into(), self.brought.into()]
    }
}

/// What becomes of a store after a setback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is tried again after the wait.
    Wait,
    /// The same, and it is told that it is degraded.
    Degrade,
    /// It is paused.
    Pause,
    /// It is switched off.
    Disable,
    /// The event with this number is parked, and the store goes on after it.
    Park(i64),
}

/// Takes the lease of a store that nobody has. One that lies too far ahead was taken before the clock of the database was
/// set back.
pub(crate) async fn claim(
    database: &Database,
    at: At,
    holder: &str,
    lease: Duration,
) -> Result<Option<Lease>, DeliveryError> {
    let backend = database.backend();
    let now = now(backend);
    let sql = format!(
        "UPDATE stores SET holder = $3, lease_ms = {now} + $4, term = term + 1 \
         WHERE tenant_id = $1 AND id = $2 AND state = 'active' AND (lease_ms <= {now} OR lease_ms > {now} + 2 * $4) \
         RETURNING term"
    );
    let [tenant, id] = at.values(backend);
    let values = [tenant, id, holder.into(), milliseconds(lease).into()];
    let row = database.writer().query_one_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    row.map(|row| Ok(Lease { at, term: row.try_get_by_index(0)? })).transpose()
}

impl Lease {
    /// Changes the row of the store, if this is still its lease.
    async fn change(
        self,
        on: &impl ConnectionTrait,
        assignments: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<bool, DeliveryError> {
        let backend = on.get_database_backend();
        let sql = format!("UPDATE stores SET {assignments} WHERE tenant_id = $1 AND id = $2 AND term = $3");
        let own = self.at.values(backend).into_iter().chain([self.term.into()]);
        let all: Vec<Value> = own.chain(values).collect();
        Ok(on.execute_raw(Statement::from_sql_and_values(backend, sql, all)).await?.rows_affected() == 1)
    }

    /// Prolongs it. False if it was lost.
    pub(crate) async fn renew(self, database: &Database, lease: Duration) -> Result<bool, DeliveryError> {
        let assignments = format!("lease_ms = {} + $4", now(database.backend()));
        self.change(database.writer(), &assignments, [milliseconds(lease).into()]).await
    }

    /// Gives it back.
    pub(crate) async fn release(self, database: &Database) -> Result<bool, DeliveryError> {
        self.change(database.writer(), "holder = NULL, lease_ms = 0", []).await
    }

    /// Gives it back; the store comes after those that wait now.
    pub(crate) async fn make_room(self, database: &Database) -> Result<bool, DeliveryError> {
        let assignments = format!("holder = NULL, lease_ms = 0, due_ms = {}", now(database.backend()));
        self.change(database.writer(), &assignments, []).await
    }

    /// Nothing up to this number is to be brought any more, and the lease is prolonged.
    pub(crate) async fn pass(self, database: &Database, position: i64, lease: Duration) -> Result<bool, DeliveryError> {
        let assignments = format!("position = $4, lease_ms = {} + $5", now(database.backend()));
        self.change(database.writer(), &assignments, [position.into(), milliseconds(lease).into()]).await
    }

    /// The store has taken what it was brought, and the lease is prolonged.
    pub(crate) async fn advance(self, database: &Database, to: Advance) -> Result<bool, DeliveryError> {
        self.change(database.writer(), &taken(database), to.values()).await
    }

    /// The same of a store that was degraded.
    pub(crate) async fn recover(
        self,
        database: &Database,
        to: Advance,
        (tenant, record): (&Tenant, &StoreRecord),
    ) -> Result<bool, DeliveryError> {
        let transaction = database.begin().await?;
        if !self.change(&transaction, &taken(database), to.values()).await? {
            return Ok(false);
        }
        let data = json!({ "store": record.name, "kind": record.kind });
        leave_notice(&transaction, tenant, NoticeType::StoreRecovered, &record.subject(), facts(data)).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// The part of the log is brought that was to be brought again; the store goes on after this number.
    pub(crate) async fn end_replay(self, database: &Database, position: i64) -> Result<bool, DeliveryError> {
        let assignments = "position = $4, replay_to = NULL, replay_back = NULL";
        self.change(database.writer(), assignments, [position.into()]).await
    }

    /// How far the snapshot has come.
    pub(crate) async fn progress(
        self,
        database: &Database,
        wish: &Wish,
        lease: Duration,
    ) -> Result<bool, DeliveryError> {
        let assignments = format!("snapshot = $4, lease_ms = {} + $5", now(database.backend()));
        self.change(database.writer(), &assignments, [wish.text().into(), milliseconds(lease).into()]).await
    }

    /// The snapshot is complete: it has everything up to this number.
    pub(crate) async fn complete(self, database: &Database, position: i64) -> Result<bool, DeliveryError> {
        let assignments = "position = $4, brought = $4, snapshot = NULL, replay_to = NULL, replay_back = NULL";
        self.change(database.writer(), assignments, [position.into()]).await
    }

    /// The store is to get a snapshot, for a reason that is told; the lease ends.
    pub(crate) async fn rebuild(
        self,
        database: &Database,
        wish: &Wish,
        (tenant, record): (&Tenant, &StoreRecord),
    ) -> Result<bool, DeliveryError> {
        let transaction = database.begin().await?;
        if !self.change(&transaction, "snapshot = $4, holder = NULL, lease_ms = 0", [wish.text().into()]).await? {
            return Ok(false);
        }
        let data = json!({ "store": record.name, "kind": record.kind, "reason": wish.why });
        leave_notice(&transaction, tenant, NoticeType::StoreRebuilding, &record.subject(), facts(data)).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// All letters that were asked for are brought, or back where they were.
    pub(crate) async fn end_letters(self, database: &Database) -> Result<bool, DeliveryError> {
        let still = "letters = EXISTS (SELECT 1 FROM dead_letters l WHERE l.tenant_id = stores.tenant_id \
                     AND l.store_id = stores.id AND l.again)";
        self.change(database.writer(), still, []).await
    }

    /// Something was not taken; the lease ends.
    pub(crate) async fn set_back(
        self,
        database: &Database,
        setback: &Setback,
        verdict: Verdict,
        (tenant, record): (&Tenant, &StoreRecord),
    ) -> Result<bool, DeliveryError> {
        let transaction = database.begin().await?;
        let (assignments, values) = written(database, setback, verdict);
        if !self.change(&transaction, &assignments, values).await? {
            return Ok(false);
        }
        if let Verdict::Park(sequence) = verdict {
            insert_letter(&transaction, self.at, (sequence, setback.failures, &setback.error)).await?;
        }
        if verdict != Verdict::Wait && !record.is_degraded {
            let parked = if let Verdict::Park(sequence) = verdict { Some(sequence) } else { None };
            let state = verdict.state().unwrap_or(record.state).as_str();
            let (name, kind, reason) = (&record.name, &record.kind, &setback.error);
            let data = json!({ "store": name, "kind": kind, "reason": reason, "state": state, "parked": parked });
            leave_notice(&transaction, tenant, NoticeType::StoreDegraded, &record.subject(), facts(data)).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }
}

/// The members of an object.
pub(super) fn facts(object: serde_json::Value) -> Map<String, serde_json::Value> {
    if let serde_json::Value::Object(members) = object { members } else { Map::new() }
}

/// What is written when a store has taken something.
fn taken(database: &Database) -> String {
    let now = now(database.backend());
    format!(
        "position = $4, attempts = 0, failing_since_ms = NULL, error = NULL, degraded = FALSE, succeeded_ms = {now}, \
         lease_ms = {now} + $5, brought = $6"
    )
}

/// What a setback writes into the row.
fn written(database: &Database, setback: &Setback, verdict: Verdict) -> (String, Vec<Value>) {
    let now = now(database.backend());
    if let Verdict::Park(sequence) = verdict {
        // The counters were those of the event that is not in the way any more.
        let assignments = "position = $4, attempts = 0, failing_since_ms = NULL, due_ms = 0, error = $5, degraded = TRUE, \
                           holder = NULL, lease_ms = 0, brought = $6";
        let values = vec![sequence.into(), setback.error.as_str().into(), setback.brought.into()];
        return (assignments.to_owned(), values);
    }
    let degraded = if verdict == Verdict::Wait { "" } else { ", degraded = TRUE" };
    let state = verdict.state().map(|state| format!(", state = '{}'", state.as_str())).unwrap_or_default();
    let assignments = format!(
        "position = $4, attempts = $5, \
         failing_since_ms = CASE WHEN $6 THEN {now} ELSE COALESCE(failing_since_ms, {now}) END, \
         due_ms = {now} + $7, error = $8, holder = NULL, lease_ms = 0, brought = $9{degraded}{state}"
    );
    let values = vec![
        setback.position.into(),
        i64::from(setback.failures).into(),
        setback.is_new.into(),
        milliseconds(setback.wait).into(),
        setback.error.as_str().into(),
        setback.brought.into(),
    ];
    (assignments, values)
}

impl Verdict {
    /// The state that it puts a store in.
    fn state(self) -> Option<crate::State> {
        match self {
            Self::Pause => Some(crate::State::Paused),
            Self::Disable => Some(crate::State::Disabled),
            Self::Wait | Self::Degrade | Self::Park(_) => None,
        }
    }
}
