//! What the changes of a batch mean for each other: who is in which group, and under which name.
//!
//! A user's `groups` are loaded before the first change of the batch; they follow those that are made before the user's own,
//! so that its answer and its event tell what is true by then.

use scim::{MemberReference, Resource, ResourceKind};
use uuid::Uuid;

use super::member::Moves;
use super::working::{Known, Place, Working};
use crate::key;

/// A resource's name where others mention it, as their rows have it.
pub(super) fn shown(resource: &Resource) -> Option<String> {
    resource.display().map(|display| key::exact(&display).into_owned())
}

impl Working {
    /// Writes down who joins a group, who leaves it, and under which names members are in it.
    pub(super) fn move_members(&mut self, group: Place, moves: &Moves, resource: &Resource) {
        let (tenant, id) = group;
        let display = shown(resource);
        for (member, row) in &moves.rows {
            let members = self.members.entry(group).or_default();
            match row {
                Some(name) => members.insert(*member, name.clone()),
                None => members.remove(member),
            };
            self.moved.insert((tenant, id, *member), row.clone());
        }
        for member in &moves.added {
            self.join((tenant, *member), id, display.as_deref());
        }
        for member in &moves.removed {
            self.leave((tenant, *member), id);
        }
    }

    /// Has everybody who is shown under a resource's name see its new one.
    pub(super) fn rename(&mut self, place: Place, kind: ResourceKind, before: Option<&Resource>, after: &Resource) {
        let display = shown(after);
        if let Some(known) = self.known.get_mut(&place) {
            *known = Known { kind, display: display.clone() };
        }
        if kind == ResourceKind::User || before.and_then(shown) == display {
            return;
        }
        let id = place.1.to_string();
        let of_tenant = self.held.iter_mut().filter(|((tenant, _), _)| *tenant == place.0);
        for group in of_tenant.flat_map(|(_, held)| &mut held.record.groups).filter(|group| group.id == id) {
            group.display.clone_from(&display);
        }
    }

    /// Ids sort by creation, as where groups are read.
    fn join(&mut self, member: Place, group: Uuid, display: Option<&str>) {
        let Some(held) = self.held.get_mut(&member).filter(|held| held.record.kind == ResourceKind::User) else {
            return;
        };
        let id = group.to_string();
        let groups = &mut held.record.groups;
        if let Err(place) = groups.binary_search_by(|known| known.id.cmp(&id)) {
            let display = display.map(str::to_owned);
            groups.insert(place, MemberReference { id, kind: ResourceKind::Group, display });
        }
    }

    pub(super) fn leave(&mut self, member: Place, group: Uuid) {
        let Some(held) = self.held.get_mut(&member) else { return };
        let id = group.to_string();
        held.record.groups.retain(|known| known.id != id);
    }
}
