//! The tables `stores` and `dead_letters`, in SQL that both databases speak. Moments are those of the database's clock, because
//! several servers share leases.

use std::time::Duration;

use database::Database;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, QueryResult, Statement, Value};
use uuid::Uuid;

use crate::{DeliveryError, StoreId, StoreRecord};

/// One store of one tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct At {
    pub(crate) tenant: i64,
    pub(crate) store: StoreId,
}

/// A store that somebody should look after, and the name of its tenant.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) at: At,
    pub(crate) tenant: String,
}

/// A lease on a store. Whoever comes after has another term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) at: At,
    pub(crate) term: i64,
}

/// How a delivery ended that did not get through.
#[derive(Clone, Debug)]
pub(crate) struct Setback {
    pub(crate) position: i64,
    pub(crate) error: String,
    pub(crate) wait: Duration,
}

/// The clock of the database in milliseconds since 1970.
pub(crate) fn now(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
        _ => "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
    }
}

fn id_column(backend: DbBackend) -> &'static str {
    if backend == DbBackend::Sqlite { "s.id" } else { "CAST(s.id AS text)" }
}

fn id_value(backend: DbBackend, id: StoreId) -> Value {
    if backend == DbBackend::Sqlite { id.0.to_string().into() } else { id.0.into() }
}

impl At {
    fn values(self, backend: DbBackend) -> [Value; 2] {
        [self.tenant.into(), id_value(backend, self.store)]
    }
}

/// The columns of a record, in the order that [`read`] reads.
fn columns(backend: DbBackend) -> String {
    format!(
        "s.tenant_id, {}, s.name, s.kind, s.options, s.settings, s.secrets, s.version, s.state, s.position, \
         COALESCE((SELECT d.sequence FROM directories d WHERE d.tenant_id = s.tenant_id), 0), s.snapshot, s.attempts, \
         s.failing_since_ms, s.due_ms, s.error, s.degraded, s.succeeded_ms, \
         (SELECT COUNT(*) FROM dead_letters l WHERE l.tenant_id = s.tenant_id AND l.store_id = s.id), s.created_ms, s.modified_ms, {}",
        id_column(backend),
        now(backend)
    )
}

fn read(row: &QueryResult) -> Result<StoreRecord, DeliveryError> {
    let text = |index| row.try_get_by_index::<String>(index);
    let state: String = text(8)?;
    Ok(StoreRecord {
        tenant: row.try_get_by_index(0)?,
        id: StoreId(Uuid::parse_str(&text(1)?).map_err(|error| unreadable(&error))?),
        name: text(2)?,
        kind: text(3)?,
        options: serde_json::from_str(&text(4)?)?,
        settings: serde_json::from_str(&text(5)?)?,
        secrets: row.try_get_by_index(6)?,
        version: row.try_get_by_index(7)?,
        state: state.parse().map_err(|error: String| DbErr::Type(error))?,
        position: row.try_get_by_index(9)?,
        newest: row.try_get_by_index(10)?,
        wants_snapshot: row.try_get_by_index::<Option<String>>(11)?.is_some(),
        attempts: u32::try_from(row.try_get_by_index::<i64>(12)?).unwrap_or(u32::MAX),
        failing_since_ms: row.try_get_by_index(13)?,
        due_ms: row.try_get_by_index(14)?,
        error: row.try_get_by_index(15)?,
        is_degraded: row.try_get_by_index(16)?,
        succeeded_ms: row.try_get_by_index(17)?,
        dead_letters: row.try_get_by_index(18)?,
        created_ms: row.try_get_by_index(19)?,
        modified_ms: row.try_get_by_index(20)?,
        read_ms: row.try_get_by_index(21)?,
    })
}

fn unreadable(error: &uuid::Error) -> DbErr {
    DbErr::Type(format!("the id of a store cannot be read: {error}"))
}

