//! One event: a `CloudEvents` 1.0 envelope around the normalized user or group, and what changed.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::normal::{Group, User};
use crate::{EventType, PasswordHash};

/// An event as readers and stores see it (`CloudEvents` 1.0 in JSON; `sequence` is an extension attribute).
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    /// `1.0`
    pub specversion: &'static str,
    /// Unique for all time; the same event always has the same id.
    pub id: Uuid,
    /// The tenant: `/tenants/{name}`.
    pub source: String,
    /// What happened, such as `user.created`.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// What it is about: `Users/{id}`, `Groups/{id}`, `Tokens/{id}`, `OauthClients/{id}`, `Stores/{id}`,
    /// `Requests/{id}`, `Breaker` or `Administrator`.
    pub subject: String,
    /// When, RFC 3339 in UTC.
    #[serde(with = "time::serde::rfc3339")]
    pub time: OffsetDateTime,
    /// The tenant's number of this event: 1, 2, 3, … without gaps. In a snapshot, the number up to which it tells.
    pub sequence: i64,
    /// `application/json`
    pub datacontenttype: &'static str,
    /// The version of the form of `data`: [`SCHEMA`].
    pub dataschema: &'static str,
    /// What changed and who did it.
    pub data: Data,
    /// Whether it was held and is not to be brought to stores. It is not told to others.
    #[serde(skip)]
    pub is_discarded: bool,
}

/// The form of `data`; the number rises when a reader of the form before would misread it. New members do not change it.
pub const SCHEMA: &str = "urn:tenantry:event:1";

/// What an event is about.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Data {
    /// Of a user.
    User(Box<UserChange>),
    /// Of a group.
    Group(Box<GroupChange>),
    /// Of something else: facts about it.
    Other(Box<RawValue>),
}

/// A user after a change; after a deletion, as it was.
#[derive(Clone, Debug, Serialize)]
pub struct UserChange {
    /// The normalized user.
    pub user: User,
    /// The hash of the password that came with the change; only for stores that are allowed it, and nowhere in the log.
    #[serde(rename = "passwordHash", skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<PasswordHash>,
    /// What changed, and who did it.
    #[serde(flatten)]
    pub change: Change,
    /// The user in the words of SCIM, for stores that speak it. It is not told to others.
    #[serde(skip)]
    pub resource: scim::Resource,
}

/// A group after a change; after a deletion, as it was.
#[derive(Clone, Debug, Serialize)]
pub struct GroupChange {
    /// The normalized group.
    pub group: Group,
    /// Who joined and left it; `None` is told as nobody.
    #[serde(serialize_with = "nobody_if_none")]
    pub members: Option<Moves>,
    /// What changed, and who did it.
    #[serde(flatten)]
    pub change: Change,
    /// The group in the words of SCIM, for stores that speak it. It is not told to others.
    #[serde(skip)]
    pub resource: scim::Resource,
}

/// What changed, and who did it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The version of the resource: 1 when created, one more with every change.
    pub version: i64,
    /// The attributes that changed, by their SCIM paths. What was created or deleted is told whole instead; a password
    /// that came with it is told here, without values.
    #[serde(default)]
    pub changed: Vec<Changed>,
    /// The attributes that the client changed, where the application is told of others. It is told to stores that speak SCIM,
    /// and not to others.
    #[serde(default, skip_serializing)]
    pub provisioned: Option<Vec<Changed>>,
    /// A short name of the client software, such as `entra`.
    pub client: String,
    /// The provisioning token that was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The OAuth client that was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth_client: Option<String>,
    /// To whom the application attributes the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub administrator: Option<Attributed>,
    /// The request, as in the log.
    pub request_id: String,
    /// Whether the client replaced the resource as a whole (PUT). It is told to stores that speak of that, and not to others.
    #[serde(default, skip_serializing)]
    pub replaced: bool,
}

impl Change {
    /// The attributes that the client changed.
    #[must_use]
    pub fn provisioned(&self) -> &[Changed] {
        self.provisioned.as_deref().unwrap_or(&self.changed)
    }
}

/// A user to whom changes are attributed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attributed {
    /// The name.
    pub name: String,
    /// The id of a user of the directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// One attribute that changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Changed {
    /// Its SCIM path, such as `name.givenName`; of the name of a member, `members[value eq "…"].display`.
    pub path: String,
    /// Its value before, if it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    /// Its value now, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
}

fn nobody_if_none<S: Serializer>(members: &Option<Moves>, serializer: S) -> Result<S::Ok, S::Error> {
    members.as_ref().unwrap_or(&NOBODY).serialize(serializer)
}

const NOBODY: Moves = Moves { added: Vec::new(), removed: Vec::new() };

/// Members of a group that came and went.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Moves {
    /// Who joined.
    pub added: Vec<Member>,
    /// Who left.
    pub removed: Vec<Member>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// The id of the user or group.
    pub id: Uuid,
    /// `User` or `Group`; unknown of one that is gone.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}
