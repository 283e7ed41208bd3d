//! A snapshot: afterwards the service has of ours what was in it, and nothing else of ours.

use std::collections::HashSet;

use events::{GroupChange, UserChange};
use scim::ResourceKind;
use serde_json::json;
use uuid::Uuid;

use super::body::{ENTERPRISE, replace};
use super::members::members_of;
use super::{Body, Ours, ScimStore, ours};
use crate::Failure;

/// A snapshot that is under way.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    /// The group whose parts come now.
    group: Option<Parts>,
    /// Managers and members who were named before they came.
    late: Vec<Late>,
}

/// Somebody who was named before it came.
#[derive(Debug)]
struct Late {
    id: Uuid,
    /// Who named it, as the service calls that one.
    named_by: String,
    /// Whether as its manager, or as its member.
    is_manager: bool,
}

/// A group of which parts came.
#[derive(Debug)]
struct Parts {
    id: Uuid,
    remote: String,
    /// Its members so far, as they are called there.
    members: HashSet<String>,
    /// Whether the first part is among them.
    are_all: bool,
}

/// Of more than these a comparison with the directory finds who is missing.
const MOST_LATE: usize = 200_000;
/// How many members are looked up at once.
const CHUNK: usize = 1000;
/// How many are read at once of those that are to go.
const PAGE: u32 = 200;

impl ScimStore {
    /// Brings a user of the snapshot with this number.
    pub(super) async fn snap_user(&mut self, told: &UserChange, snapshot: i64) -> Result<(), Failure> {
        self.finish_group().await?;
        self.snapshot.get_or_insert_default();
        let user = Ours { changed: &[], ..Ours::user(told)? };
        let (remote, _) = self.write(user).await?;
        self.links.see(user.id, snapshot).await.map_err(ours)?;
        let manager = told.resource.manager().and_then(|manager| Uuid::parse_str(manager).ok());
        self.note_late(&remote, manager.as_slice(), true).await
    }

    /// Notes those of these that the service does not know yet.
    async fn note_late(&mut self, named_by: &str, ids: &[Uuid], is_manager: bool) -> Result<(), Failure> {
        let known = self.links.find(ids).await.map_err(ours)?;
        let late = &mut self.snapshot.get_or_insert_default().late;
        for id in ids.iter().filter(|id| !known.contains_key(*id)) {
            if late.len() < MOST_LATE {
                late.push(Late { id: *id, named_by: named_by.to_owned(), is_manager });
            }
        }
        Ok(())
    }

    /// Names those who have come meanwhile.
    async fn name_late(&mut self) -> Result<(), Failure> {
        for Late { id, named_by, is_manager } in std::mem::take(&mut self.snapshot.get_or_insert_default().late) {
            let Some(remote) = self.links.remote(id).await.map_err(ours)? else { continue };
            if !is_manager {
                self.join(&named_by, &[remote]).await?;
                continue;
            }
            let path = format!("{ENTERPRISE}:manager");
            let reply =
                self.patch(ResourceKind::User, &named_by, &[replace(&path, json!({ "value": remote }))]).await?;
            if reply.is_beyond_it() {
                self.rewrite(ResourceKind::User, &named_by, |user| manage(user, &remote)).await?;
            } else if !reply.is_success() && !reply.is_gone() {
                return Err(reply.refusal("change a user"));
            }
        }
        Ok(())
    }

    /// Brings a group, or one more part of it.
    pub(super) async fn snap_group(&mut self, told: &GroupChange, snapshot: i64) -> Result<(), Failure> {
        let group = Ours { changed: &[], ..Ours::group(told)? };
        // The first that a worker gets after another one was killed may be no first part.
        let are_all = self.snapshot.is_some();
        let current = self.snapshot.get_or_insert_default().group.take();
        let mut parts = match current {
            Some(parts) if parts.id == group.id => parts,
            other => {
                self.settle(other).await?;
                let (remote, _) = self.write(group).await?;
                self.links.see(group.id, snapshot).await.map_err(ours)?;
                Parts { id: group.id, remote, members: HashSet::new(), are_all }
            }
        };
        let added = told.members.as_ref().map(|moves| moves.added.as_slice()).unwrap_or_default();
        let ids: Vec<Uuid> = added.iter().map(|member| member.id).collect();
        self.note_late(&parts.remote, &ids, false).await?;
        let added = self.remotes(added).await?;
        // What is added now is there for good, whatever becomes of the rest of the snapshot.
        if !self.join(&parts.remote, &added).await? {
            return Err(Failure::unavailable("a group vanished from the service during a snapshot"));
        }
        parts.members.extend(added);
        self.snapshot.get_or_insert_default().group = Some(parts);
        Ok(())
    }

    /// The group whose parts came has no more of them.
    async fn finish_group(&mut self) -> Result<(), Failure> {
        let parts = self.snapshot.as_mut().and_then(|snapshot| snapshot.group.take());
        self.settle(parts).await
    }

    /// Removes those of ours from a group who were not in the snapshot.
    async fn settle(&mut self, parts: Option<Parts>) -> Result<(), Failure> {
        let Some(parts) = parts.filter(|parts| parts.are_all) else { return Ok(()) };
        let Some((current, _)) = self.get(ResourceKind::Group, &parts.remote).await? else { return Ok(()) };
        let members = members_of(&current).into_iter().filter(|member| !parts.members.contains(member));
        let members: Vec<String> = members.collect();
        for chunk in members.chunks(CHUNK) {
            let over: Vec<String> = self.links.owners(chunk).await.map_err(ours)?.into_keys().collect();
            self.leave(&parts.remote, &over).await?;
        }
        Ok(())
    }

    /// What the service has of ours and was not in the snapshot goes.
    pub(super) async fn complete(&mut self, snapshot: i64) -> Result<(), Failure> {
        self.finish_group().await?;
        self.name_late().await?;
        loop {
            let unseen = self.links.unseen(snapshot, PAGE).await.map_err(ours)?;
            for link in &unseen {
                self.end(link).await?;
            }
            if unseen.is_empty() {
                self.snapshot = None;
                return Ok(());
            }
        }
    }
}

/// Makes somebody the manager of a user.
fn manage(user: &mut Body, manager: &str) {
    let work = user.entry(ENTERPRISE).or_insert_with(|| json!({}));
    if let Some(work) = work.as_object_mut() {
        work.insert("manager".to_owned(), json!({ "value": manager }));
    }
}
