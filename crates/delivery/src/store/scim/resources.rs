//! Bringing one user or group to the service: finding it there, creating, changing and deleting it.

use outbound::{Method, StatusCode};
use scim::{ResourceKind, fold};
use serde_json::{Value, json};
use uuid::Uuid;

use super::body::{Wanted, patch, quoted, replace};
use super::call::{Call, Reply};
use super::settings::Deletion;
use super::{Body, Ours, ScimStore, ours};
use crate::Failure;
use crate::links::Link;

/// How often a resource is read again that somebody else changes at the same time.
const ATTEMPTS: usize = 5;
/// How many are looked at that a search finds.
const FOUND: &str = "10";

impl ScimStore {
    /// Brings a resource as it is now; what it is called there, and whether it was not known there before.
    pub(super) async fn write(&mut self, of: Ours<'_>) -> Result<(String, bool), Failure> {
        let manager = self.manager(&of).await?;
        let wanted = Wanted { kind: of.kind, id: of.id, resource: of.resource, manager: manager.as_deref() };
        if let Some(remote) = self.links.remote(of.id).await.map_err(ours)? {
            if self.change(&wanted, &remote, of.changed).await? {
                return Ok((remote, false));
            }
            // The service has forgotten it.
            self.links.remove(of.id).await.map_err(ours)?;
        }
        Ok((self.create(&wanted).await?, true))
    }

    async fn manager(&self, of: &Ours<'_>) -> Result<Option<String>, Failure> {
        let Some(manager) = of.resource.manager().and_then(|id| Uuid::parse_str(id).ok()) else { return Ok(None) };
        self.links.remote(manager).await.map_err(ours)
    }

    /// Finds it there or creates it.
    async fn create(&mut self, wanted: &Wanted<'_>) -> Result<String, Failure> {
        if let Some(found) = self.search(wanted, "externalId", &wanted.external_id()).await? {
            return self.adopt(wanted, found).await;
        }
        // Groups may share a name, so nothing tells later that there is one.
        if wanted.kind == ResourceKind::Group
            && let Some(found) = self.search_by_name(wanted).await?
        {
            return self.adopt(wanted, found).await;
        }
        let mut reply = self.post(wanted).await?;
        if reply.status == StatusCode::CONFLICT {
            if let Some(found) = self.search_by_name(wanted).await? {
                return self.adopt(wanted, found).await;
            }
            if self.free_name(wanted).await? {
                reply = self.post(wanted).await?;
            }
        }
        if !reply.is_success() {
            return Err(reply.refusal(&format!("create a {}", noun(wanted.kind))));
        }
        let remote = reply.id()?;
        self.link(wanted, &remote).await?;
        Ok(remote)
    }

    async fn post(&self, wanted: &Wanted<'_>) -> Result<Reply, Failure> {
        let body = Value::Object(wanted.body());
        self.service.send(&Call::new(Method::POST, &[endpoint(wanted.kind)]).with(&body)).await
    }

    async fn search_by_name(&mut self, wanted: &Wanted<'_>) -> Result<Option<String>, Failure> {
        match wanted.kind {
            ResourceKind::User => {
                self.search(wanted, "userName", wanted.resource.user_name().unwrap_or_default()).await
            }
            ResourceKind::Group => {
                self.search(wanted, "displayName", wanted.resource.display_name().unwrap_or_default()).await
            }
        }
    }

    /// What the service calls the one with this value, if it is nobody else of ours.
    async fn search(&mut self, wanted: &Wanted<'_>, attribute: &str, value: &str) -> Result<Option<String>, Failure> {
        if !self.abilities().await?.filter || value.is_empty() {
            return Ok(None);
        }
        let filter = format!("{attribute} eq {}", quoted(value));
        let query = [("filter", filter.as_str()), ("count", FOUND)];
        let path = [endpoint(wanted.kind)];
        let reply = self.service.send(&Call::get(&path).query(&query)).await?;
        // It cannot search by this attribute.
        if reply.is_beyond_it() || reply.is_gone() || reply.status == StatusCode::FORBIDDEN {
            return Ok(None);
        }
        for found in reply.resources()? {
            let Some(remote) = found.get("id").and_then(Value::as_str) else { continue };
            if is_it(&found, attribute, value) && self.links.owner(wanted.kind, remote).await.map_err(ours)?.is_none() {
                return Ok(Some(remote.to_owned()));
            }
        }
        Ok(None)
    }

