//! Stores on a database of their own.

use std::sync::Arc;
use std::time::Duration;

use database::Database;
use directory::{Directories, Directory, Include};
use events::Events;
use scim::{Dialect, Draft, ResourceKind};
use sea_orm::ConnectionTrait;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tenancy::{AddressSettings, Administered, NewTenant, SigningKey, Tenants};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::kind::Book;
use crate::{Dispatcher, Environment, NewStore, Start, StoreRecord, Stores, Vault};

/// How long a condition may take, on a machine that has much to do.
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) struct System {
    pub(super) environment: Environment,
    pub(super) stores: Stores,
    pub(super) tenant: Administered,
    pub(super) database: Database,
    _folder: Arc<TempDir>,
}

/// A dispatcher that runs.
pub(super) struct Dispatching {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Dispatching {
    /// Lets it end in order.
    pub(super) async fn end(self) {
        drop(self.stop);
        self.task.await.unwrap();
    }

    /// Ends it at once, with all its workers.
    pub(super) async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

impl System {
    pub(super) async fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        Self::start(url, folder).await
    }

    pub(super) async fn on_postgres() -> Self {
        let server = std::env::var_os("TESTS_POSTGRES_URL").expect("run `tests/run`, which starts a PostgreSQL");
        let server = server.into_string().unwrap();
        let name = format!("delivery_{}", Uuid::now_v7().simple());
        let postgres = sea_orm::Database::connect(format!("{server}/postgres")).await.unwrap();
        postgres.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        Self::start(format!("{server}/{name}"), tempfile::tempdir().unwrap()).await
    }

    async fn start(url: String, folder: TempDir) -> Self {
        let database = Database::open(&database::Settings { url, max_connections: 4 }).await.unwrap();
        database.migrate().await.unwrap();
        let key = SigningKey::load_or_create(&folder.path().join("signing.key")).unwrap();
        let tenants = Tenants::open(database.clone(), key, AddressSettings::default()).await.unwrap();
        let acme = NewTenant { name: "acme".to_owned(), ..NewTenant::default() };
        tenants.create(acme).await.unwrap();
        let events = Events::new(database.clone(), false);
        let directories = Directories::start(&database, events.clone()).expect("a thread that writes");
        let environment = Environment {
            database: database.clone(),
            events,
            tenants: tenants.clone(),
            directories,
            vault: Vault::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap(),
            folder: folder.path().join("stores"),
            allow_private: true,
            is_shared: false,
            holder: Uuid::now_v7().to_string(),
        };
        let tenant = tenants.administer("acme").unwrap();
        let stores = Stores::new(environment.clone());
        Self { environment, stores, tenant, database, _folder: Arc::new(folder) }
    }

    /// The same as another process has it.
    pub(super) fn of_another_process(&self) -> Self {
        let holder = Uuid::now_v7().to_string();
        let environment = Environment { holder, is_shared: true, ..self.environment.clone() };
        let stores = Stores::new(environment.clone());
        let (tenant, database) = (self.tenant.clone(), self.database.clone());
        Self { environment, stores, tenant, database, _folder: Arc::clone(&self._folder) }
    }

    /// The same for another tenant.
    pub(super) async fn new_tenant(&self, name: &str) -> Self {
        let new = NewTenant { name: name.to_owned(), ..NewTenant::default() };
        self.environment.tenants.create(new).await.unwrap();
        self.of_tenant(name)
    }

    pub(super) fn of_tenant(&self, name: &str) -> Self {
        let tenant = self.environment.tenants.administer(name).unwrap();
        let (environment, stores, database) = (self.environment.clone(), self.stores.clone(), self.database.clone());
        Self { environment, stores, tenant, database, _folder: Arc::clone(&self._folder) }
    }

    pub(super) fn dispatch(&self) -> Dispatching {
        let (stop, stopped) = oneshot::channel();
        let dispatcher = Dispatcher::new(&self.stores);
        Dispatching { stop, task: tokio::spawn(dispatcher.run(async { drop(stopped.await) })) }
    }

    pub(super) fn directory(&self) -> Directory {
        self.environment.directories.administered(&self.tenant)
    }

    /// Creates a user, whose event is the next one.
    pub(super) async fn user(&self, name: &str) -> String {
        create(&self.directory(), ResourceKind::User, json!({ "userName": name })).await
    }

    /// Creates users at the same time.
    pub(super) async fn users(&self, count: usize) -> Vec<String> {
        self.users_from(0, count).await
    }

    /// The same, numbered from another number on.
    pub(super) async fn users_from(&self, first: usize, count: usize) -> Vec<String> {
        let directory = self.directory();
        let one = |n: usize| {
            let directory = directory.clone();
            async move { create(&directory, ResourceKind::User, json!({ "userName": format!("user-{n}") })).await }
        };
        futures::future::join_all((first..first + count).map(one)).await
    }

    pub(super) async fn group(&self, name: &str, members: &[String]) -> String {
        let members: Vec<Value> = members.iter().map(|member| json!({ "value": member })).collect();
        create(&self.directory(), ResourceKind::Group, json!({ "displayName": name, "members": members })).await
    }

    /// Adds a store with a book of its own.
    pub(super) async fn add(&self, name: &str, start: Start, more: Value) -> Arc<Book> {
        let book = Uuid::now_v7().to_string();
        let mut settings = object(json!({ "book": book, "retry_seconds": [1] }));
        settings.extend(object(more));
        let new = NewStore { name: name.to_owned(), kind: "test".to_owned(), settings, start };
        self.stores.add(&self.tenant, new).await.unwrap();
        Book::of(&book)
    }

    pub(super) async fn record(&self, name: &str) -> StoreRecord {
        self.stores.find(&self.tenant, name).await.unwrap()
    }

    /// Waits until a store is as it should be.
    pub(super) async fn until(&self, name: &str, what: &str, is_so: impl Fn(&StoreRecord) -> bool) -> StoreRecord {
        until(what, async || Some(self.record(name).await).filter(|record| is_so(record))).await
    }

    /// Waits until a store has everything.
    pub(super) async fn caught_up(&self, name: &str) -> StoreRecord {
        let is_so = |record: &StoreRecord| {
            record.lag() == 0 && record.snapshot.is_none() && record.attempts == 0 && record.replay.is_none()
        };
        self.until(name, "the store to have everything", is_so).await
    }

    /// The types of the events about stores in the log of the tenant.
    pub(super) async fn told(&self) -> Vec<&'static str> {
        self.directory().tell_notices().await.unwrap();
        let events = self.environment.events.after(&self.tenant, 0, 1000).await.unwrap();
        let types = events.iter().map(|event| event.event_type.as_str());
        types.filter(|event_type| event_type.starts_with("store.")).collect()
    }

    pub(super) async fn execute(&self, sql: &str) {
        self.database.writer().execute_unprepared(sql).await.unwrap();
    }
}

async fn create(directory: &Directory, kind: ResourceKind, mut body: Value) -> String {
    let of = scim::Schemas::standard();
    body["schemas"] = json!([of.of(kind).schema.id]);
    let draft = Draft::parse(body, of.of(kind), &mut Dialect::lenient()).unwrap();
    directory.create(kind, draft, Include::NOTHING).await.unwrap().id
}

pub(super) fn object(value: Value) -> Map<String, Value> {
    let Value::Object(object) = value else { panic!("{value} is no object") };
    object
}

/// Asks again until there is an answer.
pub(super) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let start = std::time::Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