/// The stores of a tenant, by name.
pub(crate) async fn of_tenant(database: &Database, tenant: i64) -> Result<Vec<StoreRecord>, DeliveryError> {
    let backend = database.backend();
    let sql = format!("SELECT {} FROM stores s WHERE s.tenant_id = $1 ORDER BY s.name", columns(backend));
    let rows = database.query(Statement::from_sql_and_values(backend, sql, [tenant.into()])).await?;
    rows.iter().map(read).collect()
}

/// One store.
pub(crate) async fn find(database: &Database, at: At) -> Result<Option<StoreRecord>, DeliveryError> {
    let backend = database.backend();
    let sql = format!("SELECT {} FROM stores s WHERE s.tenant_id = $1 AND s.id = $2", columns(backend));
    let rows = database.query(Statement::from_sql_and_values(backend, sql, at.values(backend))).await?;
    rows.first().map(read).transpose()
}

/// The stores that have something to get, are due, and are looked after by nobody.
pub(crate) async fn waiting(database: &Database, limit: u32) -> Result<Vec<Waiting>, DeliveryError> {
    let backend = database.backend();
    let (id, now) = (id_column(backend), now(backend));
    let sql = format!(
        "SELECT s.tenant_id, {id}, t.name FROM stores s CROSS JOIN tenants t CROSS JOIN directories d \
         WHERE t.id = s.tenant_id AND d.tenant_id = s.tenant_id AND s.state = 'active' AND s.kind <> 'pull' \
         AND s.due_ms <= {now} \
         AND s.lease_ms <= {now} AND (d.sequence > s.position OR s.snapshot IS NOT NULL) ORDER BY s.due_ms LIMIT {limit}"
    );
    let rows = database.query(Statement::from_string(backend, sql)).await?;
    rows.iter()
        .map(|row| {
            let id = Uuid::parse_str(&row.try_get_by_index::<String>(1)?).map_err(|error| unreadable(&error))?;
            let at = At { tenant: row.try_get_by_index(0)?, store: StoreId(id) };
            Ok(Waiting { at, tenant: row.try_get_by_index(2)? })
        })
        .collect()
}