    /// Takes one that is there as ours.
    async fn adopt(&mut self, wanted: &Wanted<'_>, remote: String) -> Result<String, Failure> {
        self.link(wanted, &remote).await?;
        if self.change(wanted, &remote, &[]).await? {
            return Ok(remote);
        }
        self.links.remove(wanted.id).await.map_err(ours)?;
        Err(Failure::unavailable("the service lists a resource that it does not have"))
    }

    async fn link(&self, wanted: &Wanted<'_>, remote: &str) -> Result<(), Failure> {
        let link = Link { kind: wanted.kind, id: wanted.id, remote: remote.to_owned() };
        self.links.put(&link).await.map_err(ours)
    }

    /// Changes one that is there. False if it is not.
    async fn change(
        &mut self,
        wanted: &Wanted<'_>,
        remote: &str,
        changed: &[events::Changed],
    ) -> Result<bool, Failure> {
        let operations = match (wanted.kind, changed) {
            (ResourceKind::User, []) => return self.replace(wanted, remote).await,
            // A whole group would be a group without members.
            (ResourceKind::Group, []) => wanted.everything(),
            _ => wanted.changes(changed),
        };
        if operations.is_empty() {
            return Ok(true);
        }
        if self.abilities().await?.patch {
            let mut reply = self.patch(wanted.kind, remote, &operations).await?;
            if reply.status == StatusCode::CONFLICT && self.free_name(wanted).await? {
                reply = self.patch(wanted.kind, remote, &operations).await?;
            }
            if reply.is_success() || reply.is_gone() {
                return Ok(reply.is_success());
            }
            if !reply.is_beyond_it() {
                return Err(reply.refusal(&format!("change a {}", noun(wanted.kind))));
            }
        }
        self.replace(wanted, remote).await
    }

    pub(super) async fn patch(&self, kind: ResourceKind, remote: &str, operations: &[Value]) -> Result<Reply, Failure> {
        let body = patch(operations);
        self.service.send(&Call::new(Method::PATCH, &[endpoint(kind), remote]).with(&body)).await
    }

    /// Writes the whole of one that is there. False if it is not.
    async fn replace(&mut self, wanted: &Wanted<'_>, remote: &str) -> Result<bool, Failure> {
        let body = wanted.body();
        if wanted.kind == ResourceKind::User {
            let mut put = self.put(wanted.kind, remote, body.clone(), None).await?;
            if put == Put::Taken && self.free_name(wanted).await? {
                put = self.put(wanted.kind, remote, body, None).await?;
            }
            return put.is_there(wanted.kind);
        }
        self.rewrite(wanted.kind, remote, |current| {
            let members = current.shift_remove("members");
            *current = body.clone();
            current.extend(members.map(|members| ("members".to_owned(), members)));
        })
        .await
    }

    /// Reads one that is there, changes it and writes it. False if it is not there.
    pub(super) async fn rewrite(
        &mut self,
        kind: ResourceKind,
        remote: &str,
        change: impl Fn(&mut Body),
    ) -> Result<bool, Failure> {
        let has_tags = self.abilities().await?.etag;
        for _ in 0..ATTEMPTS {
            let Some((mut current, tag)) = self.get(kind, remote).await? else { return Ok(false) };
            change(&mut current);
            match self.put(kind, remote, current, tag.as_deref().filter(|_| has_tags)).await? {
                Put::Changed => {}
                put => return put.is_there(kind),
            }
        }
        Err(Failure::unavailable("somebody else changes the same resource at the service all the time (412)"))
    }

    /// Whether one is there. Its members are not asked for.
    pub(super) async fn exists(&self, kind: ResourceKind, remote: &str) -> Result<bool, Failure> {
        let (path, query) = ([endpoint(kind), remote], [("excludedAttributes", "members")]);
        let query = if kind == ResourceKind::Group { query.as_slice() } else { &[] };
        let reply = self.service.send(&Call::get(&path).query(query)).await?;
        if reply.is_success() || reply.is_gone() {
            return Ok(reply.is_success());
        }
        Err(reply.refusal(&format!("show a {}", noun(kind))))
    }

