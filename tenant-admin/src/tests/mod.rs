//! Commands on both databases, in process and through the socket.

mod commands;
mod directories;
mod limits;
mod socket;

use database::Database;
use directory::{Directories, Directory, Include};
use events::Events;
use scim::{Dialect, Draft, ResourceKind};
use sea_orm::ConnectionTrait;
use serde_json::{Map, Value};
use tempfile::TempDir;
use tenancy::{AddressLimits, AddressSettings, SigningKey, Tenants};
use uuid::Uuid;

use crate::{Answer, Command, Failure, Operator, Origin, TokenDays};

/// Makes each function a test on both databases.
macro_rules! on_both {
    ($(async fn $name:ident($system:ident: System) $body:block)*) => {
        $(mod $name {
            use super::*;

            async fn run($system: System) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                run(System::on_sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                run(System::on_postgres().await).await;
            }
        })*
    };
}
use on_both;

/// A deployment with its data in a folder that vanishes.
struct System {
    operator: Operator,
    tenants: Tenants,
    directories: Directories,
    database: Database,
    folder: TempDir,
}

impl System {
    async fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        Box::pin(Self::start(url, folder)).await
    }

    async fn on_postgres() -> Self {
        let server = std::env::var_os("TESTS_POSTGRES_URL").expect("run `tests/run`, which starts a PostgreSQL");
        let server = server.into_string().unwrap();
        let name = format!("admin_{}", Uuid::now_v7().simple());
        let postgres = sea_orm::Database::connect(format!("{server}/postgres")).await.unwrap();
        postgres.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        Box::pin(Self::start(format!("{server}/{name}"), tempfile::tempdir().unwrap())).await
    }

    /// One with the tenant `acme`, which has no token yet.
    async fn start(url: String, folder: TempDir) -> Self {
        let database = Database::open(&database::Settings { url, max_connections: 2 }).await.unwrap();
        database.migrate().await.unwrap();
        let key = SigningKey::load_or_create(&folder.path().join("signing.key")).unwrap();
        let addresses = AddressSettings { base_domain: Some("scim.example.com".to_owned()) };
        let tenants = Tenants::open(database.clone(), key, addresses).await.unwrap();
        let events = Events::new(database.clone(), false);
        let directories = Directories::start(&database, events.clone()).expect("a thread that writes");
        let origin = Origin::new("https://example.com:8443/", Some("scim.example.com".to_owned()));
        let (days, limits) = (TokenDays { usual: 30, most: 90 }, AddressLimits::each(|_| 10));
        let operator = Operator::new(tenants.clone(), directories.clone(), events, origin, days, limits);
        operator.run(create("acme", false, None)).await.unwrap();
        Self { operator, tenants, directories, database, folder }
    }

    async fn run(&self, command: Command) -> Result<Answer, Failure> {
        self.operator.run(command).await
    }

    fn directory(&self, tenant: &str) -> Directory {
        self.directories.administered(&self.tenants.administer(tenant).unwrap())
    }

    /// Adds a user or a group as a client would; the answer is its id.
    async fn add(&self, tenant: &str, kind: ResourceKind, body: Value) -> String {
        let tenant = self.tenants.find(tenant).unwrap();
        let draft = Draft::parse(body, tenant.schemas().of(kind), &mut Dialect::lenient()).unwrap();
        self.directory(tenant.name()).create(kind, draft.creating(), Include::NOTHING).await.unwrap().id
    }
}

fn create(name: &str, with_token: bool, days: Option<u32>) -> Command {
    Command::CreateTenant { name: name.to_owned(), hosts: Vec::new(), settings: Map::new(), with_token, days }
}
