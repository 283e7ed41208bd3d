//! Users, groups, memberships and events as rows.

use std::borrow::Cow;

use database::rows::{Cell, Column, NOTHING, Named};
use events::normal::{Group, User};
use events::{Event, GroupChange, Member, UserChange};
use sea_orm::DbBackend;
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use uuid::Uuid;

use super::fold::Last;

/// Whether a user may sign in.
pub(super) const ACTIVE: &str = "active";
// The long texts are last: MariaDB looks for a value from the begin of its row.
pub(super) const USERS: [Named; 31] = [
    ("id", Column::Uuid),
    ("external_id", Column::OptionalText),
    ("user_name", Column::Text),
    ("active", Column::Boolean),
    ("email", Column::OptionalText),
    ("formatted_name", Column::OptionalText),
    ("given_name", Column::OptionalText),
    ("family_name", Column::OptionalText),
    ("middle_name", Column::OptionalText),
    ("honorific_prefix", Column::OptionalText),
    ("honorific_suffix", Column::OptionalText),
    ("display_name", Column::OptionalText),
    ("nick_name", Column::OptionalText),
    ("title", Column::OptionalText),
    ("user_type", Column::OptionalText),
    ("department", Column::OptionalText),
    ("organization", Column::OptionalText),
    ("division", Column::OptionalText),
    ("cost_center", Column::OptionalText),
    ("employee_number", Column::OptionalText),
    ("manager_id", Column::OptionalText),
    ("manager_name", Column::OptionalText),
    ("preferred_language", Column::OptionalText),
    ("locale", Column::OptionalText),
    ("timezone", Column::OptionalText),
    ("profile_url", Column::OptionalText),
    ("version", Column::Integer),
    ("created_at", Column::OptionalText),
    ("changed_at", Column::Text),
    ("generation", Column::Integer),
    ("data", Column::Text),
];
pub(super) const GROUPS: [Named; 8] = [
    ("id", Column::Uuid),
    ("external_id", Column::OptionalText),
    ("display_name", Column::Text),
    ("version", Column::Integer),
    ("created_at", Column::OptionalText),
    ("changed_at", Column::Text),
    ("generation", Column::Integer),
    ("data", Column::Text),
];
pub(super) const MEMBERSHIPS: [Named; 4] = [
    ("group_id", Column::Uuid),
    ("member_id", Column::Uuid),
    ("member_type", Column::OptionalText),
    ("generation", Column::Integer),
];
pub(super) const EVENTS: [Named; 6] = [
    ("sequence", Column::Integer),
    ("id", Column::Uuid),
    ("type", Column::Text),
    ("subject", Column::Text),
    ("time", Column::Text),
    ("data", Column::Text),
];
pub(super) const ID: [Named; 1] = [("id", Column::Uuid)];
pub(super) const GROUP: [Named; 1] = [("group_id", Column::Uuid)];
pub(super) const MEMBERSHIP: [Named; 2] = [("group_id", Column::Uuid), ("member_id", Column::Uuid)];

/// Writes rows for one database.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    pub(super) backend: DbBackend,
    pub(super) generation: i64,
}

impl Form {
    /// A user, without the groups: memberships change without a word about the user.
    pub(super) fn user(
        self,
        id: Uuid,
        last: &Last<'_, UserChange>,
        told: &UserChange,
    ) -> Result<[Cell; 31], serde_json::Error> {
        let User { name, manager, .. } = &told.user;
        let user = &told.user;
        let manager = manager.as_ref();
        Ok([
            id.into(),
            optional(&user.external_id),
            text(&user.user_name),
            user.active.into(),
            optional(&user.email),
            optional(&name.formatted),
            optional(&name.given_name),
            optional(&name.family_name),
            optional(&name.middle_name),
            optional(&name.honorific_prefix),
            optional(&name.honorific_suffix),
            optional(&user.display_name),
            optional(&user.nick_name),
            optional(&user.title),
            optional(&user.user_type),
            optional(&user.department),
            optional(&user.organization),
            optional(&user.division),
            optional(&user.cost_center),
            optional(&user.employee_number),
            manager.map_or(Cell::Null, |manager| optional(&manager.id)),
            manager.map_or(Cell::Null, |manager| optional(&manager.display_name)),
            optional(&user.preferred_language),
            optional(&user.locale),
            optional(&user.timezone),
            optional(&user.profile_url),
            told.change.version.into(),
            self.created(last.created),
            self.time(last.changed),
            self.generation.into(),
            self.json(&without_groups(user)?)?,
        ])
    }

