//! The log tells everything that happened, once, in the order in which it happened: whoever reads it has the directory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use events::{Data, Event, EventType, Events, GroupChange, UserChange};
use fastrand::Rng;
use scim::ResourceKind;
use serde_json::{Value, json};
use tenancy::Administered;

use super::on_both;
use super::support::{ALL, System, draft, member_ids, patch};
use crate::{Condition, Directory, DirectoryError};

/// How many changes each writer makes.
const CHANGES: usize = 120;
const MANAGER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";

/// The ids that the writers of one tenant share, dead ones among them.
#[derive(Default)]
struct Ids {
    users: Mutex<Vec<String>>,
    groups: Mutex<Vec<String>>,
}

impl Ids {
    fn list(&self, kind: ResourceKind) -> &Mutex<Vec<String>> {
        if kind == ResourceKind::User { &self.users } else { &self.groups }
    }

    fn any(&self, kind: ResourceKind, dice: &mut Rng) -> String {
        dice.choice(&*self.list(kind).lock().unwrap()).cloned().unwrap_or_else(|| uuid::Uuid::nil().to_string())
    }
}

/// Makes random changes. What the directory refuses, because another writer was there before, is no change.
async fn write(directory: Directory, ids: Arc<Ids>, mut dice: Rng) {
    for _ in 0..CHANGES {
        match change(&directory, &ids, &mut dice).await {
            Ok(()) | Err(DirectoryError::Refused(_)) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
}

async fn change(directory: &Directory, ids: &Ids, dice: &mut Rng) -> Result<(), DirectoryError> {
    use ResourceKind::{Group, User};
    let (user, group) = (ids.any(User, dice), ids.any(Group, dice));
    let name = format!("name{}", dice.u8(..40));
    let operation = match dice.u8(..16) {
        0..=2 => return create(directory, ids, User, json!({ "userName": name, "active": dice.bool() })).await,
        3 => {
            let members = [json!({ "value": user })];
            return create(directory, ids, Group, json!({ "displayName": name, "members": members })).await;
        }
        4 => return directory.delete(User, &user, Condition::None).await,
        5 => return directory.delete(Group, &group, Condition::None).await,
        6 => (User, user, json!({ "op": "replace", "path": "active", "value": dice.bool() })),
        7 => (User, user, json!({ "op": "replace", "path": "title", "value": name })),
        8 => (User, user, json!({ "op": "add", "path": MANAGER, "value": ids.any(User, dice) })),
        9 => (User, user, json!({ "op": "replace", "path": "userName", "value": name })),
        10 | 11 => (Group, group, json!({ "op": "add", "path": "members", "value": [{ "value": user }] })),
        12 => (Group, group, json!({ "op": "remove", "path": format!("members[value eq \"{user}\"]") })),
        13 => (Group, group, json!({ "op": "replace", "path": "displayName", "value": name })),
        14 => {
            let nested = ids.any(Group, dice);
            (Group, group, json!({ "op": "add", "path": "members", "value": [{ "value": nested }] }))
        }
        _ => {
            let members: Vec<Value> =
                [user, ids.any(User, dice)].iter().map(|id| json!({ "value": id, "display": name })).collect();
            (Group, group, json!({ "op": "replace", "path": "members", "value": members }))
        }
    };
    let (kind, id, operation) = operation;
    directory.patch(kind, &id, patch(kind, &json!([operation])), Condition::None, ALL).await.map(drop)
}

async fn create(directory: &Directory, ids: &Ids, kind: ResourceKind, body: Value) -> Result<(), DirectoryError> {
    let created = directory.create(kind, draft(kind, body), ALL).await?;
    ids.list(kind).lock().unwrap().push(created.id);
    Ok(())
}

/// Reads what comes until nothing can come any more, in parts of any size.
async fn follow(events: Events, tenant: Administered, done: Arc<AtomicBool>, mut dice: Rng) -> Vec<Event> {
    let mut read: Vec<Event> = Vec::new();
    loop {
        let was_done = done.load(Ordering::SeqCst);
        let last = read.last().map_or(0, |event| event.sequence);
        let more = events.follow(&tenant, last, dice.u32(1..30), Duration::from_millis(20)).await.unwrap();
        if more.is_empty() && was_done {
            return read;
        }
        for event in more {
            let last = read.last().map_or(0, |event| event.sequence);
            assert_eq!(event.sequence, last + 1, "who has seen a number has missed nothing before it");
            read.push(event);
        }
    }
}

/// What a reader has of one tenant who knows nothing but its events.
#[derive(Debug, Default, PartialEq)]
struct Told {
    users: BTreeMap<String, Known>,
    groups: BTreeMap<String, Known>,
    /// By group.
    members: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Debug, PartialEq)]
struct Known {
    version: i64,
    attributes: Value,
}

impl Told {
    fn take(&mut self, event: &Event) {
        match &event.data {
            Data::User(told) => self.user(event, told),
            Data::Group(told) => self.group(event, told),
            // Whoever deactivates and deletes so many is told of.
            Data::Other(_) => assert_eq!(event.event_type, EventType::BreakerTripped, "{event:?}"),
        }
    }

    fn user(&mut self, event: &Event, told: &UserChange) {
        let id = told.user.id.clone();
        let before = self.users.remove(&id);
        follows(event, before.as_ref(), told.change.version, EventType::UserCreated, EventType::UserDeleted);
        if event.event_type == EventType::UserDeleted {
            assert!(self.groups_of(&id).is_empty(), "its groups were told that it has left");
            return;
        }
        let groups: Vec<_> = told.user.groups.iter().map(|group| (&group.id, group.display_name.as_deref())).collect();
        let known = self.groups_of(&id);
        let named =
            known.iter().map(|id| (id, self.groups.get(id).and_then(|group| group.attributes["displayName"].as_str())));
        assert_eq!(groups, named.collect::<Vec<_>>(), "{event:?}");
        let was_active = before.as_ref().map(|before| before.attributes["active"] == true);
        let expected = match (was_active, told.user.active) {
            (None, _) => EventType::UserCreated,
            (Some(true), false) => EventType::UserDeactivated,
            (Some(false), true) => EventType::UserActivated,
            _ => EventType::UserUpdated,
        };
        assert_eq!(event.event_type, expected);
        assert_eq!(before.is_some(), !told.change.changed.is_empty(), "{event:?}");
        self.users.insert(id, Known { version: told.change.version, attributes: attributes(&told.resource) });
    }

    fn group(&mut self, event: &Event, told: &GroupChange) {
        let id = told.group.id.clone();
        let before = self.groups.remove(&id);
        follows(event, before.as_ref(), told.change.version, EventType::GroupCreated, EventType::GroupDeleted);
        let members = self.members.entry(id.clone()).or_default();
        let moves = told.members.clone().unwrap_or_default();
        for removed in &moves.removed {
            assert!(members.remove(&removed.id.to_string()), "it was no member: {event:?}");
        }
        for added in &moves.added {
            assert!(members.insert(added.id.to_string()), "it was a member: {event:?}");
        }
        if event.event_type == EventType::GroupDeleted {
            assert!(members.is_empty(), "everybody was told to leave: {event:?}");
            self.members.remove(&id);
            return;
        }
        let nothing = moves.added.is_empty() && moves.removed.is_empty() && told.change.changed.is_empty();
        assert!(before.is_none() || !nothing, "an event without a change: {event:?}");
        self.groups.insert(id, Known { version: told.change.version, attributes: attributes(&told.resource) });
    }

    fn groups_of(&self, member: &str) -> Vec<String> {
        self.members.iter().filter(|(_, members)| members.contains(member)).map(|(group, _)| group.clone()).collect()
    }

    /// What is in the directory.
    async fn of(directory: &Directory, ids: &Ids) -> Self {
        let mut found = Self::default();
        for kind in ResourceKind::ALL {
            let known = ids.list(kind).lock().unwrap().clone();
            for id in known {
                let Ok(record) = directory.get(kind, &id, ALL).await else { continue };
                let resource = scim::Resource::from_document(&record.document).unwrap();
                let about = Known { version: record.version, attributes: attributes(&resource) };
                if kind == ResourceKind::Group {
                    found.members.insert(id.clone(), member_ids(&record).into_iter().map(str::to_owned).collect());
                    found.groups.insert(id, about);
                } else {
                    found.users.insert(id, about);
                }
            }
        }
        found
    }
}

fn attributes(resource: &scim::Resource) -> Value {
    Value::Object(resource.attributes().clone())
}

/// The version rises by one with each event; a deletion tells the last one.
fn follows(event: &Event, before: Option<&Known>, version: i64, created: EventType, deleted: EventType) {
    assert_eq!(before.is_none(), event.event_type == created, "{event:?}");
    let step = i64::from(event.event_type != deleted);
    assert_eq!(version, before.map_or(0, |before| before.version) + step, "{event:?}");
}

/// Several writers on two tenants, readers beside them; afterwards the readers have what the directories have.
#[expect(clippy::print_stdout, reason = "whoever sees it fail makes the same changes again")]
async fn run(system: &System, seed: u64) {
    println!("seed {seed}");
    let mut dice = Rng::with_seed(seed);
    let writers = [vec![&system.directory, &system.directory, &system.rival], vec![&system.other, &system.other]];
    let tenants = [&system.tenant, &system.other_tenant];
    let mut runs = Vec::new();
    for (directories, tenant) in writers.into_iter().zip(tenants) {
        let (ids, done) = (Arc::new(Ids::default()), Arc::new(AtomicBool::new(false)));
        let reader = tokio::spawn(follow(system.events.clone(), tenant.clone(), Arc::clone(&done), dice.fork()));
        let writing: Vec<_> = directories
            .iter()
            .map(|directory| tokio::spawn(write((*directory).clone(), Arc::clone(&ids), dice.fork())))
            .collect();
        runs.push((directories[0], ids, done, reader, writing));
    }
    for (directory, ids, done, reader, writing) in runs {
        for writer in writing {
            writer.await.unwrap();
        }
        done.store(true, Ordering::SeqCst);
        let mut told = Told::default();
        let events = reader.await.unwrap();
        events.iter().for_each(|event| told.take(event));
        assert!(events.len() > CHANGES / 2, "{} events", events.len());
        assert_eq!(told, Told::of(directory, &ids).await);
    }
}

on_both! {
    async fn readers_of_the_log_have_the_directory_whatever_is_written_at_once(system: System) {
        super::run(&system, fastrand::u64(..)).await;
    }
}
