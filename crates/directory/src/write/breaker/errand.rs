//! What operators do with a breaker, in its turn among the changes of the directory.

use events::EventType;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Statement, Value as Parameter};
use serde_json::{Map, Value, json};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::working::{COUNTS_NEW, COUNTS_NO_NEW, Counters, Working};
use super::super::{Action, Change};
use super::watch::SUBJECT;
use crate::{BreakerDone, BreakerMode, BreakerSettings};

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
    /// The same without the ends of users, and without the users that are new and gone again.
    Discard { actor: Value },
    /// Lets so many new users come uncounted until then.
    Expect { users: u32, until_ms: i64, actor: Value },
}

/// What came of it, to be told.
#[derive(Debug)]
pub(in crate::write) struct Performed {
    event_type: EventType,
    data: Value,
    done: BreakerDone,
}

/// What the table has, and what the tenant's profile adds to it.
struct Row {
    own: Map<String, Value>,
    settings: BreakerSettings,
    is_quiet: bool,
    held_after: Option<i64>,
}

const READ: &str = "SELECT settings, quiet_until_ms, held_after, new_quiet_until_ms FROM breakers WHERE tenant_id = $1";
const SET: &str = "INSERT INTO breakers (tenant_id, settings) VALUES ($1, $2) \
                   ON CONFLICT (tenant_id) DO UPDATE SET settings = excluded.settings, quiet_until_ms = 0, \
                   new_quiet_until_ms = 0";
const COUNT_NEW: &str = "UPDATE directories SET counts_new = $2 WHERE tenant_id = $1";
/// Who is expected from now on is counted from now on; that nobody is forgives nothing.
const EXPECT: &str = "INSERT INTO breakers (tenant_id, expected_left, expected_until_ms, new_after) VALUES ($1, $2, $3, $4) \
                      ON CONFLICT (tenant_id) DO UPDATE SET expected_left = excluded.expected_left, \
                      expected_until_ms = excluded.expected_until_ms, new_after = CASE WHEN excluded.expected_left > 0 \
                      THEN excluded.new_after ELSE breakers.new_after END, new_quiet_until_ms = CASE WHEN excluded.expected_left > 0 \
                      THEN 0 ELSE breakers.new_quiet_until_ms END";
const ENDED: &str = "SELECT COUNT(DISTINCT user_id) FROM endings WHERE tenant_id = $1 AND sequence > $2";
const CREATED: &str = "SELECT COUNT(*) FROM events WHERE tenant_id = $1 AND sequence > $2 AND type = 'user.created'";
const OPEN: &str = "UPDATE breakers SET held_after = NULL, quiet_until_ms = 0, counted_after = $2, new_quiet_until_ms = 0, \
                    new_after = $3 WHERE tenant_id = $1";
