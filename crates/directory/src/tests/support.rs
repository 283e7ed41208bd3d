//! A directory in a database of its own.

use database::Database;
use events::{Event, Events};
use scim::{Dialect, Draft, Filter, Patch, ResourceKind};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tempfile::TempDir;
use tenancy::{AddressSettings, Administered, NewTenant, SigningKey, Tenants};
use uuid::Uuid;

use crate::{
    Condition, Directories, Directory, DirectoryError, Include, List, Listing, Members, PageRequest, Record, Search,
};

pub(super) const ALL: Include = Include { groups: true, members: Members::All };
pub(super) const BASE: &str = "https://scim.example/t/acme/scim/v2";

pub(super) struct System {
    pub(super) directory: Directory,
    pub(super) tenant: Administered,
    pub(super) other_tenant: Administered,
    pub(super) events: Events,
    pub(super) tenants: Tenants,
    pub(super) directories: Directories,
    pub(super) other: Directory,
    /// The same directory in the hands of somebody else who writes to the database.
    pub(super) rival: Directory,
    pub(super) database: Database,
    _folder: TempDir,
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
        let name = format!("directory_{}", Uuid::now_v7().simple());
        let postgres = sea_orm::Database::connect(format!("{server}/postgres")).await.unwrap();
        postgres.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        Self::start(format!("{server}/{name}"), tempfile::tempdir().unwrap()).await
    }

    async fn start(url: String, folder: TempDir) -> Self {
        let database = Database::open(&database::Settings { url, max_connections: 4 }).await.unwrap();
        database.migrate().await.unwrap();
        let key = SigningKey::load_or_create(&folder.path().join("signing.key")).unwrap();
        let tenants = Tenants::open(database.clone(), key, AddressSettings::default()).await.unwrap();
        for name in ["acme", "beta"] {
            tenants.create(NewTenant { name: name.to_owned(), ..NewTenant::default() }).await.unwrap();
        }
        let events = Events::new(database.clone(), false);
        let directories = Directories::start(&database, events.clone()).expect("a thread that writes");
        let tenant = tenants.administer("acme").unwrap();
        let other_tenant = tenants.administer("beta").unwrap();
        let other = directories.administered(&other_tenant);
        let rivals = Directories::start(&database, events.clone()).expect("another thread that writes");
        let rival = rivals.administered(&tenant);
        let directory = directories.administered(&tenant);
        Self { directory, tenant, other_tenant, events, tenants, directories, other, rival, database, _folder: folder }
    }

    pub(super) async fn user(&self, user_name: &str) -> Record {
        self.create(ResourceKind::User, json!({ "userName": user_name })).await.unwrap()
    }

    pub(super) async fn group(&self, name: &str, members: &[&Record]) -> Record {
        let members: Vec<Value> = members.iter().map(|member| json!({ "value": member.id })).collect();
        self.create(ResourceKind::Group, json!({ "displayName": name, "members": members })).await.unwrap()
    }

    pub(super) async fn create(&self, kind: ResourceKind, body: Value) -> Result<Record, DirectoryError> {
        self.directory.create(kind, draft(kind, body), ALL).await
    }

    pub(super) async fn get(&self, record: &Record) -> Result<Record, DirectoryError> {
        self.directory.get(record.kind, &record.id, ALL).await
    }

    pub(super) async fn get_version(&self, user: &str) -> i64 {
        self.directory.get(ResourceKind::User, user, ALL).await.unwrap().version
    }

    pub(super) async fn patch(&self, record: &Record, operations: Value) -> Result<Record, DirectoryError> {
        let patch = patch(record.kind, &operations);
        Ok(self.directory.patch(record.kind, &record.id, patch, Condition::None, ALL).await?.record)
    }

    pub(super) async fn list(&self, kind: ResourceKind, filter: Option<&str>, page: PageRequest) -> Listing {
        let of = scim::Schemas::standard();
        let filter = filter.map(|text| Filter::parse(text, of.of(kind), &mut Dialect::lenient()).unwrap());
        let searches = vec![Search { kind, filter, sort: None }];
        let list = List { searches, descending: false, page, include: ALL, base: BASE.to_owned() };
        self.directory.list(&list).await.unwrap()
    }

    /// Every event so far; their numbers must be 1, 2, 3, ….
    pub(super) async fn events(&self) -> Vec<Event> {
        let mut events: Vec<Event> = Vec::new();
        loop {
            let last = events.last().map_or(0, |event| event.sequence);
            let more = self.events.after(&self.tenant, last, 100_000).await.unwrap();
            if more.is_empty() {
                break;
            }
            events.extend(more);
        }
        let numbers: Vec<i64> = events.iter().map(|event| event.sequence).collect();
        let expected: Vec<i64> = (1..).take(events.len()).collect();
        assert_eq!(numbers, expected);
        events
    }

    pub(super) async fn event_types(&self) -> Vec<&'static str> {
        self.events().await.into_iter().map(|event| event.event_type.as_str()).collect()
    }
}

pub(super) fn draft(kind: ResourceKind, mut body: Value) -> Draft {
    let of = scim::Schemas::standard();
    body["schemas"] = json!([of.of(kind).schema.id]);
    Draft::parse(body, of.of(kind), &mut Dialect::lenient()).unwrap()
}

pub(super) fn patch(kind: ResourceKind, operations: &Value) -> Patch {
    let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
    Patch::parse(body, scim::Schemas::standard().of(kind), 1000, &mut Dialect::lenient()).unwrap()
}

pub(super) fn status(error: &DirectoryError) -> u16 {
    match error {
        DirectoryError::Refused(error) => error.status,
        DirectoryError::Unavailable(source) => panic!("unavailable: {source}"),
        DirectoryError::Busy => panic!("too much waits"),
    }
}

pub(super) fn member_ids(record: &Record) -> Vec<&str> {
    record.members.iter().flatten().map(|member| member.id.as_str()).collect()
}