    /// One as it is there, with its version.
    pub(super) async fn get(
        &self,
        kind: ResourceKind,
        remote: &str,
    ) -> Result<Option<(Body, Option<String>)>, Failure> {
        let reply = self.service.send(&Call::get(&[endpoint(kind), remote])).await?;
        if reply.is_gone() {
            return Ok(None);
        }
        if !reply.is_success() {
            return Err(reply.refusal(&format!("show a {}", noun(kind))));
        }
        let tag = reply.tag.clone();
        let Value::Object(body) = reply.resource()? else { return Ok(None) };
        Ok(Some((body, tag)))
    }

    async fn put(&self, kind: ResourceKind, remote: &str, mut body: Body, tag: Option<&str>) -> Result<Put, Failure> {
        body.insert("id".to_owned(), remote.into());
        body.shift_remove("meta");
        let body = Value::Object(body);
        let path = [endpoint(kind), remote];
        let call = Call { if_match: tag, ..Call::new(Method::PUT, &path).with(&body) };
        let reply = self.service.send(&call).await?;
        match reply.status {
            _ if reply.is_success() => Ok(Put::Done),
            _ if reply.is_gone() => Ok(Put::Gone),
            StatusCode::CONFLICT => Ok(Put::Taken),
            StatusCode::PRECONDITION_FAILED if tag.is_some() => Ok(Put::Changed),
            _ => Err(reply.refusal(&format!("change a {}", noun(kind)))),
        }
    }

    /// Deletes one of ours, or takes its access away. Of what is not ours, nothing is deleted.
    pub(super) async fn delete(&mut self, id: Uuid) -> Result<(), Failure> {
        match self.links.find(&[id]).await.map_err(ours)?.remove(&id) {
            Some(link) => self.end(&link).await,
            None => Ok(()),
        }
    }

    /// Deletes one that is there, or takes its access away.
    pub(super) async fn end(&mut self, link: &Link) -> Result<(), Failure> {
        if self.delete == Deletion::Deactivate && link.kind == ResourceKind::User {
            self.deactivate(&link.remote).await?;
        } else {
            let reply = self.service.send(&Call::new(Method::DELETE, &[endpoint(link.kind), &link.remote])).await?;
            if !reply.is_success() && !reply.is_gone() {
                return Err(reply.refusal(&format!("delete a {}", noun(link.kind))));
            }
        }
        self.links.remove(link.id).await.map_err(ours)
    }

    async fn deactivate(&mut self, remote: &str) -> Result<(), Failure> {
        if self.abilities().await?.patch {
            let reply = self.patch(ResourceKind::User, remote, &[replace("active", false)]).await?;
            if reply.is_success() || reply.is_gone() {
                return Ok(());
            }
            if !reply.is_beyond_it() {
                return Err(reply.refusal("deactivate a user"));
            }
        }
        let inactive = |current: &mut Body| {
            current.insert("active".to_owned(), json!(false));
        };
        self.rewrite(ResourceKind::User, remote, inactive).await.map(drop)
    }
}

/// What became of a PUT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Put {
    Done,
    /// It is not there.
    Gone,
    /// Somebody else changed it meanwhile.
    Changed,
    /// Another one has its name (409).
    Taken,
}

impl Put {
    /// Whether it is there, as it is to be.
    fn is_there(self, kind: ResourceKind) -> Result<bool, Failure> {
        match self {
            Self::Done => Ok(true),
            Self::Gone => Ok(false),
            Self::Changed => Err(Failure::refused(format!("the service refuses to change a {} (412)", noun(kind)))),
            Self::Taken => {
                Err(Failure::refused(format!("the service refuses to change a {} (409 uniqueness)", noun(kind))))
            }
        }
    }
}

/// Whether the service found what was asked for: some find more, such as names that begin so. A group that somebody
/// else gave an `externalId` is theirs.
fn is_it(found: &Value, attribute: &str, value: &str) -> bool {
    let text = |name: &str| found.get(name).and_then(Value::as_str);
    let is_free = attribute != "displayName" || text("externalId").is_none_or(str::is_empty);
    let is_same = match attribute {
        "externalId" => text(attribute) == Some(value),
        _ => text(attribute).is_some_and(|name| fold(name) == fold(value)),
    };
    is_free && is_same
}

pub(super) const fn endpoint(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::User => "Users",
        ResourceKind::Group => "Groups",
    }
}

const fn noun(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::User => "user",
        ResourceKind::Group => "group",
    }
}