/// All events of the changes with which users ended, and what else is told of a user between a deactivation and the next
/// activation: it tells that the user is not active. Of who is new and not active now, everything; but that such a user leaves
/// groups is told, because it was told that it joined them.
///
/// No index knows the subject of an event, and tens of thousands may be held: what belongs to one user is brought together by
/// sorting, in windows, and never by comparing events with each other.
const DISCARD: &str = "WITH ended AS (SELECT m.first, m.sequence, m.was_new FROM (SELECT u.first, u.sequence, \
     MAX(u.is_new) OVER (PARTITION BY u.subject) AS was_new FROM (\
     SELECT 'Users/' || CAST(e.user_id AS text) AS subject, e.first, e.sequence, 0 AS is_new FROM endings e \
     WHERE e.tenant_id = $1 AND e.sequence > $2 \
     UNION ALL SELECT c.subject, 0, 0, 1 FROM events c \
     WHERE c.tenant_id = $1 AND c.sequence > $2 AND c.type = 'user.created') AS u) AS m WHERE m.sequence > 0) \
     UPDATE events SET discarded = TRUE WHERE tenant_id = $1 AND sequence > $2 AND sequence IN (\
     SELECT v.sequence FROM ended e CROSS JOIN events v WHERE v.tenant_id = $1 AND v.sequence BETWEEN e.first AND e.sequence \
     AND (v.type <> 'group.member_removed' OR e.was_new = 0) \
     UNION SELECT n.sequence FROM (SELECT sequence, subject, \
     MAX(CASE WHEN type = 'user.created' THEN 1 ELSE 0 END) OVER (PARTITION BY subject) AS was_new FROM events \
     WHERE tenant_id = $1 AND sequence > $2 AND subject LIKE 'Users/%') AS n WHERE n.was_new = 1 \
     AND NOT EXISTS (SELECT 1 FROM resources r WHERE r.tenant_id = $1 AND r.id = {id} AND r.active) \
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
        let now_ms = working.now_ms;
        let Some(counters) = working.counters.get_mut(&tenant) else { continue };
        let profile = change.tenant.profile().breaker();
        let row = read(transaction, (tenant, profile), now_ms).await?;
        working.performed = match errand {
            Errand::Set { changes, actor } => {
                let place = Place { transaction, tenant, counters };
                set(place, profile, row, (changes, actor)).await?
            }
            Errand::Release { actor } => open(Place { transaction, tenant, counters }, row, (actor, false)).await?,
            Errand::Discard { actor } => open(Place { transaction, tenant, counters }, row, (actor, true)).await?,
            Errand::Expect { users, until_ms, actor } => {
                let place = Place { transaction, tenant, counters };
                Some(expect(place, &row, (*users, *until_ms), actor).await?)
            }
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

/// The directory that is locked, and its counters.
struct Place<'a> {
    transaction: &'a DatabaseTransaction,
    tenant: i64,
    counters: &'a mut Counters,
}

async fn read(
    transaction: &DatabaseTransaction,
    (tenant, profile): (i64, &BreakerSettings),
    now_ms: i64,
) -> Result<Row, DbErr> {
    let rows = transaction.query_all_raw(statement(transaction, READ, [tenant.into()])).await?;
    let Some(row) = rows.first() else {
        return Ok(Row { own: Map::new(), settings: profile.clone(), is_quiet: false, held_after: None });
    };
    let wrong = |error: serde_json::Error| DbErr::Json(error.to_string());
    let own: Map<String, Value> = serde_json::from_str(&row.try_get_by_index::<String>(0)?).map_err(wrong)?;
    Ok(Row {
        settings: profile.with_own(&own).map_err(wrong)?,
        own,
        is_quiet: now_ms < row.try_get_by_index::<i64>(1)?.max(row.try_get_by_index(3)?),
        held_after: row.try_get_by_index(2)?,
    })
}

async fn set(
    Place { transaction, tenant, counters }: Place<'_>,
    profile: &BreakerSettings,
    Row { own: had, settings: before, .. }: Row,
    (changes, actor): (&Map<String, Value>, &Value),
) -> Result<Option<Performed>, DbErr> {
    let mut own = had.clone();
    for (name, value) in changes {
        match value {
            Value::Null => own.shift_remove(name),
            value => own.insert(name.clone(), value.clone()),
        };
    }
    if own == had {
        return Ok(None);
    }
    // Each change was looked at before; together they are no worse.
    let settings = profile.with_own(&own).map_err(|error| DbErr::Json(error.to_string()))?;
    let text = Value::Object(own.clone()).to_string();
    transaction.execute_raw(statement(transaction, SET, [tenant.into(), text.into()])).await?;
    counters.counts_new = match own.get("new_mode") {
        None => 0,
        Some(_) if settings.new_mode == BreakerMode::Off => COUNTS_NO_NEW,
        Some(_) => COUNTS_NEW,
    };
    transaction.execute_raw(statement(transaction, COUNT_NEW, [tenant.into(), counters.counts_new.into()])).await?;
    let data = json!({ "old": told(&before), "new": told(&settings), "actor": actor });
    Ok(Some(Performed { event_type: EventType::BreakerChanged, data, done: BreakerDone::default() }))
}

