//! What a store is to have, by its filter: what is not brought there cannot differ.

use events::EventType;
use scim::ResourceKind;

use super::report::What;
use crate::Options;

/// What a store is to have.
#[derive(Clone, Debug)]
pub(crate) struct Scope(Options);

impl Scope {
    pub(super) fn of(options: &Options) -> Self {
        Self(options.clone())
    }

    /// Whether anything of these is compared.
    pub(crate) fn has(&self, kind: ResourceKind) -> bool {
        [What::Missing, What::Extra, What::Different].iter().any(|what| self.counts(kind, *what))
    }

    /// Whether memberships are compared.
    pub(crate) fn has_members(&self) -> bool {
        self.counts_member(What::Missing) || self.counts_member(What::Extra)
    }

    /// Whether such a difference of a user or group is one: whether the store gets the events that would mend it.
    pub(super) fn counts(&self, kind: ResourceKind, what: What) -> bool {
        use EventType::{
            GroupCreated, GroupDeleted, GroupSnapshot, GroupUpdated, UserCreated, UserDeleted, UserSnapshot,
            UserUpdated,
        };
        let wanted: &[EventType] = match (kind, what) {
            (ResourceKind::User, What::Missing) => &[UserCreated, UserSnapshot],
            (ResourceKind::User, What::Extra) => &[UserDeleted],
            (ResourceKind::User, What::Different) => &[UserUpdated],
            (ResourceKind::Group, What::Missing) => &[GroupCreated, GroupSnapshot],
            (ResourceKind::Group, What::Extra) => &[GroupDeleted],
            (ResourceKind::Group, What::Different) => &[GroupUpdated],
        };
        wanted.iter().any(|event_type| self.0.is_for(*event_type))
    }

    /// The same of a membership.
    pub(super) fn counts_member(&self, what: What) -> bool {
        match what {
            What::Missing | What::Different => self.0.is_for(EventType::GroupMemberAdded),
            What::Extra => self.0.is_for(EventType::GroupMemberRemoved),
        }
    }

    /// Whether a store gets changes of this SCIM path.
    pub(super) fn is_told(&self, kind: ResourceKind, path: &str) -> bool {
        let is_active = kind == ResourceKind::User && path == "active";
        match is_active {
            true => self.0.is_for(EventType::UserActivated) && self.0.is_for(EventType::UserDeactivated),
            false => self.0.is_about(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn scope(options: Value) -> Scope {
        let Value::Object(mut settings) = options else { panic!("no object") };
        Scope(Options::take(&mut settings, "sql").unwrap())
    }

    #[test]
    fn a_store_of_users_is_to_have_users_alone() {
        let scope = scope(json!({ "types": ["user.*"] }));
        assert!(scope.has(ResourceKind::User));
        assert!(!scope.has(ResourceKind::Group) && !scope.has_members());
    }

    #[test]
    fn what_a_store_never_hears_of_cannot_differ() {
        let scope = scope(json!({ "types": ["user.created", "group.*"] }));
        assert!(scope.counts(ResourceKind::User, What::Missing));
        assert!(!scope.counts(ResourceKind::User, What::Extra) && !scope.counts(ResourceKind::User, What::Different));
        assert!(scope.counts_member(What::Extra));
        assert!(!scope.is_told(ResourceKind::User, "active"));
    }

    #[test]
    fn of_attributes_those_count_that_are_brought() {
        let scope = scope(json!({ "attributes": ["title", "name.givenName", "emails"] }));
        for path in ["title", "name.givenName", "name", "emails", "active"] {
            assert!(scope.is_told(ResourceKind::User, path), "{path}");
        }
        for path in ["nickName", "name.familyName"] {
            assert!(!scope.is_told(ResourceKind::User, path), "{path}");
        }
    }
}
