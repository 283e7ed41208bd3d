//! The row of a conversion, and the lease of whoever goes on with it.

use std::time::Duration;

use database::Database;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value};
use uuid::Uuid;

use super::name::UserNames;

/// How far the conversion of a tenant is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// Its own number.
    pub id: Uuid,
    /// What user names are to be.
    pub to: UserNames,
    /// What becomes of it now.
    pub state: ConversionState,
    /// Each pass looks at every user: names that were taken may be free in the next one.
    pub pass: i64,
    /// How many users there were when it began.
    pub total: i64,
    /// How many were looked at in this pass.
    pub looked_at: i64,
    /// How many got another name, in all passes.
    pub converted: i64,
    /// How many could not get theirs in this pass.
    pub skipped: i64,
    /// When it began, in milliseconds since 1970 UTC.
    pub started_ms: i64,
    /// When it was done or cancelled.
    pub ended_ms: Option<i64>,
    pub(super) last_id: Uuid,
    pub(super) moved: i64,
}

/// What becomes of a conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConversionState {
    /// A server goes on with it, or the next one that runs.
    Running,
    /// Nobody goes on with it until it is resumed.
    Paused,
    /// It is done.
    Done,
    /// It was broken off; what was converted stays.
    Cancelled,
}

/// The turn of one server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lease {
    pub(super) tenant: i64,
    pub(super) term: i64,
}

const COLUMNS: &str = "CAST(c.id AS text), c.target, c.state, c.pass, c.total, c.looked_at, c.converted, c.skipped, \
                       c.started_ms, c.ended_ms, CAST(c.last_id AS text), c.moved";

impl ConversionState {
    const ALL: [Self; 4] = [Self::Running, Self::Paused, Self::Done, Self::Cancelled];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether there is more to come.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }
}

/// Milliseconds since 1970 UTC by the clock of the database, as an expression.
pub(crate) fn now(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
        _ => "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
    }
}

fn uuid(backend: DbBackend, parameter: usize) -> String {
    if backend == DbBackend::Postgres { format!("CAST(${parameter} AS uuid)") } else { format!("${parameter}") }
}

async fn execute(database: &Database, sql: String, values: Vec<Value>) -> Result<u64, DbErr> {
    let statement = Statement::from_sql_and_values(database.backend(), sql, values);
    Ok(database.writer().execute_raw(statement).await?.rows_affected())
}

/// The last one of a tenant.
pub(super) async fn find(database: &Database, tenant: i64) -> Result<Option<Conversion>, DbErr> {
    let sql = format!("SELECT {COLUMNS} FROM conversions c WHERE c.tenant_id = $1");
    let rows = database.query(Statement::from_sql_and_values(database.backend(), sql, [tenant.into()])).await?;
    rows.first().map(read).transpose()
}

/// Begins one, unless one is open.
pub(super) async fn begin(database: &Database, tenant: i64, to: UserNames, total: i64) -> Result<bool, DbErr> {
    let backend = database.backend();
    let (id, nil, now) = (uuid(backend, 2), uuid(backend, 5), now(backend));
    let sql = format!(
        "INSERT INTO conversions (tenant_id, id, target, state, last_id, total, started_ms) \
         SELECT t.id, {id}, $3, 'running', {nil}, $4, {now} FROM tenants t WHERE t.id = $1 \
         ON CONFLICT (tenant_id) DO UPDATE SET id = excluded.id, target = excluded.target, state = 'running', \
         last_id = excluded.last_id, pass = 1, total = excluded.total, looked_at = 0, moved = 0, converted = 0, skipped = 0, \
         started_ms = excluded.started_ms, ended_ms = NULL, holder = NULL, lease_ms = 0, term = conversions.term + 1 \
         WHERE conversions.state NOT IN ('running', 'paused')"
    );
    let values = vec![
        tenant.into(),
        Uuid::now_v7().to_string().into(),
        to.as_str().into(),
        total.into(),
        Uuid::nil().to_string().into(),
    ];
    Ok(execute(database, sql, values).await? == 1)
}

