//! The events of a snapshot.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use directory::SnapshotPart;
use events::normal::{Group, InvitationState, Moments, User};
use events::{Change, Data, Event, EventType, GroupChange, Member, Moves, SCHEMA, UserChange};
use profile::Applied;
use scim::{MemberReference, Resource, ResourceKind};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use time::OffsetDateTime;
use uuid::Uuid;

/// What the events of one snapshot have in common.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// The id of the wish.
    pub(super) id: Uuid,
    pub(super) source: String,
    pub(super) sequence: i64,
    pub(super) time: OffsetDateTime,
    pub(super) users: i64,
    pub(super) groups: i64,
    /// What the tenant's application is told of users.
    pub(super) profile: Arc<Applied>,
}

/// One event of a snapshot, as it waits to be brought.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Item {
    Started,
    Part(Box<Part>),
    Completed,
}

/// A user, or a group with some of its members.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Part {
    is_group: bool,
    id: String,
    version: i64,
    moments_ms: (i64, i64),
    document: Box<RawValue>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<Reference>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    members: Vec<Reference>,
    part: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    invitation: Option<InvitationState>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Reference {
    id: String,
    is_group: bool,
    display: Option<String>,
}

impl Part {
    pub(super) fn of(part: SnapshotPart) -> Result<Self, serde_json::Error> {
        Ok(Self {
            is_group: part.kind == ResourceKind::Group,
            id: part.id,
            version: part.version,
            moments_ms: part.moments_ms,
            document: RawValue::from_string(part.document.to_string())?,
            groups: part.groups.into_iter().map(Reference::of).collect(),
            members: part.members.into_iter().map(Reference::of).collect(),
            part: part.part,
            invitation: part.invitation,
        })
    }
}

fn moments((created, modified): (i64, i64)) -> Moments {
    Moments::of_ms(Some(created), Some(modified))
}

impl Reference {
    fn of(reference: MemberReference) -> Self {
        Self { id: reference.id, is_group: reference.kind == ResourceKind::Group, display: reference.display }
    }

    fn reference(self) -> MemberReference {
        let kind = if self.is_group { ResourceKind::Group } else { ResourceKind::User };
        MemberReference { id: self.id, kind, display: self.display }
    }

    fn member(self) -> Option<Member> {
        let kind = if self.is_group { ResourceKind::Group } else { ResourceKind::User };
        let id = self.id.parse().ok()?;
        Some(Member { id, kind: Some(kind.name().to_owned()), display_name: self.display })
    }
}

impl Item {
    /// Whether it is the first or only part of a user or group.
    pub(super) fn is_first(&self) -> bool {
        matches!(self, Self::Part(part) if part.part == 0)
    }

    pub(super) fn event(self, frame: &Frame) -> Result<Event, serde_json::Error> {
        match self {
            Self::Started => frame.edge(EventType::SnapshotStarted),
            Self::Completed => frame.edge(EventType::SnapshotCompleted),
            Self::Part(part) if part.is_group => frame.group(*part),
            Self::Part(part) => frame.user(*part),
        }
    }
}

/// `data` of the first and the last event.
#[derive(Serialize)]
struct Edge {
    snapshot: Uuid,
    users: i64,
    groups: i64,
}

impl Frame {
    fn edge(&self, event_type: EventType) -> Result<Event, serde_json::Error> {
        let data = to_raw_value(&Edge { snapshot: self.snapshot(), users: self.users, groups: self.groups })?;
        Ok(self.event(event_type, format!("Snapshots/{}", self.snapshot()), 0, Data::Other(data)))
    }

    fn user(&self, part: Part) -> Result<Event, serde_json::Error> {
        let resource = Resource::from_document(part.document.get())?;
        let groups: Vec<MemberReference> = part.groups.into_iter().map(Reference::reference).collect();
        let mapped = self.profile.map(&resource, &groups);
        let user = User { moments: moments(part.moments_ms), ..User::of(&part.id, &resource, &groups) };
        let invitation = part.invitation.filter(|_| self.profile.invitation().is_some());
        let user = User { invitation, ..user.told(mapped.as_ref())? };
        let data =
            Data::User(Box::new(UserChange { user, change: self.change(part.version), password_hash: None, resource }));
        Ok(self.event(EventType::UserSnapshot, format!("Users/{}", part.id), 0, data))
    }

    fn group(&self, part: Part) -> Result<Event, serde_json::Error> {
        let resource = Resource::from_document(part.document.get())?;
        let added = part.members.into_iter().filter_map(Reference::member).collect();
        let data = Data::Group(Box::new(GroupChange {
            group: Group { moments: moments(part.moments_ms), ..Group::of(&part.id, &resource) },
            members: Some(Moves { added, removed: Vec::new() }),
            change: self.change(part.version),
            resource,
        }));
        Ok(self.event(EventType::GroupSnapshot, format!("Groups/{}", part.id), part.part, data))
    }

    /// Nothing changed: it is told how it is. The request is the snapshot.
    fn change(&self, version: i64) -> Change {
        Change { version, client: "snapshot".to_owned(), request_id: self.snapshot().to_string(), ..Change::default() }
    }

    /// The id of the snapshot: of what was asked for, read at one moment.
    fn snapshot(&self) -> Uuid {
        self.name("snapshot", 0)
    }

    fn event(&self, event_type: EventType, subject: String, part: u32, data: Data) -> Event {
        Event {
            specversion: "1.0",
            id: self.name(&format!("{event_type} {subject}"), part),
            source: self.source.clone(),
            event_type,
            subject,
            time: self.time,
            sequence: self.sequence,
            datacontenttype: "application/json",
            dataschema: SCHEMA,
            data,
            is_discarded: false,
        }
    }

    /// An id made of names (RFC 9562 section 5.8, with SHA-256): the same event of the same snapshot has it again.
    fn name(&self, name: &str, part: u32) -> Uuid {
        let mut digest = Context::new(&SHA256);
        digest.update(self.id.as_bytes());
        digest.update(&self.sequence.to_be_bytes());
        digest.update(&part.to_be_bytes());
        digest.update(name.as_bytes());
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(digest.finish().as_ref()).for_each(|(to, from)| *to = *from);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}
