//! What a SET says: RFC 8417 section 2.2, RFC 9967 section 2.

use events::{Change, Data, Event, EventType};
use scim::{EventContent, ResourceKind, SecurityEvent};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Stream;
use super::data::{Payload, Told};

/// The claims of a SET.
#[derive(Debug, Serialize)]
pub(super) struct Claims<'a> {
    jti: Uuid,
    iss: &'a str,
    aud: &'a [String],
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    toe: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    txn: Option<String>,
    sub_id: Value,
    events: Map<String, Value>,
}

/// What an event is in the words of RFC 9967.
#[derive(Debug, PartialEq)]
pub(super) struct Facts {
    pub(super) txn: Option<String>,
    pub(super) sub_id: Value,
    pub(super) events: Map<String, Value>,
}

impl<'a> Claims<'a> {
    pub(super) fn new(stream: &'a Stream, id: Uuid, time: Option<OffsetDateTime>, facts: Facts) -> Self {
        Self {
            jti: id,
            iss: &stream.issuer,
            aud: stream.audience.names(),
            iat: OffsetDateTime::now_utc().unix_timestamp(),
            toe: time.map(OffsetDateTime::unix_timestamp),
            txn: facts.txn,
            sub_id: facts.sub_id,
            events: facts.events,
        }
    }
}

/// What an event is in the words of RFC 9967. `None`: it has none.
pub(super) fn tell(event: &Event, content: EventContent) -> Option<Facts> {
    let told = match &event.data {
        Data::User(user) => Told {
            kind: ResourceKind::User,
            id: &user.user.id,
            resource: &user.resource,
            change: &user.change,
            moves: None,
            moments: user.user.moments,
        },
        Data::Group(group) => Told {
            kind: ResourceKind::Group,
            id: &group.group.id,
            resource: &group.resource,
            change: &group.change,
            moves: group.members.as_ref(),
            moments: group.group.moments,
        },
        Data::Other(data) if event.event_type == EventType::RequestCompleted => return completed(data.get()),
        Data::Other(_) => return None,
    };
    let mut events = Map::new();
    for (happened, payload) in happened(event.event_type, &told, content)? {
        events.insert(happened.uri().to_owned(), payload);
    }
    Some(Facts { txn: txn(told.change), sub_id: subject(&told), events })
}

/// Everything that an event says; the first one is what happened to the attributes.
fn happened(event_type: EventType, told: &Told<'_>, content: EventContent) -> Option<Vec<(SecurityEvent, Value)>> {
    let nothing = || json!({});
    Some(match event_type {
        EventType::UserCreated | EventType::GroupCreated => vec![told.created(content)],
        EventType::UserUpdated
        | EventType::GroupUpdated
        | EventType::GroupMemberAdded
        | EventType::GroupMemberRemoved => vec![told.changed(content)],
        EventType::UserActivated => vec![told.changed(content), (SecurityEvent::Activate, nothing())],
        EventType::UserDeactivated => vec![told.changed(content), (SecurityEvent::Deactivate, nothing())],
        EventType::UserDeleted | EventType::GroupDeleted => vec![(SecurityEvent::Delete, nothing())],
        EventType::UserSnapshot | EventType::GroupSnapshot => {
            let state = (content == EventContent::Full).then(|| told.as_it_is());
            std::iter::once((SecurityEvent::FeedAdd, nothing())).chain(state).collect()
        }
        _ => return None,
    })
}

/// The request: SETs of one request have it in common, and it is the same in all streams.
fn txn(change: &Change) -> Option<String> {
    Some(change.request_id.clone()).filter(|id| !id.is_empty())
}

/// RFC 9967 section 2.1.
fn subject(told: &Told<'_>) -> Value {
    let mut subject = json!({ "format": "scim", "uri": format!("{}/{}", told.kind.endpoint(), told.id) });
    if let (Value::Object(members), Some(external_id)) = (&mut subject, told.resource.external_id()) {
        members.insert("externalId".to_owned(), external_id.into());
    }
    subject
}

/// What is in the log of a request that was answered with 202.
#[derive(Deserialize)]
struct Completed {
    txn: String,
    uri: String,
    #[serde(flatten)]
    operation: Map<String, Value>,
}

/// RFC 9967 section 2.5.1.3.
fn completed(data: &str) -> Option<Facts> {
    let Completed { txn, uri, operation } = serde_json::from_str(data).ok()?;
    let sub_id = json!({ "format": "scim", "uri": uri });
    let uri = SecurityEvent::AsyncResponse.uri().to_owned();
    Some(Facts { txn: Some(txn), sub_id, events: Map::from_iter([(uri, Value::Object(operation))]) })
}

impl Told<'_> {
    fn created(&self, content: EventContent) -> (SecurityEvent, Value) {
        let payload = match content {
            EventContent::Notice => Payload::Attributes(self.all_names()),
            EventContent::Full => Payload::Data(self.whole()),
        };
        (SecurityEvent::Create(content), payload.written(self.change.version))
    }

    /// A group is never told whole again: whoever took that for all of it would lose the members that are not told.
    fn changed(&self, content: EventContent) -> (SecurityEvent, Value) {
        let is_put = self.change.replaced;
        if content == EventContent::Full && is_put && self.kind == ResourceKind::User {
            return (SecurityEvent::Put(content), Payload::Data(self.whole()).written(self.change.version));
        }
        let operations = if content == EventContent::Full { self.operations() } else { Vec::new() };
        if !operations.is_empty() {
            return self.patched(&operations);
        }
        let notice = EventContent::Notice;
        let is_put = is_put && content == notice;
        let event = if is_put { SecurityEvent::Put(notice) } else { SecurityEvent::Patch(notice) };
        (event, Payload::Attributes(self.changed_names()).written(self.change.version))
    }

    /// Of a snapshot, in which a large group comes in parts: each adds to what came before.
    fn as_it_is(&self) -> (SecurityEvent, Value) {
        match self.kind {
            ResourceKind::User => {
                let put = SecurityEvent::Put(EventContent::Full);
                (put, Payload::Data(self.whole()).written(self.change.version))
            }
            ResourceKind::Group => self.patched(&self.everything()),
        }
    }

    fn patched(&self, operations: &[Value]) -> (SecurityEvent, Value) {
        let data = json!({ "schemas": [super::data::PATCH], "Operations": operations });
        (SecurityEvent::Patch(EventContent::Full), Payload::Data(data).written(self.change.version))
    }
}
