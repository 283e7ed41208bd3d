//! The handles through which directories are used.

use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use database::Database;
use events::{Events, Streams};
use scim::{Dialect, Draft, Password, Patch, ResourceKind};
use serde_json::{Map, Value};
use tenancy::{Administered, Authenticated, NoticeType, Tenant};
use uuid::Uuid;

use crate::list::{List, Lister, Listing, Searchers};
use crate::password::{Passwords, Set};
use crate::pressure::Pressure;
use crate::read::{Key, Loader, Lookup, Lookups, MemberReader};
use crate::write::{Action, Change, New, Outcome, Statements, Writer};
use crate::{Actor, Condition, DirectoryError, Include, Record, Work, key};

/// How many statements that look up single resources may be under way at once, if they take long.
const LOADERS: usize = 4;

/// A thread whose one connection is busy with a long list still answers.
const LEAST_CONNECTIONS: u32 = 2;

/// How long the database may take for what a client waits for. Clients give up after 60 seconds or earlier.
const PATIENCE: Duration = Duration::from_secs(20);

/// All directories of a database; gives out one at a time, against a proof.
#[derive(Clone, Debug)]
pub struct Directories(Arc<Parts>);

/// What they are read and written with.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) database: Database,
    events: Events,
    loader: Loader,
    members: MemberReader,
    lister: Lister,
    searchers: Searchers,
    pub(crate) writer: Writer,
    pressure: Pressure,
    passwords: Passwords,
}

/// The directory of one tenant.
#[derive(Clone, Debug)]
pub struct Directory {
    pub(crate) tenant: Arc<Tenant>,
    actor: Actor,
    pub(crate) all: Arc<Parts>,
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
    /// Starts the tasks that read, the threads that search and the thread that writes. Must be called within a runtime that outlives all
    /// requests.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(database: &Database, events: Events) -> Result<Self, DirectoryError> {
        let statements = Arc::new(Statements::new(database.backend()));
        let passwords = Passwords::new(events.clone());
        let writer = Writer::start(database.clone(), statements, events.clone())?;
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        let searchers = Searchers::start(database, threads)?;
        Ok(Self::reading((database.clone(), events), (writer, searchers), Pressure::default(), passwords))
    }

    /// The same directories for one of `threads` threads that serve: what reads runs in the runtime of the caller, over
    /// connections of its own, so that a lookup wakes no other thread.
    ///
    /// # Errors
    /// If the options of the connections are refused.
    pub async fn of_thread(&self, threads: usize) -> Result<Self, DirectoryError> {
        let share = self.0.database.connections() as usize / threads.max(1);
        let connections = u32::try_from(share).unwrap_or(u32::MAX).max(LEAST_CONNECTIONS);
        let database = self.0.database.of_thread(connections).await?;
        let parts = &self.0;
        let shared = (parts.writer.clone(), parts.searchers.clone());
        let (pressure, passwords) = (parts.pressure.clone(), parts.passwords.clone());
        Ok(Self::reading((database, parts.events.clone()), shared, pressure, passwords))
    }

    fn reading(
        (database, events): (Database, Events),
        (writer, searchers): (Writer, Searchers),
        pressure: Pressure,
        passwords: Passwords,
    ) -> Self {
        let lookups = Arc::new(Lookups::new(database.backend()));
        let loader = Loader::start(&database, &lookups, LOADERS);
        let members = MemberReader::new(&database);
        let lister = Lister::new(&database, loader.clone(), members.clone());
        Self(Arc::new(Parts { database, events, loader, members, lister, searchers, writer, pressure, passwords }))
    }

    /// Whether there is room for work of this sort of a tenant, so that a refusal comes before anything else is done for it.
    ///
    /// # Errors
    /// [`DirectoryError::Busy`]
    pub fn check_room(&self, tenant: &Tenant, work: Work) -> Result<(), DirectoryError> {
        self.0.pressure.check(tenant.id().as_i64(), work)
    }

    /// The directory of the tenant whose token a request carried; its changes are told as the actor's.
    #[must_use]
    pub fn of(&self, authenticated: &Authenticated, actor: Actor) -> Directory {
        self.directory(authenticated.tenant(), actor)
    }

    /// The directory of a tenant that an operator named.
    #[must_use]
    pub fn administered(&self, administered: &Administered) -> Directory {
        let actor = Actor { client: "operator", credential: None, request_id: Uuid::now_v7().to_string() };
        self.directory(administered.tenant(), actor)
    }

    /// What a tenant's clients are told of its streams of security event tokens: as it was lately, without waiting.
    #[must_use]
    pub fn announced_streams(&self, tenant: &Tenant) -> Streams {
        self.0.events.announced_streams(tenant)
    }

    pub(crate) fn database(&self) -> &Database {
        &self.0.database
    }

    pub(crate) fn writer(&self) -> &Writer {
        &self.0.writer
    }

    pub(crate) fn directory(&self, tenant: &Arc<Tenant>, actor: Actor) -> Directory {
        Directory { tenant: Arc::clone(tenant), actor, all: Arc::clone(&self.0) }
    }
}

