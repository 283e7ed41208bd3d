//! What the service has, beside what the directory has.
//!
//! Its lists are read page by page; whatever of them is ours is compared, and who was not in them is asked for. Of what is not
//! ours nothing is told, and nothing is changed.

mod attributes;
mod members;
mod mend;

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use scim::ResourceKind;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::body::Wanted;
use super::call::{Call, no_scim};
use super::resources::endpoint;
use super::{ScimStore, ours};
use crate::Failure;
use crate::drift::{Comparable, Comparison, Difference, Here, What};
use attributes::differing;

/// What a look has found of users or groups.
#[derive(Default)]
struct Seen {
    /// Those that were compared, 16 bytes each.
    ids: HashSet<Uuid>,
    /// The first resource of the page before: who does not turn pages shows it again.
    first: Option<String>,
}

/// More are not compared: of the users or groups of one look.
const MOST: usize = 4_000_000;

#[async_trait]
impl Comparable for ScimStore {
    async fn compare(&mut self, with: &mut Comparison) -> Result<(), Failure> {
        // Nothing else comes while it is compared, and afterwards it is opened anew.
        self.is_compared = true;
        for kind in [ResourceKind::User, ResourceKind::Group] {
            if !with.scope().has(kind) {
                continue;
            }
            let mut seen = Seen::default();
            Box::pin(self.compare_listed(kind, &mut seen, with)).await?;
            Box::pin(self.find_missing(kind, &seen, with)).await?;
            Box::pin(self.mend(with)).await?;
        }
        if with.scope().has_members() {
            Box::pin(self.compare_members(with)).await?;
        }
        Ok(())
    }
}

impl ScimStore {
    /// Compares everything of ours that the service lists.
    async fn compare_listed(
        &mut self,
        kind: ResourceKind,
        seen: &mut Seen,
        with: &mut Comparison,
    ) -> Result<(), Failure> {
        let (count, path) = (self.abilities().await?.page.to_string(), [endpoint(kind)]);
        let mut start: u64 = 1;
        loop {
            let first = start.to_string();
            let query = [("startIndex", first.as_str()), ("count", count.as_str()), ("excludedAttributes", "members")];
            let query = if kind == ResourceKind::Group { query.as_slice() } else { query.get(..2).unwrap_or_default() };
            let reply = self.service.send(&Call::get(&path).query(query)).await?;
            if !reply.is_success() {
                return Err(reply.refusal(&format!("list {}", endpoint(kind).to_ascii_lowercase())));
            }
            let (status, total) = (reply.status, reply.body.get("totalResults").and_then(Value::as_u64));
            let total = total.ok_or_else(|| no_scim(status))?;
            let listed = reply.resources()?;
            let top = listed.first().and_then(remote);
            if top.is_some() && top == seen.first {
                return Err(Failure::unavailable("the service answers every page of its list with the first one"));
            }
            seen.first = top;
            start += u64::try_from(listed.len()).unwrap_or_default();
            self.compare_page(kind, seen, &listed, with).await?;
            if listed.is_empty() || start > total {
                return Ok(());
            }
        }
    }

    async fn compare_page(
        &mut self,
        kind: ResourceKind,
        seen: &mut Seen,
        listed: &[Value],
        with: &mut Comparison,
    ) -> Result<(), Failure> {
        let owners = self.links.owners(&listed.iter().filter_map(remote).collect::<Vec<_>>()).await.map_err(ours)?;
        let owned = |found: &Value| owners.get(&remote(found)?).filter(|link| link.kind == kind).map(|link| link.id);
        // Lists shift while others come and go there.
        let new: Vec<(Uuid, &Value)> = listed
            .iter()
            .filter_map(|found| Some((owned(found)?, found)))
            .filter(|(id, _)| seen.ids.insert(*id))
            .collect();
        if seen.ids.len() > MOST {
            return Err(Failure::unavailable(format!("more than {MOST} users or groups are not compared")));
        }
        let ids: Vec<Uuid> = new.iter().map(|(id, _)| *id).collect();
        let here = with.some(kind, &ids).await?;
        let managers = self.managers(here.values()).await?;
        for (id, found) in &new {
            match here.get(id) {
                None => with.tell(Difference::of(kind, id, What::Extra)),
                Some(here) => tell(here, found, &managers, with),
            }
        }
        with.pass(new.len());
        Ok(())
    }

    /// What the service calls the managers of these.
    async fn managers(&self, all: impl Iterator<Item = &Here>) -> Result<HashMap<Uuid, String>, Failure> {
        let ids: HashSet<Uuid> = all.filter_map(manager).collect();
        let links = self.links.find(&ids.into_iter().collect::<Vec<_>>()).await.map_err(ours)?;
        Ok(links.into_iter().map(|(id, link)| (id, link.remote)).collect())
    }

    /// Asks for those of the directory that were not listed.
    async fn find_missing(&mut self, kind: ResourceKind, seen: &Seen, with: &mut Comparison) -> Result<(), Failure> {
        let mut after = Uuid::nil();
        loop {
            let page = with.page(kind, after).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id;
            let missed: Vec<&Here> = page.iter().filter(|here| !seen.ids.contains(&here.id)).collect();
            let ids: Vec<Uuid> = missed.iter().map(|here| here.id).collect();
            let links = self.links.find(&ids).await.map_err(ours)?;
            for here in missed {
                // A list may leave out who is there, if others came or went while it was read.
                let there = match links.get(&here.id) {
                    Some(link) => self.get(kind, &link.remote).await?,
                    None => None,
                };
                match there {
                    Some((found, _)) => {
                        let managers = self.managers(std::iter::once(here)).await?;
                        tell(here, &Value::Object(found), &managers, with);
                    }
                    None => with.tell(Difference::of(kind, &here.id, What::Missing)),
                }
                with.pass(1);
            }
        }
    }
}

fn remote(found: &Value) -> Option<String> {
    found.get("id").and_then(Value::as_str).map(str::to_owned)
}

fn manager(here: &Here) -> Option<Uuid> {
    Uuid::parse_str(here.resource.manager()?).ok()
}

/// Tells one that the service has otherwise.
fn tell(here: &Here, found: &Value, managers: &HashMap<Uuid, String>, with: &mut Comparison) {
    let manager = manager(here).and_then(|id| managers.get(&id)).map(String::as_str);
    let wanted = Wanted { kind: here.kind, id: here.id, resource: &here.resource, manager };
    let nothing = Map::new();
    let attributes = differing(here.kind, &wanted.body(), found.as_object().unwrap_or(&nothing));
    with.tell(Difference::of(here.kind, &here.id, What::Different).with(attributes));
}
