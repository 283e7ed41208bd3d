//! The handles through which directories are used.

use std::sync::Arc;

use database::Database;
use delivery::Events;
use scim::{Dialect, Draft, Patch, ResourceKind};
use tenancy::{Administered, Authenticated, Tenant};
use uuid::Uuid;

use crate::list::{List, Lister, Listing};
use crate::read::{Key, Loader, Lookup, Lookups, MemberReader};
use crate::write::{Action, Change, Outcome, Statements, Writer};
use crate::{Actor, Condition, DirectoryError, Include, Members, Record, key};

/// How many statements that look up single resources may be under way at once, if they take long.
const LOADERS: usize = 4;

/// All directories of a database; gives out one at a time, against a proof.
#[derive(Clone, Debug)]
pub struct Directories {
    loader: Loader,
    members: MemberReader,
    lister: Lister,
    writer: Writer,
}

/// The directory of one tenant.
#[derive(Clone, Debug)]
pub struct Directory {
    tenant: Arc<Tenant>,
    actor: Actor,
    all: Directories,
}

/// What a patch left, and what had to be repaired to apply it.
#[derive(Clone, Debug)]
pub struct Patched {
    /// The resource after the patch.
    pub record: Record,
    /// The deviations that applying it repaired.
    pub dialect: Dialect,
}

impl Directories {
    /// Starts the tasks that read and write. Must be called within a runtime that outlives all requests.
    #[must_use]
    pub fn start(database: &Database, events: Events) -> Self {
        let statements = Arc::new(Statements::new(database.backend()));
        let lookups = Arc::new(Lookups::new(database.backend()));
        let loader = Loader::start(database, &lookups, LOADERS);
        let members = MemberReader::new(database);
        Self {
            lister: Lister::new(database, loader.clone(), members.clone()),
            members,
            writer: Writer::start(database.clone(), statements, events),
            loader,
        }
    }

    /// The directory of the tenant whose token a request carried.
    #[must_use]
    pub fn of(&self, authenticated: &Authenticated) -> Directory {
        self.directory(authenticated.tenant())
    }

    /// The directory of a tenant that an operator named.
    #[must_use]
    pub fn administered(&self, administered: &Administered) -> Directory {
        self.directory(administered.tenant())
    }

    fn directory(&self, tenant: &Arc<Tenant>) -> Directory {
        let actor = Actor { client: "operator".to_owned(), token: None, request_id: Uuid::now_v7().to_string() };
        Directory { tenant: Arc::clone(tenant), actor, all: self.clone() }
    }
}

impl Directory {
    /// The same directory, its changes told as this actor's.
    #[must_use]
    pub fn acting(self, actor: Actor) -> Self {
        Self { actor, ..self }
    }

    /// Reads one resource (RFC 7644 section 3.4.1).
    ///
    /// # Errors
    /// 404 for every id that is not one of this directory.
    pub async fn get(&self, kind: ResourceKind, id: &str, include: Include) -> Result<Record, DirectoryError> {
        let not_found = || DirectoryError::not_found(kind, id);
        let lookup = Lookup {
            tenant: self.tenant.id().as_i64(),
            kind,
            key: Key::Id(key::id(id).ok_or_else(not_found)?),
            groups: include.groups,
        };
        let found = self.all.loader.load(lookup).await?.into_iter().next().ok_or_else(not_found)?;
        self.with_members(found, include).await
    }

    /// Creates a resource (RFC 7644 section 3.3).
    ///
    /// # Errors
    /// 409 if its unique name is taken, 400 if it refers to members that do not exist.
    pub async fn create(&self, kind: ResourceKind, draft: Draft, include: Include) -> Result<Record, DirectoryError> {
        let outcome = self.write(kind, Uuid::now_v7(), Action::Create(draft), include).await?;
        self.with_members(outcome.record, include).await
    }

    /// Replaces a resource (RFC 7644 section 3.5.1).
    ///
    /// # Errors
    /// As for creating, and 404 and 412.
    pub async fn replace(
        &self,
        kind: ResourceKind,
        id: &str,
        draft: Draft,
        condition: Condition,
        include: Include,
    ) -> Result<Record, DirectoryError> {
        let id = key::id(id).ok_or_else(|| DirectoryError::not_found(kind, id))?;
        let outcome = self.write(kind, id, Action::Replace(draft, condition), include).await?;
        self.with_members(outcome.record, include).await
    }

    /// Changes some attributes of a resource (RFC 7644 section 3.5.2).
    ///
    /// # Errors
    /// As for replacing, and whatever the patch itself is refused for.
    pub async fn patch(
        &self,
        kind: ResourceKind,
        id: &str,
        patch: Patch,
        condition: Condition,
        include: Include,
    ) -> Result<Patched, DirectoryError> {
        let id = key::id(id).ok_or_else(|| DirectoryError::not_found(kind, id))?;
        let (patch, steps) = match kind {
            ResourceKind::User => (patch, Vec::new()),
            ResourceKind::Group => patch.split_members()?,
        };
        let outcome = self.write(kind, id, Action::Patch(patch, steps, condition), include).await?;
        let record = self.with_members(outcome.record, include).await?;
        Ok(Patched { record, dialect: outcome.dialect })
    }

    /// Deletes a resource and every reference to it (RFC 7644 section 3.6).
    ///
    /// # Errors
    /// 404 and 412.
    pub async fn delete(&self, kind: ResourceKind, id: &str, condition: Condition) -> Result<(), DirectoryError> {
        let id = key::id(id).ok_or_else(|| DirectoryError::not_found(kind, id))?;
        self.write(kind, id, Action::Delete(condition), Include::NOTHING).await?;
        Ok(())
    }

    /// Finds resources (RFC 7644 section 3.4.2).
    ///
    /// # Errors
    /// If the database fails.
    pub async fn list(&self, list: &List) -> Result<Listing, DirectoryError> {
        let tenant = self.tenant.id().as_i64();
        let mut listing = self.all.lister.list(tenant, list).await?;
        self.all.members.fill(tenant, &mut listing.records, list.include).await?;
        Ok(listing)
    }

    /// Removes every user, group and event. For a tenant that is deleted.
    ///
    /// # Errors
    /// If the database fails; then nothing is removed.
    pub async fn erase(&self) -> Result<(), DirectoryError> {
        self.write(ResourceKind::User, Uuid::nil(), Action::Erase, Include::NOTHING).await?;
        Ok(())
    }

    /// Tells what happened to the tenant's tokens: every notice that was left becomes an event, once.
    ///
    /// # Errors
    /// If the database fails; then nothing is told yet.
    pub async fn tell_notices(&self) -> Result<(), DirectoryError> {
        self.write(ResourceKind::User, Uuid::nil(), Action::Tell, Include::NOTHING).await?;
        Ok(())
    }

    async fn write(
        &self,
        kind: ResourceKind,
        id: Uuid,
        action: Action,
        include: Include,
    ) -> Result<Outcome, DirectoryError> {
        let change = Change {
            tenant: Arc::clone(&self.tenant),
            actor: self.actor.clone(),
            kind,
            id,
            action,
            groups: include.groups && kind == ResourceKind::User,
        };
        self.all.writer.write(change).await
    }

    async fn with_members(&self, mut record: Record, include: Include) -> Result<Record, DirectoryError> {
        if record.wants_members(include) && record.member_count == 0 {
            record.members = Some(Vec::new());
        } else if include.members != Members::None {
            let filled = self.all.members.fill(self.tenant.id().as_i64(), std::slice::from_mut(&mut record), include);
            filled.await?;
        }
        Ok(record)
    }
}
