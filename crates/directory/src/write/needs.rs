//! What must be loaded before changes can be decided.

use std::collections::BTreeSet;

use scim::{MemberStep, Resource, ResourceKind};
use uuid::Uuid;

use super::working::{Name, Place, Working};
use super::{Action, Change};
use crate::key;

/// The rows that changes touch.
#[derive(Debug, Default)]
pub(super) struct Needs {
    /// Resources to be changed; `true` if the groups that they are in are loaded.
    pub(super) targets: Vec<(Place, bool)>,
    /// Resources that are only referred to.
    pub(super) mentioned: BTreeSet<Place>,
    /// Memberships to be known: group, then member.
    pub(super) pairs: BTreeSet<(i64, Uuid, Uuid)>,
    /// Groups of which every member must be known.
    pub(super) whole_groups: BTreeSet<Place>,
    /// Resources that are deleted: who refers to them must be known.
    pub(super) deleted: Vec<Place>,
}

impl Needs {
    /// What the changes name themselves.
    pub(super) fn of(changes: &[Change]) -> Self {
        let mut needs = Self::default();
        for change in changes {
            let tenant = change.tenant_number();
            let place = (tenant, change.id);
            match &change.action {
                Action::Create(new) => {
                    needs.mention(tenant, new.members.iter().flatten().map(|member| &member.id));
                }
                Action::Replace(draft, _) => {
                    needs.targets.push((place, change.groups));
                    if change.kind == ResourceKind::Group {
                        needs.whole_groups.insert(place);
                        needs.mention(tenant, draft.members.iter().flatten().map(|member| &member.id));
                    }
                }
                Action::Patch(patch, steps, _) => {
                    needs.targets.push((place, change.groups));
                    if retells(change) && patch.touches("displayName") {
                        needs.whole_groups.insert(place);
                    }
                    steps.iter().for_each(|step| needs.member_step(place, step));
                }
                Action::Delete(_) => {
                    needs.targets.push((place, change.groups));
                    needs.deleted.push(place);
                    if change.kind == ResourceKind::Group {
                        needs.whole_groups.insert(place);
                    }
                }
                Action::Invitation(_) => needs.targets.push((place, true)),
                Action::Erase | Action::Tell | Action::Name | Action::Breaker(_) => {}
            }
        }
        needs
    }

    /// The users of whom changes of groups may have something else to tell, as far as they are not loaded.
    pub(super) fn retold(changes: &[Change], working: &Working) -> Vec<(Place, bool)> {
        let groups: BTreeSet<Place> =
            changes.iter().filter(|change| retells(change)).map(|change| (change.tenant_number(), change.id)).collect();
        let mut places = BTreeSet::new();
        for change in changes.iter().filter(|change| retells(change)) {
            let mut named = Self::of(std::slice::from_ref(change));
            places.append(&mut named.mentioned);
        }
        for (tenant, group) in groups {
            let members = working.members.get(&(tenant, group)).into_iter().flat_map(|members| members.keys());
            places.extend(members.map(|member| (tenant, *member)));
        }
        let is_user = |place: &Place| working.known.get(place).is_none_or(|known| known.kind == ResourceKind::User);
        let unloaded = places.into_iter().filter(|place| is_user(place) && !working.held.contains_key(place));
        unloaded.map(|place| (place, true)).collect()
    }

    fn mention<'a>(&mut self, tenant: i64, ids: impl Iterator<Item = &'a String>) {
        self.mentioned.extend(ids.filter_map(|id| Some((tenant, key::id(id)?))));
    }

    fn member_step(&mut self, (tenant, group): Place, step: &MemberStep) {
        match step {
            MemberStep::Add(members) => self.pair((tenant, group), members.iter().map(|member| &member.id)),
            MemberStep::Remove(ids) => self.pair((tenant, group), ids.iter()),
            MemberStep::Replace(members) => {
                self.mention(tenant, members.iter().map(|member| &member.id));
                self.whole_groups.insert((tenant, group));
            }
            MemberStep::RemoveWhere(_) | MemberStep::Clear => {
                self.whole_groups.insert((tenant, group));
            }
        }
    }

    fn pair<'a>(&mut self, (tenant, group): Place, ids: impl Iterator<Item = &'a String>) {
        for id in ids.filter_map(|id| key::id(id)) {
            self.mentioned.insert((tenant, id));
            self.pairs.insert((tenant, group, id));
        }
    }

    /// The unique names that the changes may claim. A patch is tried on what is stored, to see the name it leaves.
    pub(super) fn names<'a>(changes: impl IntoIterator<Item = &'a Change>, working: &Working) -> BTreeSet<Name> {
        changes.into_iter().filter_map(|change| claimed(change, working)).collect()
    }
}

/// The names that users may claim for their tenants' applications.
pub(super) fn told_names<'a>(
    changes: impl IntoIterator<Item = &'a Change>,
    working: &Working,
) -> BTreeSet<(i64, String)> {
    let names = |change: &&Change| change.is_of_user() && change.tenant.profile().naming() != 0;
    changes.into_iter().filter(names).filter_map(|change| claimed_as_told(change, working)).collect()
}

fn claimed_as_told(change: &Change, working: &Working) -> Option<(i64, String)> {
    let (tenant, of) = (change.tenant_number(), change.tenant.schemas().of(change.kind));
    let held = working.held.get(&(tenant, change.id));
    let resource = match &change.action {
        Action::Create(new) => Resource::clone(&new.resource),
        Action::Replace(draft, _) => draft.clone().replacing(&held?.resource, of).ok()?.resource,
        Action::Patch(patch, ..) => patch.apply(&held?.resource, of, &mut change.dialect()).ok()?,
        _ => return None,
    };
    let told = change.tenant.profile().told_name(&resource)?;
    Some((tenant, key::folded(&told.name)))
}

/// Whether a change of a group may be one of its users for the application.
fn retells(change: &Change) -> bool {
    change.kind == ResourceKind::Group && change.tenant.profile().reads_groups()
}

fn claimed(change: &Change, working: &Working) -> Option<Name> {
    let attribute = match change.kind {
        ResourceKind::User => "userName",
        ResourceKind::Group if change.tenant.settings().unique_group_names => "displayName",
        ResourceKind::Group => return None,
    };
    let resource = match &change.action {
        Action::Create(new) => &new.resource,
        Action::Replace(draft, _) => &draft.resource,
        Action::Patch(patch, ..) if patch.touches(attribute) => {
            let held = working.held.get(&(change.tenant_number(), change.id))?;
            let of = change.tenant.schemas().of(change.kind);
            &patch.apply(&held.resource, of, &mut change.dialect()).ok()?
        }
        _ => return None,
    };
    name(change.tenant_number(), change.kind, resource)
}

/// The name of a resource that must be unique where uniqueness is asked for.
pub(super) fn name(tenant: i64, kind: ResourceKind, resource: &scim::Resource) -> Option<Name> {
    let text = match kind {
        ResourceKind::User => resource.user_name(),
        ResourceKind::Group => resource.display_name(),
    };
    Some((tenant, kind, key::folded(text?)))
}
