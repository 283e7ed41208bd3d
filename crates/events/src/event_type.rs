//! What can happen: the `type` of an event.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use tenancy::NoticeType;

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

            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];
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
    /// A user is to verify an address before being a member, and is told so by mail.
    UserInvited = "user.invited",
    /// An invited user has verified the address and is a member.
    UserVerified = "user.verified",
    /// An invitation was taken back by an operator.
    UserInvitationRevoked = "user.invitation_revoked",
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
    /// A store has taken nothing for too long.
    StoreDegraded = "store.degraded",
    /// A store that was degraded takes events again.
    StoreRecovered = "store.recovered",
    /// A store gets a snapshot, because events that it has not got are no longer in the log.
    StoreRebuilding = "store.rebuilding",
    /// The client ends too many users at once; their events may be held.
    BreakerTripped = "breaker.tripped",
    /// The client makes too many new users at once; their events may be held.
    BreakerFlooded = "breaker.flooded",
    /// Stores get what was held.
    BreakerReleased = "breaker.released",
    /// Stores get what was held without the ends of users.
    BreakerDiscarded = "breaker.discarded",
    /// The settings of the breaker were changed.
    BreakerChanged = "breaker.changed",
    /// The user to whom changes are attributed does not qualify any more.
    AdministratorUnfit = "administrator.unfit",
    /// A request that was to be answered asynchronously is done.
    RequestCompleted = "request.completed",
    /// A snapshot of the directory begins: what a store has of before is to be replaced.
    SnapshotStarted = "snapshot.started",
    /// A user as a snapshot has it.
    UserSnapshot = "user.snapshot",
    /// A group with members as a snapshot has it; a large one comes in parts.
    GroupSnapshot = "group.snapshot",
    /// A snapshot is complete; what was not in it does not exist.
    SnapshotCompleted = "snapshot.completed",
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
            NoticeType::StoreDegraded => Self::StoreDegraded,
            NoticeType::StoreRecovered => Self::StoreRecovered,
            NoticeType::StoreRebuilding => Self::StoreRebuilding,
            NoticeType::RequestCompleted => Self::RequestCompleted,
        }
    }
}

impl FromStr for EventType {
    type Err = UnknownType;

    fn from_str(text: &str) -> Result<Self, UnknownType> {
        let known = Self::ALL.iter().find(|known| known.as_str() == text);
        known.copied().ok_or_else(|| UnknownType(text.to_owned()))
    }
}

/// A type of event that this version does not know.
#[derive(Debug, thiserror::Error)]
#[error("\"{0}\" is no type of event")]
pub struct UnknownType(String);

impl Serialize for EventType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}
