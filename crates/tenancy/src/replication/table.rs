//! The tables `deployment`, `changes` and `replicas`.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use database::Database;
use replicas::ReplicaId;
use replicas::protocol::{Generation, Member};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};

use crate::{TenancyError, TenantId};

/// How many generations back it is remembered what changed. Who is further behind reads everything.
const REMEMBERED: Generation = 1000;

/// The number of no tenant: what was changed is of all of them. The version before looks for this tenant, and finds none.
pub(super) const OF_ALL: TenantId = TenantId::new(0);

const MEMBERS: &str = "SELECT id, beat, acknowledged, lease_ms, signing_keys FROM replicas";

/// What all replicas share.
#[derive(Clone, Debug)]
pub(crate) struct DeploymentRow {
    pub(crate) name: String,
    pub(crate) signing_key: Option<String>,
}

/// What a replica tells of itself.
#[derive(Debug)]
pub(crate) struct Registration {
    pub(crate) id: ReplicaId,
    pub(crate) lease: Duration,
    beats: AtomicI64,
}

impl Registration {
    pub(super) fn new(id: ReplicaId, lease: Duration) -> Self {
        Self { id, lease, beats: AtomicI64::new(0) }
    }

    /// Another number each time: whoever was taken off the list and is back must not be taken for who was waited for.
    fn next_beat(&self) -> i64 {
        self.beats.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// Takes the next generation. Until the transaction has ended, nobody else changes a tenant.
pub(crate) async fn take_generation(on: &impl ConnectionTrait) -> Result<Generation, TenancyError> {
    let sql = "UPDATE deployment SET generation = generation + 1 WHERE id = 1 RETURNING generation";
    Ok(one(on.query_one_raw(statement(on, sql, [])).await?)?.try_get_by_index(0)?)
}

/// Notes what a generation changes, and forgets what is long past.
pub(crate) async fn note_change(
    on: &impl ConnectionTrait,
    generation: Generation,
    tenant: TenantId,
) -> Result<(), TenancyError> {
    let sql = "INSERT INTO changes (generation, tenant_id) VALUES ($1, $2)";
    on.execute_raw(statement(on, sql, [generation.into(), tenant.as_i64().into()])).await?;
    let sql = "DELETE FROM changes WHERE generation <= $1";
    on.execute_raw(statement(on, sql, [(generation - REMEMBERED).into()])).await?;
    Ok(())
}

/// The newest generation.
pub(crate) async fn generation(on: &impl ConnectionTrait) -> Result<Generation, TenancyError> {
    let sql = "SELECT generation FROM deployment WHERE id = 1";
    Ok(one(on.query_one_raw(statement(on, sql, [])).await?)?.try_get_by_index(0)?)
}

/// What one question tells.
#[derive(Clone, Debug)]
pub(crate) struct Newest {
    pub(crate) generation: Generation,
    /// By PostgreSQL, in milliseconds since 1970.
    pub(crate) time_ms: Option<i64>,
    /// The id of the key that signs.
    pub(crate) signing_key: Option<String>,
}

/// The newest generation, what time it is, and which key signs.
pub(crate) async fn newest(on: &impl ConnectionTrait) -> Result<Newest, TenancyError> {
    if on.get_database_backend() == sea_orm::DbBackend::Sqlite {
        return Ok(Newest { generation: generation(on).await?, time_ms: None, signing_key: None });
    }
    let sql = "SELECT generation, CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT), signing_key \
               FROM deployment WHERE id = 1";
    let row = one(on.query_one_raw(statement(on, sql, [])).await?)?;
    Ok(Newest {
        generation: row.try_get_by_index(0)?,
        time_ms: Some(row.try_get_by_index(1)?),
        signing_key: row.try_get_by_index(2)?,
    })
}

/// The tenants that generations after `held`, up to `newest`, have changed; nothing if that is not remembered.
pub(crate) async fn changed(
    on: &impl ConnectionTrait,
    held: Generation,
    newest: Generation,
) -> Result<Option<Vec<TenantId>>, TenancyError> {
    if held + REMEMBERED < newest {
        return Ok(None);
    }
    let sql = "SELECT DISTINCT tenant_id FROM changes WHERE generation > $1 AND generation <= $2 ORDER BY tenant_id";
    let rows = on.query_all_raw(statement(on, sql, [held.into(), newest.into()])).await?;
    let ids = rows.iter().map(|row| Ok(TenantId::new(row.try_get_by_index(0)?))).collect::<Result<_, DbErr>>()?;
    Ok(Some(ids))
}

/// What all replicas share. In a transaction on PostgreSQL, `locked` keeps others from starting or changing meanwhile.
pub(crate) async fn deployment(on: &impl ConnectionTrait, locked: bool) -> Result<DeploymentRow, TenancyError> {
    let lock = if locked { " FOR UPDATE" } else { "" };
    let sql = format!("SELECT name, signing_key FROM deployment WHERE id = 1{lock}");
    let row = one(on.query_one_raw(statement(on, &sql, [])).await?)?;
    Ok(DeploymentRow { name: row.try_get_by_index(0)?, signing_key: row.try_get_by_index(1)? })
}

/// Notes which key signs from now on, in milliseconds since 1970, and which one does not any more.
pub(crate) async fn note_key(
    on: &impl ConnectionTrait,
    key: &str,
    before: Option<&str>,
    now_ms: i64,
) -> Result<(), TenancyError> {
    let sql = "UPDATE deployment SET signing_key = $1 WHERE id = 1 AND (signing_key IS NULL OR signing_key <> $1)";
    on.execute_raw(statement(on, sql, [key.into()])).await?;
    let sql = "INSERT INTO signing_keys (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET stopped_ms = NULL";
    on.execute_raw(statement(on, sql, [key.into()])).await?;
    match before.filter(|before| *before != key) {
        Some(before) => note_end_of_key(on, before, now_ms).await,
        None => Ok(()),
    }
}

/// Notes that a key does not sign any more, also one that the version before has signed with and nobody has noted. Of
/// several servers the last one counts.
pub(crate) async fn note_end_of_key(on: &impl ConnectionTrait, key: &str, now_ms: i64) -> Result<(), TenancyError> {
    let sql = "INSERT INTO signing_keys (id, stopped_ms) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE \
               SET stopped_ms = excluded.stopped_ms \
               WHERE signing_keys.stopped_ms IS NULL OR signing_keys.stopped_ms < excluded.stopped_ms";
    on.execute_raw(statement(on, sql, [key.into(), now_ms.into()])).await?;
    Ok(())
}

/// Since when a key has not signed, in milliseconds since 1970: `None` if it never did, `Some(None)` if that is not known.
pub(crate) async fn end_of_key(on: &impl ConnectionTrait, key: &str) -> Result<Option<Option<i64>>, TenancyError> {
    let sql = "SELECT stopped_ms FROM signing_keys WHERE id = $1";
    let row = on.query_one_raw(statement(on, sql, [key.into()])).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// Puts a replica on the list, or says that it is still there. `keys` are the ids of its signing keys, separated by
/// commas; the one that signs comes first. It goes by its share of the rates, or not.
pub(crate) fn registering(
    backend: sea_orm::DbBackend,
    registration: &Registration,
    (keys, goes_by_share): (&str, bool),
    held: Generation,
) -> Statement {
    let sql = "INSERT INTO replicas (id, beat, acknowledged, lease_ms, signing_keys, by_share) \
               VALUES ($1, $5, $2, $3, $4, $6) \
               ON CONFLICT (id) DO UPDATE SET beat = excluded.beat, acknowledged = excluded.acknowledged, \
               signing_keys = excluded.signing_keys, by_share = excluded.by_share \
               RETURNING beat";
    let lease = i64::try_from(registration.lease.as_millis()).unwrap_or(i64::MAX);
    let beat = registration.next_beat();
    let by_share = i64::from(goes_by_share);
    let values =
        [registration.id.to_string().into(), held.into(), lease.into(), keys.into(), beat.into(), by_share.into()];
    Statement::from_sql_and_values(backend, sql, values)
}

/// Notes that a replica holds a generation.
pub(crate) async fn acknowledge(database: &Database, id: ReplicaId, held: Generation) -> Result<(), TenancyError> {
    let sql = "UPDATE replicas SET acknowledged = $2 WHERE id = $1 AND acknowledged < $2 RETURNING beat";
    let values = [id.to_string().into(), held.into()];
    database.query(Statement::from_sql_and_values(database.backend(), sql, values)).await?;
    Ok(())
}

/// The list of replicas, with the ids of their keys.
pub(crate) async fn members(database: &Database) -> Result<Vec<(Member<ReplicaId>, String)>, TenancyError> {
    let rows = database.query(Statement::from_string(database.backend(), MEMBERS)).await?;
    rows.iter().map(member).collect()
}

/// The list of replicas, and whether each goes by its share of the rates.
pub(crate) async fn members_and_shares(database: &Database) -> Result<Vec<(Member<ReplicaId>, bool)>, TenancyError> {
    let sql = "SELECT id, beat, acknowledged, lease_ms, signing_keys, by_share FROM replicas";
    let rows = database.query(Statement::from_string(database.backend(), sql)).await?;
    let listed = |row: &QueryResult| Ok((member(row)?.0, row.try_get_by_index::<i64>(5)? != 0));
    rows.iter().map(listed).collect()
}

/// The list with the ids of keys, as a transaction sees it.
pub(crate) async fn members_on(on: &impl ConnectionTrait) -> Result<Vec<(Member<ReplicaId>, String)>, TenancyError> {
    on.query_all_raw(statement(on, MEMBERS, [])).await?.iter().map(member).collect()
}

/// Takes a replica off the list, unless it has registered again.
pub(crate) async fn remove(database: &Database, member: &Member<ReplicaId>) -> Result<(), TenancyError> {
    let sql = "DELETE FROM replicas WHERE id = $1 AND beat = $2 RETURNING beat";
    let values = [member.id.to_string().into(), member.beat.into()];
    database.query(Statement::from_sql_and_values(database.backend(), sql, values)).await?;
    Ok(())
}

/// Takes a replica off the list that trusts nothing any more.
pub(crate) async fn leave(database: &Database, id: ReplicaId) -> Result<(), TenancyError> {
    let sql = "DELETE FROM replicas WHERE id = $1 RETURNING beat";
    database.query(Statement::from_sql_and_values(database.backend(), sql, [id.to_string().into()])).await?;
    Ok(())
}

fn member(row: &QueryResult) -> Result<(Member<ReplicaId>, String), TenancyError> {
    let id: String = row.try_get_by_index(0)?;
    let lease: i64 = row.try_get_by_index(3)?;
    let member = Member {
        id: ReplicaId::parse(&id).ok_or_else(|| DbErr::Type(format!("replicas.id is no UUID: {id}")))?,
        beat: row.try_get_by_index(1)?,
        acknowledged: row.try_get_by_index(2)?,
        lease: Duration::from_millis(u64::try_from(lease).unwrap_or_default()),
    };
    Ok((member, row.try_get_by_index(4)?))
}

fn one(row: Option<QueryResult>) -> Result<QueryResult, DbErr> {
    row.ok_or_else(|| DbErr::RecordNotFound("the row of deployment".to_owned()))
}

fn statement(on: &impl ConnectionTrait, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(on.get_database_backend(), sql, values)
}