/// Puts one into another state, if it is in one of these. Whoever goes on with it loses the lease.
pub(super) async fn turn(
    database: &Database,
    tenant: i64,
    from: &[ConversionState],
    to: ConversionState,
) -> Result<bool, DbErr> {
    let from = from.iter().map(|state| format!("'{}'", state.as_str())).collect::<Vec<_>>().join(", ");
    let ended = if to.is_open() { "NULL" } else { now(database.backend()) };
    let sql = format!(
        "UPDATE conversions SET state = $2, ended_ms = {ended}, holder = NULL, lease_ms = 0, term = term + 1 \
         WHERE tenant_id = $1 AND state IN ({from})"
    );
    Ok(execute(database, sql, vec![tenant.into(), to.as_str().into()]).await? == 1)
}

/// The tenants whose conversion nobody goes on with.
pub(super) async fn waiting(database: &Database) -> Result<Vec<i64>, DbErr> {
    let sql = format!(
        "SELECT tenant_id FROM conversions WHERE state = 'running' AND lease_ms <= {}",
        now(database.backend())
    );
    let rows = database.query(Statement::from_string(database.backend(), sql)).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

/// Takes the lease of one that nobody goes on with.
pub(super) async fn claim(
    database: &Database,
    tenant: i64,
    holder: &str,
    length: Duration,
) -> Result<Option<(Lease, Conversion)>, DbErr> {
    let now = now(database.backend());
    let sql = format!(
        "UPDATE conversions SET holder = $2, lease_ms = {now} + $3, term = term + 1 \
         WHERE tenant_id = $1 AND state = 'running' AND (lease_ms <= {now} OR lease_ms > {now} + 2 * $3) RETURNING term"
    );
    let values: [Value; 3] = [tenant.into(), holder.into(), milliseconds(length).into()];
    let statement = Statement::from_sql_and_values(database.backend(), sql, values);
    let Some(row) = database.writer().query_one_raw(statement).await? else { return Ok(None) };
    let lease = Lease { tenant, term: row.try_get_by_index(0)? };
    Ok(find(database, tenant).await?.map(|conversion| (lease, conversion)))
}

impl Lease {
    /// Writes how far it is, and keeps the lease. False if it was lost, or nobody is to go on.
    pub(super) async fn save(self, database: &Database, at: &Conversion, length: Duration) -> Result<bool, DbErr> {
        let backend = database.backend();
        let (last, now) = (uuid(backend, 3), now(backend));
        let is_done = at.state == ConversionState::Done;
        let (lease, ended) = if is_done { ("0".to_owned(), now) } else { (format!("{now} + $10"), "NULL") };
        let length = milliseconds(length);
        let sql = format!(
            "UPDATE conversions SET last_id = {last}, pass = $4, looked_at = $5, moved = $6, converted = $7, skipped = $8, \
             state = $9, lease_ms = {lease}, ended_ms = {ended} \
             WHERE tenant_id = $1 AND term = $2 AND state = 'running'"
        );
        let mut values: Vec<Value> = vec![
            self.tenant.into(),
            self.term.into(),
            at.last_id.to_string().into(),
            at.pass.into(),
            at.looked_at.into(),
            at.moved.into(),
            at.converted.into(),
            at.skipped.into(),
            at.state.as_str().into(),
        ];
        if !is_done {
            values.push(length.into());
        }
        Ok(execute(database, sql, values).await? == 1)
    }
}

fn milliseconds(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}

fn read(row: &QueryResult) -> Result<Conversion, DbErr> {
    let unreadable = |what: &str| DbErr::Custom(format!("a conversion has an unknown {what}"));
    let id =
        |index| -> Result<Uuid, DbErr> { row.try_get_by_index::<String>(index)?.parse().map_err(|_| unreadable("id")) };
    let (target, state): (String, String) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
    let known = ConversionState::ALL.into_iter().find(|known| known.as_str() == state);
    Ok(Conversion {
        id: id(0)?,
        to: UserNames::parse(&target).ok_or_else(|| unreadable("target"))?,
        state: known.ok_or_else(|| unreadable("state"))?,
        pass: row.try_get_by_index(3)?,
        total: row.try_get_by_index(4)?,
        looked_at: row.try_get_by_index(5)?,
        converted: row.try_get_by_index(6)?,
        skipped: row.try_get_by_index(7)?,
        started_ms: row.try_get_by_index(8)?,
        ended_ms: row.try_get_by_index(9)?,
        last_id: id(10)?,
        moved: row.try_get_by_index(11)?,
    })
}
