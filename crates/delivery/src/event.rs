//! One event: a `CloudEvents` 1.0 envelope around what changed.

use std::fmt;

use serde::Serialize;
use serde_json::value::RawValue;
use tenancy::{NoticeType, TenantId};
use time::OffsetDateTime;
use uuid::Uuid;

macro_rules! event_types {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum EventType { $($(#[$doc])* $name,)* }

        impl EventType {
            /// The `type` attribute of the envelope.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

event_types! {
    /// A user was created.
    UserCreated = "user.created",
    /// Attributes of a user changed.
    UserUpdated = "user.updated",
    /// A user may sign in again; says what else changed.
    UserActivated = "user.activated",
    /// A user may no longer sign in; says what else changed.
    UserDeactivated = "user.deactivated",
    /// A user was deleted.
    UserDeleted = "user.deleted",
    /// A group was created.
    GroupCreated = "group.created",
    /// Attributes of a group changed, perhaps with its members.
    GroupUpdated = "group.updated",
    /// A group was deleted.
    GroupDeleted = "group.deleted",
    /// Members were added to a group.
    GroupMemberAdded = "group.member_added",
    /// Members were removed from a group.
    GroupMemberRemoved = "group.member_removed",
    /// A token was issued, as the first or beside the one it will replace.
    TokenIssued = "token.issued",
    /// A token took the place of another one.
    TokenRotated = "token.rotated",
    /// A token was ended by an operator.
    TokenRevoked = "token.revoked",
    /// A token ends soon.
    TokenExpiring = "token.expiring",
    /// An OAuth client was added.
    OauthClientCreated = "oauth_client.created",
    /// An OAuth client was deleted.
    OauthClientDeleted = "oauth_client.deleted",
    /// A secret of an OAuth client was issued.
    OauthSecretIssued = "oauth_secret.issued",
    /// A secret of an OAuth client was ended by an operator.
    OauthSecretRevoked = "oauth_secret.revoked",
    /// A secret of an OAuth client ends soon.
    OauthSecretExpiring = "oauth_secret.expiring",
}

impl From<NoticeType> for EventType {
    fn from(notice: NoticeType) -> Self {
        match notice {
            NoticeType::Issued => Self::TokenIssued,
            NoticeType::Rotated => Self::TokenRotated,
            NoticeType::Revoked => Self::TokenRevoked,
            NoticeType::Expiring => Self::TokenExpiring,
            NoticeType::OauthClientCreated => Self::OauthClientCreated,
            NoticeType::OauthClientDeleted => Self::OauthClientDeleted,
            NoticeType::OauthSecretIssued => Self::OauthSecretIssued,
            NoticeType::OauthSecretRevoked => Self::OauthSecretRevoked,
            NoticeType::OauthSecretExpiring => Self::OauthSecretExpiring,
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// An event on its way into the log.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Whose directory changed.
    pub tenant: TenantId,
    /// Its number: one more than the tenant's last.
    pub sequence: i64,
    /// What happened.
    pub event_type: EventType,
    /// What it is about: `Users/{id}`, `Groups/{id}`, `Tokens/{id}` or `OauthClients/{id}`.
    pub subject: String,
    /// When, in milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// The JSON text of `data`.
    pub data: String,
}

/// An event as readers see it (`CloudEvents` 1.0 in JSON; `sequence` is an extension attribute).
#[derive(Debug, Serialize)]
pub struct Event {
    /// `1.0`
    pub specversion: &'static str,
    /// Unique for all time; the same event always has the same id.
    pub id: Uuid,
    /// The tenant: `/tenants/{name}`.
    pub source: String,
    /// What happened, such as `user.created`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// What it is about: `Users/{id}`, `Groups/{id}`, `Tokens/{id}` or `OauthClients/{id}`.
    pub subject: String,
    /// When, RFC 3339 in UTC.
    #[serde(with = "time::serde::rfc3339")]
    pub time: OffsetDateTime,
    /// The tenant's number of this event: 1, 2, 3, … without gaps.
    pub sequence: i64,
    /// `application/json`
    pub datacontenttype: &'static str,
    /// The resource after the change, what changed (with old values), and who did it; or the facts about the token or OAuth client.
    pub data: Box<RawValue>,
}
