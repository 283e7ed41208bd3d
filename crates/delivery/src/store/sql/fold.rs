//! What a batch of events comes to: of each user, group and membership only the last state is written.

use std::collections::BTreeMap;

use events::{Data, Event, EventType, GroupChange, Member, UserChange};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::store::Failure;

/// The last states, in the order of their ids.
#[derive(Debug, Default)]
pub(super) struct Folded<'a> {
    pub(super) users: BTreeMap<Uuid, Last<'a, UserChange>>,
    pub(super) groups: BTreeMap<Uuid, Last<'a, GroupChange>>,
    pub(super) members: BTreeMap<Uuid, Members<'a>>,
    /// Every event that has a number of its own.
    pub(super) events: Vec<&'a Event>,
}

/// The last state of a user or group.
#[derive(Debug)]
pub(super) struct Last<'a, T> {
    /// `None`: it was deleted.
    pub(super) told: Option<&'a T>,
    /// When it was created, if that is in the batch.
    pub(super) created: Option<OffsetDateTime>,
    pub(super) changed: OffsetDateTime,
}

/// What became of a group's members.
#[derive(Debug, Default)]
pub(super) struct Members<'a> {
    /// The group was deleted: all that were there before have left.
    pub(super) emptied: bool,
    /// The members that came; of those that left, `None`.
    pub(super) moved: BTreeMap<Uuid, Option<&'a Member>>,
}

impl<'a> Folded<'a> {
    /// Adds the next event.
    pub(super) fn add(&mut self, event: &'a Event) -> Result<(), Failure> {
        match &event.data {
            Data::User(user) => {
                let told = (event.event_type != EventType::UserDeleted).then_some(user.as_ref());
                let is_new = event.event_type == EventType::UserCreated;
                keep(&mut self.users, id(&user.user.id)?, told, is_new, event.time);
            }
            Data::Group(group) => self.add_group(event, group)?,
            Data::Other(_) => {}
        }
        if !is_of_snapshot(event.event_type) {
            self.events.push(event);
        }
        Ok(())
    }

    fn add_group(&mut self, event: &'a Event, group: &'a GroupChange) -> Result<(), Failure> {
        let own = id(&group.group.id)?;
        if event.event_type == EventType::GroupDeleted {
            keep(&mut self.groups, own, None, false, event.time);
            self.members.insert(own, Members { emptied: true, moved: BTreeMap::new() });
            return Ok(());
        }
        keep(&mut self.groups, own, Some(group), event.event_type == EventType::GroupCreated, event.time);
        if let Some(moves) = &group.members {
            let members = self.members.entry(own).or_default();
            members.moved.extend(moves.removed.iter().map(|member| (member.id, None)));
            members.moved.extend(moves.added.iter().map(|member| (member.id, Some(member))));
        }
        Ok(())
    }

    /// The groups all of whose members have left.
    pub(super) fn emptied(&self) -> impl Iterator<Item = Uuid> + Send {
        self.members.iter().filter(|(_, members)| members.emptied).map(|(group, _)| *group)
    }

    /// Memberships that ended: group and member.
    pub(super) fn left(&self) -> impl Iterator<Item = (Uuid, Uuid)> + Send {
        self.moved().filter(|(_, _, came)| came.is_none()).map(|(group, member, _)| (group, member))
    }

    /// Memberships that there are: group and member.
    pub(super) fn came(&self) -> impl Iterator<Item = (Uuid, &'a Member)> + Send {
        self.moved().filter_map(|(group, _, came)| Some((group, came?)))
    }

    fn moved(&self) -> impl Iterator<Item = (Uuid, Uuid, Option<&'a Member>)> + Send {
        self.members
            .iter()
            .flat_map(|(group, members)| members.moved.iter().map(move |(id, came)| (*group, *id, *came)))
    }
}

fn keep<'a, T>(
    all: &mut BTreeMap<Uuid, Last<'a, T>>,
    id: Uuid,
    told: Option<&'a T>,
    is_new: bool,
    time: OffsetDateTime,
) {
    let last = all.entry(id).or_insert(Last { told, created: None, changed: time });
    (last.told, last.changed) = (told, time);
    if is_new {
        last.created = Some(time);
    }
}

/// Whether it tells of a snapshot, whose events all have one number.
pub(super) fn is_of_snapshot(event_type: EventType) -> bool {
    use EventType::{GroupSnapshot, SnapshotCompleted, SnapshotStarted, UserSnapshot};
    matches!(event_type, SnapshotStarted | UserSnapshot | GroupSnapshot | SnapshotCompleted)
}

fn id(text: &str) -> Result<Uuid, Failure> {
    Uuid::parse_str(text).map_err(|_| Failure::refused("an event is about something whose id is no UUID"))
}
