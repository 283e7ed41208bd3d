//! Another SCIM service as a store (RFC 7644): it gets the users and groups of the tenant as they are here.
//!
//! What each resource is called there is kept in our database ([`Links`]), so that members and changes find it without a search,
//! also after a restart.

mod abilities;
mod body;
mod call;
mod compare;
mod credentials;
mod members;
mod names;
mod resources;
mod settings;
mod snapshot;

use async_trait::async_trait;
use events::{Changed, Data, Event, EventType, GroupChange, UserChange};
use scim::{Resource, ResourceKind};
use sea_orm::DbErr;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Failed, Failure, Kind, Opened, Opening, Store, Unfinished, read};
use crate::drift::Comparable;
use crate::links::Links;
use abilities::Abilities;
use call::{Call, Service};
use settings::{Deletion, Settings, check};
use snapshot::Snapshot;

pub(super) const KIND: Kind = Kind {
    name: "scim",
    about: "another SCIM 2.0 service, which gets the users and groups",
    secrets: &["token", "client_secret"],
    check,
    open,
};

/// The service, and what is known of it.
struct ScimStore {
    service: Service,
    links: Links,
    delete: Deletion,
    /// Not known before the first event.
    abilities: Option<Abilities>,
    /// The snapshot that is under way.
    snapshot: Option<Snapshot>,
    /// It is compared with the directory, and perhaps brought into line.
    is_compared: bool,
}

/// A resource of ours that the service is to have.
#[derive(Clone, Copy, Debug)]
struct Ours<'a> {
    kind: ResourceKind,
    id: Uuid,
    resource: &'a Resource,
    /// What changed; empty: everything.
    changed: &'a [Changed],
}

fn open(opening: Opening) -> Opened {
    Box::pin(async move {
        let settings: Settings = read(&opening.settings).map_err(Failure::refused)?;
        let service = settings.open(opening.place.allow_private)?;
        let (links, delete) = (opening.place.links, settings.delete);
        let store: Box<dyn Store> =
            Box::new(ScimStore { service, links, delete, abilities: None, snapshot: None, is_compared: false });
        Ok(store)
    })
}

#[async_trait]
impl Store for ScimStore {
    async fn apply(&mut self, events: &[Event]) -> Result<(), Failed> {
        for (taken, event) in events.iter().enumerate() {
            Box::pin(self.bring(event)).await.map_err(|failure| failure.after(taken))?;
        }
        Ok(())
    }

    async fn position(&mut self) -> Result<Option<i64>, Failure> {
        self.links.position().await.map_err(ours)
    }

    async fn probe(&mut self) -> Result<(), Failure> {
        Abilities::ask(&self.service).await?;
        let reply = self.service.send(&Call::get(&["Users"]).query(&[("count", "1")])).await?;
        if !reply.is_success() {
            return Err(reply.refusal("list users"));
        }
        reply.resources().map(drop)
    }

    fn leave_snapshot(&mut self) -> Option<Unfinished> {
        let left = self.snapshot.take()?;
        Some(Box::new(left))
    }

    fn resume_snapshot(&mut self, left: Unfinished) {
        self.snapshot = left.downcast().ok().map(|left| *left);
    }

    fn comparable(&mut self) -> Option<&mut dyn Comparable> {
        Some(self)
    }
}

impl ScimStore {
    async fn bring(&mut self, event: &Event) -> Result<(), Failure> {
        match (&event.data, event.event_type) {
            (Data::User(told), EventType::UserDeleted) => self.delete(id(&told.user.id)?).await?,
            (Data::User(told), EventType::UserSnapshot) => self.snap_user(told, event.sequence).await?,
            // SCIM has no words for it, and nothing that was provisioned has changed.
            (_, EventType::UserInvited | EventType::UserVerified | EventType::UserInvitationRevoked) => {}
            (Data::User(told), _) => self.user(told).await?,
            (Data::Group(told), EventType::GroupDeleted) => self.delete(id(&told.group.id)?).await?,
            (Data::Group(told), EventType::GroupSnapshot) => self.snap_group(told, event.sequence).await?,
            (Data::Group(told), _) => self.group(told).await?,
            (Data::Other(_), EventType::SnapshotStarted) => self.snapshot = Some(Snapshot::default()),
            (Data::Other(_), EventType::SnapshotCompleted) => self.complete(event.sequence).await?,
            (Data::Other(_), _) => {}
        }
        // A snapshot that is under way may be begun again, and then it is brought again.
        if matches!(event.event_type, EventType::SnapshotStarted | EventType::UserSnapshot | EventType::GroupSnapshot) {
            return Ok(());
        }
        self.links.advance(event.sequence).await.map_err(ours)
    }

    async fn user(&mut self, told: &UserChange) -> Result<(), Failure> {
        let user = Ours::user(told)?;
        let (remote, is_new) = self.write(user).await?;
        if !is_new {
            return Ok(());
        }
        // Of one that came late or had been forgotten there, the groups are told without it.
        for group in &told.user.groups {
            let Some(group) = self.links.remote(id(&group.id)?).await.map_err(ours)? else { continue };
            self.join(&group, std::slice::from_ref(&remote)).await?;
        }
        Ok(())
    }

    async fn group(&mut self, told: &GroupChange) -> Result<(), Failure> {
        let group = Ours::group(told)?;
        let known = self.links.remote(group.id).await.map_err(ours)?;
        let remote = match known {
            // Nothing changed but its members.
            Some(remote) if group.changed.is_empty() && told.members.is_some() => remote,
            _ => self.write(group).await?.0,
        };
        let Some(members) = &told.members else { return Ok(()) };
        if self.move_members(&remote, members).await? {
            return Ok(());
        }
        self.links.remove(group.id).await.map_err(ours)?;
        let (remote, _) = self.write(Ours { changed: &[], ..group }).await?;
        self.move_members(&remote, members).await?;
        Ok(())
    }

    async fn abilities(&mut self) -> Result<Abilities, Failure> {
        if let Some(known) = self.abilities {
            return Ok(known);
        }
        let asked = Abilities::ask(&self.service).await?;
        self.abilities = Some(asked);
        Ok(asked)
    }
}

impl<'a> Ours<'a> {
    fn user(told: &'a UserChange) -> Result<Self, Failure> {
        let (resource, changed) = (&told.resource, told.change.provisioned());
        Ok(Self { kind: ResourceKind::User, id: id(&told.user.id)?, resource, changed })
    }

    fn group(told: &'a GroupChange) -> Result<Self, Failure> {
        let (resource, changed) = (&told.resource, told.change.provisioned());
        Ok(Self { kind: ResourceKind::Group, id: id(&told.group.id)?, resource, changed })
    }
}

fn id(text: &str) -> Result<Uuid, Failure> {
    Uuid::parse_str(text).map_err(|_| Failure::refused("an event has no id of a resource"))
}

/// Our own database failed.
#[expect(clippy::needless_pass_by_value, reason = "it is for map_err")]
fn ours(error: DbErr) -> Failure {
    tracing::warn!(%error, "what a service calls the resources of a tenant cannot be read or kept");
    Failure::unavailable("the database of Tenantry failed; the service is not at fault")
}

type Body = Map<String, Value>;