/// Takes the lease of a store that nobody has.
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
         WHERE tenant_id = $1 AND id = $2 AND state = 'active' AND lease_ms <= {now} RETURNING term"
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

    /// The store has everything up to this number.
    pub(crate) async fn advance(self, database: &Database, position: i64) -> Result<bool, DeliveryError> {
        let assignments = format!(
            "position = $4, attempts = 0, failing_since_ms = NULL, error = NULL, degraded = FALSE, succeeded_ms = {}",
            now(database.backend())
        );
        self.change(database.writer(), &assignments, [position.into()]).await
    }

    /// The event after this number was not taken; the lease ends, and the store is tried again after a wait.
    pub(crate) async fn fail(self, database: &Database, setback: &Setback) -> Result<bool, DeliveryError> {
        let now = now(database.backend());
        let assignments = format!(
            "attempts = CASE WHEN position = $4 THEN attempts + 1 ELSE 1 END, \
             failing_since_ms = CASE WHEN position = $4 THEN COALESCE(failing_since_ms, {now}) ELSE {now} END, \
             position = $4, due_ms = {now} + $5, error = $6, holder = NULL, lease_ms = 0"
        );
        let values = [setback.position.into(), milliseconds(setback.wait).into(), setback.error.as_str().into()];
        self.change(database.writer(), &assignments, values).await
    }

    /// The store is not fed any more, until somebody changes that; the lease ends.
    pub(crate) async fn stop(
        self,
        database: &Database,
        state: crate::State,
        setback: &Setback,
    ) -> Result<bool, DeliveryError> {
        let assignments = "state = $4, position = $5, error = $6, degraded = TRUE, holder = NULL, lease_ms = 0";
        let values = [state.as_str().into(), setback.position.into(), setback.error.as_str().into()];
        self.change(database.writer(), assignments, values).await
    }

    /// The event with this number is parked, and the store goes on after it.
    pub(crate) async fn park(
        self,
        database: &Database,
        sequence: i64,
        attempts: u32,
        error: &str,
    ) -> Result<bool, DeliveryError> {
        let backend = database.backend();
        let transaction = database.begin().await?;
        let assignments =
            "position = $4, attempts = 0, failing_since_ms = NULL, due_ms = 0, degraded = TRUE, error = $5";
        if !self.change(&transaction, assignments, [sequence.into(), error.into()]).await? {
            return Ok(false);
        }
        insert_dead_letter(&transaction, backend, self.at, (sequence, attempts, error)).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

async fn insert_dead_letter(
    transaction: &DatabaseTransaction,
    backend: DbBackend,
    at: At,
    (sequence, attempts, error): (i64, u32, &str),
) -> Result<(), DbErr> {
    let sql = format!(
        "INSERT INTO dead_letters (tenant_id, store_id, sequence, parked_ms, attempts, error) \
         VALUES ($1, $2, $3, {}, $4, $5) ON CONFLICT (tenant_id, store_id, sequence) DO UPDATE \
         SET parked_ms = excluded.parked_ms, attempts = excluded.attempts, error = excluded.error",
        now(backend)
    );
    let [tenant, id] = at.values(backend);
    let values = [tenant, id, sequence.into(), i64::from(attempts).into(), error.into()];
    transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.map(|_| ())
}

/// Adds a store.
pub(crate) async fn insert(database: &Database, store: &StoreRecord) -> Result<(), DeliveryError> {
    let backend = database.backend();
    let now = now(backend);
    let sql = format!(
        "INSERT INTO stores (tenant_id, id, name, kind, options, settings, secrets, state, position, snapshot, created_ms, modified_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, {now}, {now}) ON CONFLICT (tenant_id, name) DO NOTHING"
    );
    let [tenant, id] = At { tenant: store.tenant, store: store.id }.values(backend);
    let values = [
        tenant,
        id,
        store.name.as_str().into(),
        store.kind.as_str().into(),
        serde_json::to_string(&store.options)?.into(),
        serde_json::to_string(&store.settings)?.into(),
        store.secrets.clone().into(),
        store.state.as_str().into(),
        store.position.into(),
        store.wants_snapshot.then_some("wanted").into(),
    ];
    let inserted = database.writer().execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    if inserted.rows_affected() == 0 {
        return Err(DeliveryError::Taken { name: store.name.clone() });
    }
    Ok(())
}

/// Changes the row of a store; whoever feeds it loses the lease. False if there is none.
pub(crate) async fn change(
    database: &Database,
    at: At,
    assignments: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<bool, DeliveryError> {
    let backend = database.backend();
    let sql = format!(
        "UPDATE stores SET {assignments}, term = term + 1, holder = NULL, lease_ms = 0 WHERE tenant_id = $1 AND id = $2"
    );
    let all: Vec<Value> = at.values(backend).into_iter().chain(values).collect();
    let done = database.writer().execute_raw(Statement::from_sql_and_values(backend, sql, all)).await?;
    Ok(done.rows_affected() == 1)
}

/// The reader of a store has everything up to this number.
pub(crate) async fn acknowledge(database: &Database, at: At, position: i64) -> Result<(), DeliveryError> {
    let backend = database.backend();
    let now = now(backend);
    let sql = format!(
        "UPDATE stores SET position = $3, succeeded_ms = {now} WHERE tenant_id = $1 AND id = $2 AND position < $3"
    );
    let [tenant, id] = at.values(backend);
    let values = [tenant, id, position.into()];
    database.writer().execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}

/// Removes a store, and what is parked for it.
pub(crate) async fn delete(database: &Database, at: At) -> Result<bool, DeliveryError> {
    let backend = database.backend();
    let sql = "DELETE FROM stores WHERE tenant_id = $1 AND id = $2";
    let done = database.writer().execute_raw(Statement::from_sql_and_values(backend, sql, at.values(backend))).await?;
    Ok(done.rows_affected() == 1)
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
