//! Who joined and left a group, in pieces that the service takes.

use std::collections::BTreeSet;

use events::{Member, Moves};
use outbound::StatusCode;
use scim::ResourceKind;
use serde_json::{Value, json};
use uuid::Uuid;

use super::body::{joined, left, left_by_value};
use super::{Body, ScimStore, ours};
use crate::Failure;

impl ScimStore {
    /// Brings what changed about the members of a group. False if the service has no such group.
    pub(super) async fn move_members(&mut self, group: &str, moves: &Moves) -> Result<bool, Failure> {
        let removed = self.remotes(&moves.removed).await?;
        let added = self.remotes(&moves.added).await?;
        if !self.abilities().await?.patch {
            return self.rewrite_members(group, &added, &removed).await;
        }
        Ok(self.leave(group, &removed).await? && self.join(group, &added).await?)
    }

    /// What members are called there. Who is not there is left out: it is put into its groups when it comes.
    pub(super) async fn remotes(&self, members: &[Member]) -> Result<Vec<String>, Failure> {
        let ids: Vec<Uuid> = members.iter().map(|member| member.id).collect();
        let links = self.links.find(&ids).await.map_err(ours)?;
        Ok(ids.iter().filter_map(|id| links.get(id)).map(|link| link.remote.clone()).collect())
    }

    /// Adds members. False if there is no such group.
    pub(super) async fn join(&mut self, group: &str, members: &[String]) -> Result<bool, Failure> {
        let abilities = self.abilities().await?;
        if !abilities.patch {
            return self.rewrite_members(group, members, &[]).await;
        }
        for chunk in members.chunks(abilities.members.max(1)) {
            let reply = self.patch(ResourceKind::Group, group, &joined(chunk)).await?;
            if reply.is_success() {
                continue;
            }
            match reply.status {
                // Either the group or one of the members.
                StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::BAD_REQUEST => {
                    if !self.exists(ResourceKind::Group, group).await? {
                        return Ok(false);
                    }
                    self.join_those_there(group, chunk, &reply).await?;
                }
                _ if reply.is_beyond_it() => {
                    if !self.rewrite_members(group, chunk, &[]).await? {
                        return Ok(false);
                    }
                }
                _ => return Err(reply.refusal("add members to a group")),
            }
        }
        Ok(true)
    }

    /// Adds those that the service still has, and forgets the others: they are created again when they change.
    async fn join_those_there(
        &mut self,
        group: &str,
        chunk: &[String],
        first: &super::call::Reply,
    ) -> Result<(), Failure> {
        let mut there = Vec::with_capacity(chunk.len());
        for member in chunk {
            if self.is_there(member).await? {
                there.push(member.clone());
            }
        }
        if there.len() == chunk.len() {
            return Err(first.refusal("add members to a group"));
        }
        let lost = chunk.len() - there.len();
        tracing::warn!(lost, "a service has forgotten users or groups; tenantry store rebuild brings them back");
        if there.is_empty() {
            return Ok(());
        }
        let reply = self.patch(ResourceKind::Group, group, &joined(&there)).await?;
        if reply.is_success() { Ok(()) } else { Err(reply.refusal("add members to a group")) }
    }

    /// Whether the service has this user or group; otherwise it is not ours any more.
    async fn is_there(&mut self, member: &str) -> Result<bool, Failure> {
        for kind in [ResourceKind::User, ResourceKind::Group] {
            let Some(id) = self.links.owner(kind, member).await.map_err(ours)? else { continue };
            if self.exists(kind, member).await? {
                return Ok(true);
            }
            self.links.remove(id).await.map_err(ours)?;
        }
        Ok(false)
    }

    /// Removes members. False if there is no such group.
    pub(super) async fn leave(&mut self, group: &str, members: &[String]) -> Result<bool, Failure> {
        let abilities = self.abilities().await?;
        if !abilities.patch {
            return self.rewrite_members(group, &[], members).await;
        }
        for chunk in members.chunks(abilities.members.max(1)) {
            let reply = self.patch(ResourceKind::Group, group, &left(chunk)).await?;
            if reply.is_success() {
                continue;
            }
            if !reply.is_gone() && !reply.is_beyond_it() {
                return Err(reply.refusal("remove members from a group"));
            }
            if !self.leave_otherwise(group, chunk).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Some may not be in the group any more, or the service knows other words.
    async fn leave_otherwise(&mut self, group: &str, chunk: &[String]) -> Result<bool, Failure> {
        let Some((current, _)) = self.get(ResourceKind::Group, group).await? else { return Ok(false) };
        let are_in = members_of(&current);
        let still: Vec<String> = chunk.iter().filter(|member| are_in.contains(*member)).cloned().collect();
        if still.is_empty() {
            return Ok(true);
        }
        for operations in [left(&still), left_by_value(&still)] {
            if self.patch(ResourceKind::Group, group, &operations).await?.is_success() {
                return Ok(true);
            }
        }
        self.rewrite_members(group, &[], &still).await
    }

    /// Reads the group and writes it whole. False if there is no such group.
    async fn rewrite_members(&mut self, group: &str, added: &[String], removed: &[String]) -> Result<bool, Failure> {
        if added.is_empty() && removed.is_empty() {
            return Ok(true);
        }
        self.rewrite(ResourceKind::Group, group, |current| {
            let mut members = members_of(current);
            members.extend(added.iter().cloned());
            removed.iter().for_each(|member| {
                members.remove(member);
            });
            let members: Vec<Value> = members.into_iter().map(|member| json!({ "value": member })).collect();
            current.insert("members".to_owned(), members.into());
        })
        .await
    }
}

/// The ids of a group's members.
pub(super) fn members_of(group: &Body) -> BTreeSet<String> {
    let members = group.get("members").and_then(Value::as_array);
    members.into_iter().flatten().filter_map(|member| Some(member.get("value")?.as_str()?.to_owned())).collect()
}