impl Parts {
    /// Does something that a client waits for: if there is room for it, and not for longer than a client waits.
    pub(crate) async fn within<T>(
        &self,
        (tenant, work): (&Tenant, Work),
        doing: impl Future<Output = Result<T, DirectoryError>>,
    ) -> Result<T, DirectoryError> {
        let _inside = self.pressure.enter(tenant.id().as_i64(), work)?;
        in_time(doing).await
    }
}

async fn in_time<T>(doing: impl Future<Output = Result<T, DirectoryError>>) -> Result<T, DirectoryError> {
    tokio::time::timeout(PATIENCE, doing).await.unwrap_or_else(|_| Err(DirectoryError::too_slow()))
}

impl Directory {
    /// Whose it is.
    #[must_use]
    pub fn tenant(&self) -> &Arc<Tenant> {
        &self.tenant
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
        let found = async {
            let found = self.all.loader.load(lookup).await?.into_iter().next().ok_or_else(not_found)?;
            self.with_members(found, include).await
        };
        self.all.within((&self.tenant, Work::Read), found).await
    }

    /// Creates a resource (RFC 7644 section 3.3).
    ///
    /// # Errors
    /// 409 if its unique name is taken, 400 if it refers to members that do not exist.
    pub async fn create(
        &self,
        kind: ResourceKind,
        mut draft: Draft,
        include: Include,
    ) -> Result<Record, DirectoryError> {
        let id = Uuid::now_v7();
        let password = draft.password.take();
        let new = New::of(draft, id, self.tenant.schemas().of(kind));
        let outcome = self.write(kind, id, Action::Create(new), password).await?;
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
        mut draft: Draft,
        condition: Condition,
        include: Include,
    ) -> Result<Record, DirectoryError> {
        let id = key::id(id).ok_or_else(|| DirectoryError::not_found(kind, id))?;
        let password = draft.password.take();
        let outcome = self.write(kind, id, Action::Replace(draft, condition), password).await?;
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
        mut patch: Patch,
        condition: Condition,
        include: Include,
    ) -> Result<Patched, DirectoryError> {
        let id = key::id(id).ok_or_else(|| DirectoryError::not_found(kind, id))?;
        let password = patch.take_password();
        let (patch, steps) = match kind {
            ResourceKind::User => (patch, Vec::new()),
            ResourceKind::Group => patch.split_members()?,
        };
        let outcome = self.write(kind, id, Action::Patch(patch, steps, condition), password).await?;
        let record = self.with_members(outcome.record, include).await?;
        Ok(Patched { record, dialect: outcome.dialect })
    }

    /// Deletes a resource and every reference to it (RFC 7644 section 3.6).
    ///
    /// # Errors
    /// 404 and 412.
    pub async fn delete(&self, kind: ResourceKind, id: &str, condition: Condition) -> Result<(), DirectoryError> {
        let id = key::id(id).ok_or_else(|| DirectoryError::not_found(kind, id))?;
        self.write(kind, id, Action::Delete(condition), None).await?;
        Ok(())
    }

