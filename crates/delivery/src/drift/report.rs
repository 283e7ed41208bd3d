//! What a comparison found.

use scim::ResourceKind;
use serde::Serialize;
use uuid::Uuid;

/// How far a comparison is, and what it has found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DriftReport {
    /// Whether it is over.
    pub done: bool,
    /// The number of the last event that the store has: it is compared with what the events up to here have made.
    pub position: i64,
    /// How many users and groups the directory has, those that the store gets.
    pub total: u64,
    /// How many users and groups were looked at.
    pub compared: u64,
    /// Users that differ.
    pub users: Counts,
    /// Groups that differ, apart from their members.
    pub groups: Counts,
    /// Memberships that differ.
    pub memberships: Counts,
    /// How many were passed over because events about them are on their way.
    pub under_way: u64,
    /// The first of those that differ.
    pub differences: Vec<Difference>,
    /// How many were brought into line; `None` if that was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repaired: Option<u64>,
    /// How many differed afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining: Option<u64>,
    /// What the store said about some that could not be brought into line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<Unrepaired>,
    /// Why it was broken off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Whether that was because the store or the database did not answer.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unavailable: bool,
}

/// How many differ, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// In the directory, and not in the store.
    pub missing: u64,
    /// In the store, and not in the directory. Of another service's, only what is ours.
    pub extra: u64,
    /// In both, and not the same.
    pub different: u64,
}

/// One that could not be brought into line.
#[derive(Clone, Debug, Serialize)]
pub struct Unrepaired {
    /// Which one.
    #[serde(flatten)]
    pub subject: Subject,
    /// What the store said.
    pub error: String,
}

/// What a comparison is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    /// A user.
    User,
    /// A group, without its members.
    Group,
    /// Somebody in a group.
    Membership,
}

/// One user, group or membership.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// Which of them.
    pub kind: Sort,
    /// The id of the user or group in the directory. What only a store has may have another sort of id.
    pub id: String,
    /// Of a membership, the id of who is in the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
}

/// How something differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// The store does not have it.
    Missing,
    /// Only the store has it.
    Extra,
    /// Both have it.
    Different,
}

/// One that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Which one.
    #[serde(flatten)]
    pub subject: Subject,
    /// How.
    pub what: What,
    /// The SCIM paths of the attributes that are not the same, never their values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<String>,
}

impl From<ResourceKind> for Sort {
    fn from(kind: ResourceKind) -> Self {
        match kind {
            ResourceKind::User => Self::User,
            ResourceKind::Group => Self::Group,
        }
    }
}

impl Difference {
    /// A user or group.
    pub(crate) fn of(kind: ResourceKind, id: &impl ToString, what: What) -> Self {
        let subject = Subject { kind: kind.into(), id: id.to_string(), member: None };
        Self { subject, what, attributes: Vec::new() }
    }

    /// A membership.
    pub(crate) fn of_member(group: &impl ToString, member: &impl ToString, what: What) -> Self {
        let subject = Subject { kind: Sort::Membership, id: group.to_string(), member: Some(member.to_string()) };
        Self { subject, what, attributes: Vec::new() }
    }

    pub(crate) fn with(self, attributes: Vec<String>) -> Self {
        Self { attributes, ..self }
    }
}

impl Subject {
    /// The id, if it is one that the directory could have given.
    pub(crate) fn uuid(&self) -> Option<Uuid> {
        uuid(&self.id)
    }

    /// The same of the member.
    pub(crate) fn member_uuid(&self) -> Option<Uuid> {
        uuid(self.member.as_deref()?)
    }
}

/// An id in exactly the form in which the directory gives it.
fn uuid(text: &str) -> Option<Uuid> {
    Uuid::parse_str(text).ok().filter(|id| id.to_string() == text)
}

impl DriftReport {
    /// How many differ.
    #[must_use]
    pub fn differing(&self) -> u64 {
        [self.users, self.groups, self.memberships].iter().map(|counts| counts.all()).sum()
    }

    pub(super) fn count(&mut self, difference: &Difference) {
        let counts = match difference.subject.kind {
            Sort::User => &mut self.users,
            Sort::Group => &mut self.groups,
            Sort::Membership => &mut self.memberships,
        };
        match difference.what {
            What::Missing => counts.missing += 1,
            What::Extra => counts.extra += 1,
            What::Different => counts.different += 1,
        }
    }
}

impl Counts {
    fn all(self) -> u64 {
        self.missing + self.extra + self.different
    }
}
