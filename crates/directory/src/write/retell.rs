//! Users of whom an application is told something else because a group has changed: its profile makes departments or roles of
//! groups.

use std::sync::Arc;

use events::EventType;
use scim::{MemberReference, Resource, ResourceKind};
use uuid::Uuid;

use super::event::{Story, tell};
use super::invitation;
use super::member::Moves;
use super::working::Working;
use super::{Action, Change};
use crate::DirectoryError;

/// The groups that users are in before a change of one of them.
#[derive(Debug, Default)]
pub(super) struct Retelling(Vec<(Uuid, Vec<MemberReference>)>);

impl Retelling {
    /// Notes the groups of the users that join or leave the group that is changed, or are in it and see another name.
    pub(super) fn begin(change: &Change, moves: &Moves, renamed: bool, working: &Working) -> Self {
        if change.kind != ResourceKind::Group || !change.tenant.profile().reads_groups() {
            return Self::default();
        }
        let tenant = change.tenant_number();
        let mut users: Vec<Uuid> = moves.added.iter().chain(&moves.removed).copied().collect();
        if renamed {
            users.extend(working.members.get(&(tenant, change.id)).into_iter().flat_map(|members| members.keys()));
        }
        users.sort_unstable();
        users.dedup();
        // Of whom goes it is told that it goes.
        users.retain(|id| working.dying != Some((tenant, *id)));
        let of_user = |id: Uuid| {
            let held = working.held.get(&(tenant, id)).filter(|held| held.record.kind == ResourceKind::User)?;
            Some((id, held.record.groups.clone()))
        };
        Self(users.into_iter().filter_map(of_user).collect())
    }

    /// Tells each of whom there is something else to tell now.
    pub(super) fn end(self, change: &Change, working: &mut Working) -> Result<(), DirectoryError> {
        let (tenant, profile) = (change.tenant_number(), change.tenant.profile());
        for (id, groups_before) in self.0 {
            let Some(held) = working.held.get(&(tenant, id)).cloned() else { continue };
            let told = |groups: &[MemberReference]| profile.map(&held.resource, groups);
            if told(&groups_before) == told(&held.record.groups) {
                continue;
            }
            let resource: Option<&Resource> = Some(&held.resource);
            // Another address is another invitation, whatever makes it.
            let (kind, action) = (ResourceKind::User, Action::Tell);
            let (of, actor) = (Arc::clone(&change.tenant), change.actor.clone());
            let of_user = Change { tenant: of, actor, kind, id, action, password: None, groups: true };
            let (invitation_before, is_invited) = invitation::follow(&of_user, resource, &held, working);
            let story = Story {
                tenant: &change.tenant,
                id,
                actor: &change.actor,
                record: &held.record,
                before: resource,
                after: resource,
                groups_before: Some(&groups_before),
                moves: &Moves::default(),
                password: None,
                replaced: false,
                invitation_before,
                happened: None,
            };
            tell(&story, working)?;
            if is_invited {
                invitation::tell_of(&of_user, EventType::UserInvited, None, working)?;
            }
        }
        Ok(())
    }
}