async fn expect(
    Place { transaction, tenant, counters }: Place<'_>,
    row: &Row,
    (users, until_ms): (u32, i64),
    actor: &Value,
) -> Result<Performed, DbErr> {
    let new_after = if users > 0 { counters.next_position } else { 0 };
    let values = [tenant.into(), i64::from(users).into(), until_ms.into(), new_after.into()];
    transaction.execute_raw(statement(transaction, EXPECT, values)).await?;
    let settings = told(&row.settings);
    let expected = json!({ "users": users, "until": moment(until_ms) });
    let data = json!({ "old": settings, "new": settings, "expected": expected, "actor": actor });
    Ok(Performed { event_type: EventType::BreakerChanged, data, done: BreakerDone::default() })
}

async fn open(
    Place { transaction, tenant, counters }: Place<'_>,
    row: Row,
    (actor, discards): (&Value, bool),
) -> Result<Option<Performed>, DbErr> {
    let sequence = counters.sequence;
    let opening = || statement(transaction, OPEN, [tenant.into(), sequence.into(), counters.next_position.into()]);
    let Some(after) = row.held_after else {
        // A warning was seen: it counts anew.
        if row.is_quiet && !discards {
            transaction.execute_raw(opening()).await?;
            return Ok(Some(released(BreakerDone::default(), actor)));
        }
        return Ok(None);
    };
    let users = count(transaction, ENDED, tenant, after).await?;
    let created = count(transaction, CREATED, tenant, after).await?;
    let mut done = BreakerDone { events: sequence - after, users, created, discarded: 0 };
    if discards {
        let is_postgres = transaction.get_database_backend() == sea_orm::DbBackend::Postgres;
        let id = if is_postgres { "CAST(substr(n.subject, 7) AS uuid)" } else { "substr(n.subject, 7)" };
        let sql = DISCARD.replace("{id}", id);
        let discarded = transaction.execute_raw(statement(transaction, &sql, [tenant.into(), after.into()])).await?;
        done.discarded = i64::try_from(discarded.rows_affected()).unwrap_or(i64::MAX);
    }
    transaction.execute_raw(opening()).await?;
    if !discards {
        return Ok(Some(released(done, actor)));
    }
    let BreakerDone { events, users, created, discarded } = done;
    let data = json!({ "events": events, "users": users, "newUsers": created, "discarded": discarded, "actor": actor });
    Ok(Some(Performed { event_type: EventType::BreakerDiscarded, data, done }))
}

fn released(done: BreakerDone, actor: &Value) -> Performed {
    let BreakerDone { events, users, created, .. } = done;
    let data = json!({ "events": events, "users": users, "newUsers": created, "actor": actor });
    Performed { event_type: EventType::BreakerReleased, data, done }
}

/// Settings as events tell them.
fn told(settings: &BreakerSettings) -> Value {
    let BreakerSettings { mode, share, number, window_seconds, minimum_users, new_mode, new_share, new_number } =
        settings;
    json!({
        "mode": mode, "share": share, "number": number, "windowSeconds": window_seconds, "minimumUsers": minimum_users,
        "newMode": new_mode, "newShare": new_share, "newNumber": new_number,
    })
}

/// RFC 3339 in UTC.
fn moment(milliseconds: i64) -> Option<String> {
    let moment = OffsetDateTime::from_unix_timestamp(milliseconds.div_euclid(1000)).ok()?;
    moment.format(&Rfc3339).ok()
}

async fn count(transaction: &DatabaseTransaction, sql: &str, tenant: i64, after: i64) -> Result<i64, DbErr> {
    let rows = transaction.query_all_raw(statement(transaction, sql, [tenant.into(), after.into()])).await?;
    rows.first().map_or(Ok(0), |row| row.try_get_by_index(0))
}

fn statement(transaction: &DatabaseTransaction, sql: &str, values: impl IntoIterator<Item = Parameter>) -> Statement {
    Statement::from_sql_and_values(transaction.get_database_backend(), sql, values)
}
