//! One wished change, and what came of it.

use std::sync::Arc;

use scim::{Dialect, Draft, Member, MemberStep, Patch, Resource, ResourceKind, ResourceType};
use tenancy::Tenant;
use uuid::Uuid;

use super::{Errand, InvitationAnswer, InvitationErrand};
use crate::password::Set;
use crate::{Actor, BreakerDone, Condition, Record};

/// A change of one resource, as a client wishes it.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) actor: Actor,
    pub(crate) kind: ResourceKind,
    pub(crate) id: Uuid,
    pub(crate) action: Action,
    /// That it sets a password, which counts as a change: whether it is another one nobody knows.
    pub(crate) password: Option<Set>,
    /// Whether the groups that it is in are loaded: of users, for the answer and for the event.
    pub(crate) groups: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Action {
    Create(New),
    Replace(Draft, Condition),
    Patch(Patch, Vec<MemberStep>, Condition),
    Delete(Condition),
    /// Everything of the tenant goes; no event is left to tell.
    Erase,
    /// Nothing changes here: what happened to the tenant's tokens is told.
    Tell,
    /// Nothing changes but the names that the application is told, if its profile makes others than they were.
    Name,
    /// Something is done with the breaker, and told.
    Breaker(Errand),
    /// Something is done with the invitation of a user, and told.
    Invitation(InvitationErrand),
}

/// A resource that is to be, as far as it can be made before its turn to be written comes.
#[derive(Clone, Debug)]
pub(crate) struct New {
    pub(crate) resource: Arc<Resource>,
    pub(crate) members: Option<Vec<Member>>,
    pub(crate) document: Arc<str>,
}

impl New {
    pub(crate) fn of(draft: Draft, id: Uuid, of: &ResourceType) -> Self {
        let Draft { resource, members, .. } = draft.creating();
        let document = resource.to_document(of, &id.to_string()).into();
        Self { resource: Arc::new(resource), members, document }
    }
}

impl Change {
    /// The tenant's number, as it stands in the tables.
    pub(crate) fn tenant_number(&self) -> i64 {
        self.tenant.id().as_i64()
    }

    /// A dialect as forgiving as the tenant.
    pub(crate) fn dialect(&self) -> Dialect {
        if self.tenant.settings().strict { Dialect::strict() } else { Dialect::lenient() }
    }

    /// Whether it leaves a user that may have another name for the application.
    pub(super) fn is_of_user(&self) -> bool {
        self.kind == ResourceKind::User
            && matches!(self.action, Action::Create(_) | Action::Replace(..) | Action::Patch(..) | Action::Name)
    }

    /// Whether it must have a batch of its own: it touches rows that only the database knows.
    pub(crate) fn is_alone(&self) -> bool {
        matches!(self.action, Action::Delete(_) | Action::Erase | Action::Tell | Action::Name | Action::Breaker(_))
    }
}

/// What a change left.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// The resource after the change, without members; as it was, if it was deleted.
    pub(crate) record: Record,
    /// What had to be repaired to apply it.
    pub(crate) dialect: Dialect,
    /// What became of what the breaker held.
    pub(crate) done: BreakerDone,
    /// What became of an invitation, if something was to be done with it and there is one.
    pub(crate) invitation: Option<InvitationAnswer>,
}

impl Outcome {
    pub(crate) fn of(record: Record, dialect: Dialect) -> Self {
        Self { record, dialect, done: BreakerDone::default(), invitation: None }
    }
}
