//! An event as the log keeps it: the resource in the words of SCIM. It is normalized when it is read, so that a change costs
//! its client nothing for that.

use profile::Mapped;
use scim::{MemberReference, Resource, ResourceKind};
use sea_orm::{DbErr, QueryResult};
use serde::Deserialize;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::event::{Change, Data, Event, GroupChange, Member, Moves, SCHEMA, UserChange};
use crate::normal::{Group, InvitationState, Moments, User};

/// The `data` of a change of a user or group in the log.
#[derive(Deserialize)]
struct Logged<'a> {
    #[serde(borrow)]
    resource: &'a RawValue,
    #[serde(default)]
    groups: Vec<LoggedGroup>,
    members: Option<LoggedMoves>,
    created: Option<i64>,
    modified: Option<i64>,
    mapped: Option<Mapped>,
    invitation: Option<InvitationState>,
    #[serde(flatten)]
    change: Change,
}

#[derive(Deserialize)]
struct LoggedGroup {
    value: String,
    display: Option<String>,
}

#[derive(Deserialize)]
struct LoggedMoves {
    added: Vec<LoggedMember>,
    removed: Vec<LoggedMember>,
}

#[derive(Deserialize)]
struct LoggedMember {
    value: Uuid,
    #[serde(rename = "type")]
    kind: Option<String>,
    display: Option<String>,
}

/// What [`read`] reads, in this order. Ids of PostgreSQL are to be cast to text.
pub(crate) const fn columns(is_sqlite: bool) -> &'static str {
    if is_sqlite {
        "id, sequence, type, subject, time, data, discarded"
    } else {
        "CAST(id AS text), sequence, type, subject, time, data, discarded"
    }
}

/// Reads an event and normalizes it.
pub(crate) fn read(row: &QueryResult, source: &str) -> Result<Event, DbErr> {
    let (id, kind, subject): (String, String, String) =
        (row.try_get_by_index(0)?, row.try_get_by_index(2)?, row.try_get_by_index(3)?);
    let time_ms: i64 = row.try_get_by_index(4)?;
    let data: String = row.try_get_by_index(5)?;
    Ok(Event {
        specversion: "1.0",
        id: Uuid::parse_str(&id).map_err(unreadable)?,
        source: source.to_owned(),
        event_type: kind.parse().map_err(unreadable)?,
        time: OffsetDateTime::from_unix_timestamp_nanos(i128::from(time_ms) * 1_000_000).map_err(unreadable)?,
        sequence: row.try_get_by_index(1)?,
        datacontenttype: "application/json",
        dataschema: SCHEMA,
        data: normalize(&subject, data).map_err(unreadable)?,
        subject,
        is_discarded: row.try_get_by_index(6)?,
    })
}

fn normalize(subject: &str, data: String) -> Result<Data, serde_json::Error> {
    match subject.split_once('/') {
        Some(("Users", id)) => user(id, &data),
        Some(("Groups", id)) => group(id, &data),
        _ => RawValue::from_string(data).map(Data::Other),
    }
}

fn user(id: &str, data: &str) -> Result<Data, serde_json::Error> {
    let Logged { resource, groups, created, modified, change, mapped, invitation, .. } = serde_json::from_str(data)?;
    let resource = Resource::from_document(resource.get())?;
    let groups: Vec<MemberReference> = groups.into_iter().map(LoggedGroup::reference).collect();
    let moments = Moments::of_ms(created, modified);
    let user = User { moments, ..User::of(id, &resource, &groups) }.told(mapped.as_ref())?;
    let user = User { invitation, ..user };
    Ok(Data::User(Box::new(UserChange { user, password_hash: None, change, resource })))
}

fn group(id: &str, data: &str) -> Result<Data, serde_json::Error> {
    let Logged { resource, members, created, modified, change, .. } = serde_json::from_str(data)?;
    let resource = Resource::from_document(resource.get())?;
    let members = members.map(LoggedMoves::told);
    let moments = Moments::of_ms(created, modified);
    let group = Group { moments, ..Group::of(id, &resource) };
    Ok(Data::Group(Box::new(GroupChange { group, members, change, resource })))
}

impl LoggedGroup {
    fn reference(self) -> MemberReference {
        MemberReference { id: self.value, kind: ResourceKind::Group, display: self.display }
    }
}

impl LoggedMoves {
    fn told(self) -> Moves {
        let told = |members: Vec<LoggedMember>| members.into_iter().map(LoggedMember::told).collect();
        Moves { added: told(self.added), removed: told(self.removed) }
    }
}

impl LoggedMember {
    fn told(self) -> Member {
        Member { id: self.value, kind: self.kind, display_name: self.display }
    }
}

fn unreadable(error: impl std::error::Error) -> DbErr {
    DbErr::Custom(format!("an event in the log cannot be read: {error}"))
}
