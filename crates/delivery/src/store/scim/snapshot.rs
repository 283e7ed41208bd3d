//! A snapshot: afterwards the service has of ours what was in it, and nothing else of ours.

use std::collections::HashSet;

use events::{GroupChange, Member, UserChange};
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
#[derive(Clone, Debug)]
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
        // Who is named is not late any more, and nobody before: the service may fail in between.
        while let Some(late) = self.snapshot.get_or_insert_default().late.last().cloned() {
            self.name(late).await?;
            self.snapshot.get_or_insert_default().late.pop();
        }
        Ok(())
    }

    async fn name(&mut self, Late { id, named_by, is_manager }: Late) -> Result<(), Failure> {
        let Some(remote) = self.links.remote(id).await.map_err(ours)? else { return Ok(()) };
        if !is_manager {
            return self.join(&named_by, &[remote]).await.map(drop);
        }
        let path = format!("{ENTERPRISE}:manager");
        let reply = self.patch(ResourceKind::User, &named_by, &[replace(&path, json!({ "value": remote }))]).await?;
        if reply.is_beyond_it() {
            self.rewrite(ResourceKind::User, &named_by, |user| manage(user, &remote)).await?;
        } else if !reply.is_success() && !reply.is_gone() {
            return Err(reply.refusal("change a user"));
        }
        Ok(())
    }

    /// Brings a group, or one more part of it.
    pub(super) async fn snap_group(&mut self, told: &GroupChange, snapshot: i64) -> Result<(), Failure> {
        let group = Ours { changed: &[], ..Ours::group(told)? };
        // The first that a worker gets may be no first part, if nothing is known of those before.
        let are_all = self.snapshot.is_some();
        if self.parts().is_some_and(|parts| parts.id != group.id) {
            self.finish_group().await?;
        }
        if self.parts().is_none() {
            let (remote, _) = self.write(group).await?;
            self.links.see(group.id, snapshot).await.map_err(ours)?;
            let parts = Parts { id: group.id, remote, members: HashSet::new(), are_all };
            self.snapshot.get_or_insert_default().group = Some(parts);
        }
        let added = told.members.as_ref().map(|moves| moves.added.as_slice()).unwrap_or_default();
        self.snap_members(group, added, snapshot).await
    }

    /// Brings members of the group whose parts come now. What fails comes again: it is noted afterwards.
    async fn snap_members(&mut self, group: Ours<'_>, members: &[Member], snapshot: i64) -> Result<(), Failure> {
        let Some(mut remote) = self.parts().map(|parts| parts.remote.clone()) else { return Ok(()) };
        let added = self.remotes(members).await?;
        // What is added now is there for good, whatever becomes of the rest of the snapshot.
        if !self.join(&remote, &added).await? {
            remote = Box::pin(self.snap_again(group, &added, snapshot)).await?;
        }
        let ids: Vec<Uuid> = members.iter().map(|member| member.id).collect();
        self.note_late(&remote, &ids, false).await?;
        if let Some(parts) = self.snapshot.as_mut().and_then(|snapshot| snapshot.group.as_mut()) {
            parts.members.extend(added);
        }
        Ok(())
    }

    /// Somebody deleted the group there meanwhile: brings it with all members that came so far, and these.
    async fn snap_again(&mut self, group: Ours<'_>, added: &[String], snapshot: i64) -> Result<String, Failure> {
        let (remote, _) = self.write(group).await?;
        self.links.see(group.id, snapshot).await.map_err(ours)?;
        let before = self.parts().map(|parts| parts.members.iter().cloned().collect::<Vec<_>>());
        let all = [before.unwrap_or_default().as_slice(), added].concat();
        if !self.join(&remote, &all).await? {
            return Err(Failure::unavailable("a group vanishes from the service again and again during a snapshot"));
        }
        if let Some(parts) = self.snapshot.as_mut().and_then(|snapshot| snapshot.group.as_mut()) {
            parts.remote.clone_from(&remote);
        }
        Ok(remote)
    }

    fn parts(&self) -> Option<&Parts> {
        self.snapshot.as_ref()?.group.as_ref()
    }

    /// The group whose parts came has no more of them.
    async fn finish_group(&mut self) -> Result<(), Failure> {
        let parts = self.snapshot.as_mut().and_then(|snapshot| snapshot.group.take());
        let Some(parts) = parts else { return Ok(()) };
        let settled = self.settle(&parts).await;
        if settled.is_err() {
            self.snapshot.get_or_insert_default().group = Some(parts);
        }
        settled
    }

    /// Removes those of ours from a group who were not in the snapshot.
    async fn settle(&mut self, parts: &Parts) -> Result<(), Failure> {
        if !parts.are_all {
            return Ok(());
        }
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