    /// Finds resources (RFC 7644 section 3.4.2).
    ///
    /// # Errors
    /// If the database fails.
    pub async fn list(&self, list: &List) -> Result<Listing, DirectoryError> {
        let tenant = self.tenant.id().as_i64();
        let is_long = list.is_long();
        let listed = async {
            let Parts { lister, searchers, members, .. } = &*self.all;
            // Where it disturbs nobody else.
            let found = if is_long { searchers.list(tenant, list).await } else { lister.list(tenant, list).await };
            let mut listing = found?;
            members.fill(tenant, &mut listing.records, list.include).await?;
            Ok(listing)
        };
        let work = if is_long { Work::Search } else { Work::Read };
        self.all.within((&self.tenant, work), listed).await
    }

    /// Removes every user, group and event. For a tenant that is deleted.
    ///
    /// # Errors
    /// If the database fails; then nothing is removed.
    pub async fn erase(&self) -> Result<(), DirectoryError> {
        // The operator waits as long as it takes.
        self.all.writer.write(self.change(ResourceKind::User, Uuid::nil(), Action::Erase, None)).await?;
        Ok(())
    }

    /// Tells what happened to the tenant's tokens, stores and requests: every notice that was left becomes an event, once.
    ///
    /// # Errors
    /// If the database fails; then nothing is told yet.
    pub async fn tell_notices(&self) -> Result<(), DirectoryError> {
        self.write(ResourceKind::User, Uuid::nil(), Action::Tell, None).await?;
        Ok(())
    }

    /// The streams of security event tokens that the tenant has.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn streams(&self) -> Result<Streams, DirectoryError> {
        in_time(async { Ok(self.all.events.streams(&self.tenant).await?) }).await
    }

    /// Tells how the actor's request ended, in an event, and gives the name of the transaction in it. When this returns it
    /// is told soon, whatever happens to the process.
    ///
    /// # Errors
    /// If the database fails; then nothing is told.
    pub async fn tell_completed(&self, uri: &str, operation: Map<String, Value>) -> Result<String, DirectoryError> {
        let transaction = self.actor.request_id.clone();
        let mut data =
            Map::from_iter([("txn".to_owned(), transaction.as_str().into()), ("uri".to_owned(), uri.into())]);
        data.extend(operation);
        let subject = format!("Requests/{transaction}");
        let leaving = tenancy::leave_notice(
            self.all.database.writer(),
            &self.tenant,
            NoticeType::RequestCompleted,
            &subject,
            data,
        );
        in_time(async { Ok(leaving.await?) }).await?;
        if let Err(error) = self.tell_notices().await {
            tracing::debug!(%error, "how a request ended is told later");
        }
        Ok(transaction)
    }

    async fn write(
        &self,
        kind: ResourceKind,
        id: Uuid,
        action: Action,
        password: Option<Password>,
    ) -> Result<Outcome, DirectoryError> {
        // An application without passwords takes one as if it had not been sent.
        let password = password.filter(|_| self.tenant.profile().takes_passwords());
        let written = async {
            let password = self.all.passwords.take(&self.tenant, password).await?;
            self.all.writer.write(self.change(kind, id, action, password)).await
        };
        self.all.within((&self.tenant, Work::Write), written).await
    }

    /// Does something about a user that no client does.
    pub(crate) async fn write_user(&self, id: Uuid, action: Action) -> Result<Outcome, DirectoryError> {
        self.write(ResourceKind::User, id, action, None).await
    }

    pub(crate) fn change(&self, kind: ResourceKind, id: Uuid, action: Action, password: Option<Set>) -> Change {
        Change {
            tenant: Arc::clone(&self.tenant),
            actor: self.actor.clone(),
            kind,
            id,
            action,
            password,
            groups: kind == ResourceKind::User,
        }
    }

    async fn with_members(&self, mut record: Record, include: Include) -> Result<Record, DirectoryError> {
        if record.wants_members(include) && record.member_count == 0 {
            record.members = Some(Vec::new());
        } else if record.wants_members(include) {
            // Only what is not at hand needs a timer.
            let (tenant, records) = (self.tenant.id().as_i64(), std::slice::from_mut(&mut record));
            in_time(async { Ok(self.all.members.fill(tenant, records, include).await?) }).await?;
        }
        Ok(record)
    }
}