    pub(super) fn group(
        self,
        id: Uuid,
        last: &Last<'_, GroupChange>,
        told: &GroupChange,
    ) -> Result<[Cell; 8], serde_json::Error> {
        let group: &Group = &told.group;
        Ok([
            id.into(),
            optional(&group.external_id),
            text(&group.display_name),
            told.change.version.into(),
            self.created(last.created),
            self.time(last.changed),
            self.generation.into(),
            self.json(group)?,
        ])
    }

    pub(super) fn membership(self, group: Uuid, member: &Member) -> [Cell; 4] {
        [group.into(), member.id.into(), optional(&member.kind), self.generation.into()]
    }

    pub(super) fn event(self, event: &Event) -> Result<[Cell; 6], serde_json::Error> {
        Ok([
            event.sequence.into(),
            event.id.into(),
            event.event_type.as_str().into(),
            text(&event.subject),
            self.time(event.time),
            self.json(&event.data)?,
        ])
    }

    fn created(self, time: Option<OffsetDateTime>) -> Cell {
        time.map_or(Cell::Null, |time| self.time(time))
    }

    fn time(self, time: OffsetDateTime) -> Cell {
        time_text(self.backend, time).into()
    }

    fn json(self, value: &impl Serialize) -> Result<Cell, serde_json::Error> {
        let text = serde_json::to_string(value)?;
        // PostgreSQL has no NUL in texts, nor in those of jsonb.
        if self.backend != DbBackend::Postgres || !text.contains("\\u0000") {
            return Ok(text.into());
        }
        let mut value: Value = serde_json::from_str(&text)?;
        without_nul(&mut value);
        Ok(serde_json::to_string(&value)?.into())
    }
}

fn without_groups(user: &User) -> Result<Value, serde_json::Error> {
    let mut value = serde_json::to_value(user)?;
    if let Value::Object(members) = &mut value {
        members.shift_remove("groups");
    }
    Ok(value)
}

fn without_nul(value: &mut Value) {
    match value {
        Value::String(text) => *text = clean(text).into_owned(),
        Value::Array(items) => items.iter_mut().for_each(without_nul),
        Value::Object(members) => members.values_mut().for_each(without_nul),
        _ => {}
    }
}

fn optional(value: &Option<String>) -> Cell {
    value.as_deref().map_or(Cell::Null, text)
}

fn text(value: &str) -> Cell {
    clean(value).into_owned().into()
}

/// Without what no database, or not each of them, keeps in texts.
fn clean(text: &str) -> Cow<'_, str> {
    if text.contains('\0') || text == NOTHING {
        return Cow::Owned(text.replace(['\0', '\u{ffff}'], "\u{fffd}"));
    }
    Cow::Borrowed(text)
}

/// A time in UTC. All texts have one length, so that they sort as the times do.
pub(super) fn time_text(backend: DbBackend, time: OffsetDateTime) -> String {
    const STANDARD: &[BorrowedFormatItem<'_>] =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    const MYSQL: &[BorrowedFormatItem<'_>] =
        format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:3]");
    let format = if backend == DbBackend::MySql { MYSQL } else { STANDARD };
    // Only the year could be too long.
    time.to_offset(time::UtcOffset::UTC).format(format).unwrap_or_default()
}
