//! One resource as it is read, and what a caller wants to know of it.

use std::sync::Arc;

use scim::{MemberReference, ResourceKind, ScimError, Stored};
use tenancy::CredentialId;
use uuid::Uuid;

/// Who causes a change, as its event tells.
#[derive(Clone, Debug)]
pub struct Actor {
    /// A short name of the client software, such as `entra`.
    pub client: &'static str,
    /// The provisioning token or the OAuth client, if one was used.
    pub credential: Option<CredentialId>,
    /// The request.
    pub request_id: String,
}

/// One who is in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The group.
    pub group: Uuid,
    /// Who is in it.
    pub member: Uuid,
    /// What the member is.
    pub kind: ResourceKind,
}

/// What is read beside the document.
#[derive(Clone, Copy, Debug)]
pub struct Include {
    /// The `groups` of users.
    pub groups: bool,
    /// The `members` of groups.
    pub members: Members,
}

impl Include {
    /// The document alone.
    pub const NOTHING: Self = Self { groups: false, members: Members::None };
}

/// Which `members` of a group are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Members {
    /// None.
    None,
    /// All, unless the group has more than this many: then none.
    UpTo(u32),
    /// All, however many.
    All,
}

/// What must be true of the stored version for a change to be made (RFC 7644 section 3.14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    None,
    /// The resource exists: `If-Match: *`.
    Any,
    /// It has one of these versions.
    Versions(Vec<i64>),
}

impl Condition {
    /// Refuses a stale version.
    pub(crate) fn check(&self, version: i64) -> Result<(), ScimError> {
        match self {
            Self::Versions(versions) if !versions.contains(&version) => Err(ScimError::new(
                412,
                format!("the resource has changed: its version is W/\"{version}\"; read it again before changing it"),
            )),
            _ => Ok(()),
        }
    }
}

/// One user or group.
#[derive(Clone, Debug)]
pub struct Record {
    /// Which type it is of.
    pub kind: ResourceKind,
    /// Its id.
    pub id: String,
    /// Where it stands among the resources of its type, by creation.
    pub(crate) position: i64,
    /// 1 when created, one more with every change.
    pub version: i64,
    /// When it was created, in milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// When it was last changed, in milliseconds since 1970 UTC.
    pub modified_ms: i64,
    /// The canonical JSON text, without `meta`, `groups` and `members`.
    pub document: Arc<str>,
    /// The groups a user is in; empty if they were not asked for.
    pub groups: Vec<MemberReference>,
    /// The members of a group; `None` if they were not asked for, or are more than asked for.
    pub members: Option<Vec<MemberReference>>,
    /// How many members a group has.
    pub(crate) member_count: i64,
}

impl Record {
    /// The form that `scim` renders.
    #[must_use]
    pub fn stored(&self) -> Stored<'_> {
        Stored {
            kind: self.kind,
            id: &self.id,
            document: &self.document,
            version: self.version,
            created_ms: self.created_ms,
            modified_ms: self.modified_ms,
            groups: &self.groups,
            members: self.members.as_deref(),
        }
    }

    /// Whether the members are to be read after all.
    pub(crate) fn wants_members(&self, include: Include) -> bool {
        self.kind == ResourceKind::Group
            && match include.members {
                Members::None => false,
                Members::UpTo(limit) => self.member_count <= i64::from(limit),
                Members::All => true,
            }
    }
}
