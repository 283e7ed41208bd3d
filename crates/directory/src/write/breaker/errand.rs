//! What operators do with a breaker, in its turn among the changes of the directory.

use events::EventType;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Statement, Value as Parameter};
use serde_json::{Map, Value, json};

use super::super::working::Working;
use super::super::{Action, Change};
use super::watch::SUBJECT;
use crate::{BreakerDone, BreakerSettings};

/// What is to be done with the breaker of a tenant; `actor` is told as who did it.
#[derive(Clone, Debug)]
pub(crate) enum Errand {
    /// Changes settings, by name.
    Set {
        /// `null` brings a default back.
        changes: Map<String, Value>,
        actor: Value,
    },
    /// Lets everything go that is held.
    Release { actor: Value },
    /// The same without the ends of users.
    Discard { actor: Value },
}

/// What came of it, to be told.
#[derive(Debug)]
pub(in crate::write) struct Performed {
    event_type: EventType,
    data: Value,
    done: BreakerDone,
}

/// What the table has.
struct Row {
    settings: BreakerSettings,
    is_quiet: bool,
    held_after: Option<i64>,
}

const READ: &str = "SELECT settings, quiet_until_ms, held_after FROM breakers WHERE tenant_id = $1";
const SET: &str = "INSERT INTO breakers (tenant_id, settings) VALUES ($1, $2) \
                   ON CONFLICT (tenant_id) DO UPDATE SET settings = excluded.settings, quiet_until_ms = 0";
const ENDED: &str = "SELECT COUNT(DISTINCT user_id) FROM endings WHERE tenant_id = $1 AND sequence > $2";
const OPEN: &str = "UPDATE breakers SET held_after = NULL, quiet_until_ms = 0, counted_after = $2 WHERE tenant_id = $1";
/// All events of the changes with which users ended, and what else is told of a user between a deactivation and the next
/// activation: it tells that the user is not active.
const DISCARD: &str = "UPDATE events SET discarded = TRUE WHERE tenant_id = $1 AND sequence > $2 AND sequence IN (\
     SELECT v.sequence FROM endings e CROSS JOIN events v WHERE e.tenant_id = $1 AND e.sequence > $2 \
     AND v.tenant_id = $1 AND v.sequence BETWEEN e.first AND e.sequence \
     UNION SELECT t.sequence FROM (SELECT sequence, MAX(CASE WHEN type IN ('user.activated', 'user.deactivated') \
     THEN sequence END) OVER (PARTITION BY subject ORDER BY sequence) AS turn FROM events \
     WHERE tenant_id = $1 AND sequence > $2 AND subject LIKE 'Users/%') AS t \
     JOIN events d ON d.tenant_id = $1 AND d.sequence = t.turn WHERE d.type = 'user.deactivated')";

/// Does what was asked. Nothing is left to be told if it was so already.
pub(in crate::write) async fn perform(
    transaction: &DatabaseTransaction,
    changes: &[Change],
    working: &mut Working,
) -> Result<(), DbErr> {
    for change in changes {
        let Action::Breaker(errand) = &change.action else { continue };
        let tenant = change.tenant_number();
        let Some(sequence) = working.counters.get(&tenant).map(|counters| counters.sequence) else { continue };
        let row = read(transaction, tenant, working.now_ms).await?;
        working.performed = match errand {
            Errand::Set { changes, actor } => set(transaction, tenant, row, (changes, actor)).await?,
            Errand::Release { actor } => open(transaction, (tenant, sequence), row, (actor, false)).await?,
            Errand::Discard { actor } => open(transaction, (tenant, sequence), row, (actor, true)).await?,
        };
    }
    Ok(())
}

/// Makes an event of it.
pub(in crate::write) fn tell_errand(change: &Change, working: &mut Working) -> BreakerDone {
    let Some(Performed { event_type, data, done }) = working.performed.take() else { return BreakerDone::default() };
    working.tell(change.tenant.id(), event_type, SUBJECT.to_owned(), data.to_string());
    done
}

async fn read(transaction: &DatabaseTransaction, tenant: i64, now_ms: i64) -> Result<Row, DbErr> {
    let rows = transaction.query_all_raw(statement(transaction, READ, [tenant.into()])).await?;
    let Some(row) = rows.first() else {
        return Ok(Row { settings: BreakerSettings::default(), is_quiet: false, held_after: None });
    };
    let settings = BreakerSettings::read(&row.try_get_by_index::<String>(0)?);
    Ok(Row {
        settings: settings.map_err(|error| DbErr::Json(error.to_string()))?,
        is_quiet: now_ms < row.try_get_by_index::<i64>(1)?,
        held_after: row.try_get_by_index(2)?,
    })
}

async fn set(
    transaction: &DatabaseTransaction,
    tenant: i64,
    Row { settings: before, .. }: Row,
    (changes, actor): (&Map<String, Value>, &Value),
) -> Result<Option<Performed>, DbErr> {
    // Each change was looked at before; together they are no worse.
    let settings = before.changed(changes).map_err(DbErr::Custom)?;
    if settings == before {
        return Ok(None);
    }
    transaction.execute_raw(statement(transaction, SET, [tenant.into(), settings.text().into()])).await?;
    let data = json!({ "old": told(&before), "new": told(&settings), "actor": actor });
    Ok(Some(Performed { event_type: EventType::BreakerChanged, data, done: BreakerDone::default() }))
}

async fn open(
    transaction: &DatabaseTransaction,
    (tenant, sequence): (i64, i64),
    row: Row,
    (actor, discards): (&Value, bool),
) -> Result<Option<Performed>, DbErr> {
    let Some(after) = row.held_after else {
        // A warning was seen: it counts anew.
        if row.is_quiet && !discards {
            transaction.execute_raw(statement(transaction, OPEN, [tenant.into(), sequence.into()])).await?;
            return Ok(Some(released(BreakerDone::default(), actor)));
        }
        return Ok(None);
    };
    let rows = transaction.query_all_raw(statement(transaction, ENDED, [tenant.into(), after.into()])).await?;
    let users = rows.first().map_or(Ok(0), |row| row.try_get_by_index(0))?;
    let mut done = BreakerDone { events: sequence - after, users, discarded: 0 };
    if discards {
        let discarded = transaction.execute_raw(statement(transaction, DISCARD, [tenant.into(), after.into()])).await?;
        done.discarded = i64::try_from(discarded.rows_affected()).unwrap_or(i64::MAX);
    }
    transaction.execute_raw(statement(transaction, OPEN, [tenant.into(), sequence.into()])).await?;
    if !discards {
        return Ok(Some(released(done, actor)));
    }
    let data = json!({ "events": done.events, "users": done.users, "discarded": done.discarded, "actor": actor });
    Ok(Some(Performed { event_type: EventType::BreakerDiscarded, data, done }))
}

fn released(done: BreakerDone, actor: &Value) -> Performed {
    let data = json!({ "events": done.events, "users": done.users, "actor": actor });
    Performed { event_type: EventType::BreakerReleased, data, done }
}

/// Settings as events tell them.
fn told(settings: &BreakerSettings) -> Value {
    let BreakerSettings { mode, share, number, window_seconds, minimum_users } = settings;
    json!({ "mode": mode, "share": share, "number": number, "windowSeconds": window_seconds, "minimumUsers": minimum_users })
}

fn statement(transaction: &DatabaseTransaction, sql: &str, values: impl IntoIterator<Item = Parameter>) -> Statement {
    Statement::from_sql_and_values(transaction.get_database_backend(), sql, values)
}
