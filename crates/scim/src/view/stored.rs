//! A resource as the directory keeps it.

use crate::ResourceKind;

/// A member of a group, or a group of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberReference {
    /// Its id.
    pub id: String,
    /// Whether it is a user or a group.
    pub kind: ResourceKind,
    /// The name it is shown with.
    pub display: Option<String>,
}

/// A resource as it is stored, with what is kept beside its text.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    /// Whether it is a user or a group.
    pub kind: ResourceKind,
    /// Its id.
    pub id: &'a str,
    /// The text that [`crate::Resource::to_document`] wrote.
    pub document: &'a str,
    /// Its version, counted up from 1 with each change.
    pub version: i64,
    /// When it was created, in milliseconds since 1970.
    pub created_ms: i64,
    /// When it was last changed, in milliseconds since 1970.
    pub modified_ms: i64,
    /// The groups of a user.
    pub groups: &'a [MemberReference],
    /// The members of a group; `None` if they were not read.
    pub members: Option<&'a [MemberReference]>,
}

impl<'a> Stored<'a> {
    /// The attribute that is kept beside the text (`groups` of a user, `members` of a group) and its elements, which
    /// are shown if there are any (RFC 7643 section 2.5).
    pub(super) fn references(&self) -> Option<(&'static str, &'a [MemberReference])> {
        let (name, references) = match self.kind {
            ResourceKind::User => ("groups", self.groups),
            ResourceKind::Group => ("members", self.members.unwrap_or_default()),
        };
        (!references.is_empty()).then_some((name, references))
    }
}
