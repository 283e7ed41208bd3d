//! Who is in the groups there.

use std::collections::HashSet;

use scim::ResourceKind;
use uuid::Uuid;

use super::super::members::members_of;
use super::super::{ScimStore, ours};
use crate::Failure;
use crate::drift::{Comparison, Difference, Members, What};

/// How many members are looked up at once.
const CHUNK: usize = 1000;

impl ScimStore {
    /// Compares the members of all groups, one group after the other.
    pub(super) async fn compare_members(&mut self, with: &mut Comparison) -> Result<(), Failure> {
        let mut after = Uuid::nil();
        loop {
            let groups: Vec<Uuid> =
                with.page(ResourceKind::Group, after).await?.into_iter().map(|group| group.id).collect();
            let Some(last) = groups.last() else { return Ok(()) };
            after = *last;
            let links = self.links.find(&groups).await.map_err(ours)?;
            for group in groups {
                let remote = links.get(&group).map(|link| link.remote.as_str());
                self.compare_members_of(group, remote, with).await?;
                Box::pin(self.mend(with)).await?;
            }
        }
    }

    async fn compare_members_of(
        &mut self,
        group: Uuid,
        remote: Option<&str>,
        with: &mut Comparison,
    ) -> Result<(), Failure> {
        let mut there = match remote {
            Some(remote) => self.members_there(remote).await?,
            None => HashSet::new(),
        };
        let mut after = Uuid::nil();
        loop {
            let page = with.members(Members::Of(group, after)).await?;
            let Some(last) = page.last() else { break };
            after = last.member;
            for member in page.iter().filter(|member| !there.remove(&member.member)) {
                with.tell(Difference::of_member(&group, &member.member, What::Missing));
            }
        }
        for member in there {
            with.tell(Difference::of_member(&group, &member, What::Extra));
        }
        Ok(())
    }

    /// Those of a group's members that are ours, by our ids.
    async fn members_there(&self, remote: &str) -> Result<HashSet<Uuid>, Failure> {
        let Some((group, _)) = self.get(ResourceKind::Group, remote).await? else { return Ok(HashSet::new()) };
        let members: Vec<String> = members_of(&group).into_iter().collect();
        drop(group);
        let mut ids = HashSet::new();
        for chunk in members.chunks(CHUNK) {
            ids.extend(self.links.owners(chunk).await.map_err(ours)?.values().map(|link| link.id));
        }
        Ok(ids)
    }
}
