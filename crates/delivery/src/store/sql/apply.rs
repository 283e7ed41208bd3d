//! What one event does to the tables.

use events::{Data, Event, EventType, GroupChange, UserChange};
use sea_orm::{ConnectionTrait, DbErr, Statement, Value};

/// The number of the last event that the store has.
pub(super) async fn position(on: &impl ConnectionTrait) -> Result<i64, DbErr> {
    let sql = "SELECT sequence FROM tenantry_position WHERE one = 1";
    let row = on.query_one_raw(Statement::from_string(on.get_database_backend(), sql)).await?;
    row.map_or(Ok(0), |row| row.try_get_by_index(0))
}

/// Writes one event, what it says, and that it was written.
pub(super) async fn event(on: &impl ConnectionTrait, event: &Event) -> Result<(), DbErr> {
    match &event.data {
        Data::User(user) => write_user(on, event, user).await?,
        Data::Group(group) => write_group(on, event, group).await?,
        Data::Other(_) => {}
    }
    match event.event_type {
        EventType::SnapshotStarted => return empty(on).await,
        EventType::UserSnapshot | EventType::GroupSnapshot => return Ok(()),
        EventType::SnapshotCompleted => return reach(on, event.sequence).await,
        _ => {}
    }
    let sql = "INSERT INTO events (sequence, id, type, subject, time, data) VALUES ($1, $2, $3, $4, $5, $6)";
    let time = event.time.format(&time::format_description::well_known::Rfc3339).unwrap_or_default();
    let data = serde_json::to_string(&event.data).map_err(|error| DbErr::Json(error.to_string()))?;
    let values: [Value; 6] = [
        event.sequence.into(),
        event.id.to_string().into(),
        event.event_type.as_str().into(),
        event.subject.as_str().into(),
        time.into(),
        data.into(),
    ];
    execute(on, sql, values).await?;
    reach(on, event.sequence).await
}

async fn reach(on: &impl ConnectionTrait, sequence: i64) -> Result<(), DbErr> {
    let sql = "INSERT INTO tenantry_position (one, sequence) VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET sequence = excluded.sequence";
    execute(on, sql, [sequence.into()]).await
}

/// What is there does not count: a snapshot begins.
async fn empty(on: &impl ConnectionTrait) -> Result<(), DbErr> {
    for sql in ["DELETE FROM memberships", "DELETE FROM \"groups\"", "DELETE FROM users"] {
        execute(on, sql, []).await?;
    }
    Ok(())
}

async fn write_user(on: &impl ConnectionTrait, event: &Event, told: &UserChange) -> Result<(), DbErr> {
    let user = &told.user;
    if event.event_type == EventType::UserDeleted {
        return execute(on, "DELETE FROM users WHERE id = $1", [user.id.as_str().into()]).await;
    }
    let sql = "INSERT INTO users (id, external_id, user_name, active, email, given_name, family_name, display_name, title, \
               department, manager_id, data, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
               ON CONFLICT (id) DO UPDATE SET external_id = excluded.external_id, user_name = excluded.user_name, \
               active = excluded.active, email = excluded.email, given_name = excluded.given_name, \
               family_name = excluded.family_name, display_name = excluded.display_name, title = excluded.title, \
               department = excluded.department, manager_id = excluded.manager_id, data = excluded.data, \
               version = excluded.version";
    let data = serde_json::to_string(user).map_err(|error| DbErr::Json(error.to_string()))?;
    let values: [Value; 13] = [
        user.id.as_str().into(),
        user.external_id.clone().into(),
        user.user_name.as_str().into(),
        user.active.into(),
        user.email.clone().into(),
        user.name.given_name.clone().into(),
        user.name.family_name.clone().into(),
        user.display_name.clone().into(),
        user.title.clone().into(),
        user.department.clone().into(),
        user.manager.as_ref().and_then(|manager| manager.id.clone()).into(),
        data.into(),
        told.change.version.into(),
    ];
    execute(on, sql, values).await
}

async fn write_group(on: &impl ConnectionTrait, event: &Event, told: &GroupChange) -> Result<(), DbErr> {
    let group = &told.group;
    let id = || Value::from(group.id.as_str());
    if event.event_type == EventType::GroupDeleted {
        execute(on, "DELETE FROM memberships WHERE group_id = $1", [id()]).await?;
        return execute(on, "DELETE FROM \"groups\" WHERE id = $1", [id()]).await;
    }
    let sql = "INSERT INTO \"groups\" (id, external_id, display_name, data, version) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (id) DO UPDATE SET external_id = excluded.external_id, display_name = excluded.display_name, \
               data = excluded.data, version = excluded.version";
    let data = serde_json::to_string(group).map_err(|error| DbErr::Json(error.to_string()))?;
    let version = told.change.version.into();
    let values = [id(), group.external_id.clone().into(), group.display_name.as_str().into(), data.into(), version];
    execute(on, sql, values).await?;
    let Some(members) = &told.members else { return Ok(()) };
    for member in &members.removed {
        let sql = "DELETE FROM memberships WHERE group_id = $1 AND member_id = $2";
        execute(on, sql, [id(), member.id.to_string().into()]).await?;
    }
    for member in &members.added {
        let sql = "INSERT INTO memberships (group_id, member_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        execute(on, sql, [id(), member.id.to_string().into()]).await?;
    }
    Ok(())
}

async fn execute(on: &impl ConnectionTrait, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<(), DbErr> {
    on.execute_raw(Statement::from_sql_and_values(on.get_database_backend(), sql, values)).await.map(|_| ())
}
