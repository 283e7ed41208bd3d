//! Tenants, addresses and tokens, on both databases.

mod addresses;
mod keys;
mod tenants;
mod tokens;

use database::Database;
use sea_orm::ConnectionTrait;
use secrecy::ExposeSecret;
use tempfile::TempDir;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Address, AddressSettings, Authenticated, NewTenant, Refusal, SigningKey, Tenants};

const BASE_DOMAIN: &str = "scim.example.com";

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

/// A deployment with a database of its own, and a folder that vanishes.
struct System {
    tenants: Tenants,
    url: String,
    folder: TempDir,
}

impl System {
    async fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        Self::start(url, folder).await
    }

    async fn on_postgres() -> Self {
        let server = std::env::var_os("TESTS_POSTGRES_URL").expect("run `tests/run`, which starts a PostgreSQL");
        let server = server.into_string().unwrap();
        let name = format!("tenancy_{}", Uuid::now_v7().simple());
        let postgres = sea_orm::Database::connect(format!("{server}/postgres")).await.unwrap();
        postgres.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        Self::start(format!("{server}/{name}"), tempfile::tempdir().unwrap()).await
    }

    /// One with the tenants `acme` and `beta`, which have no tokens yet.
    async fn start(url: String, folder: TempDir) -> Self {
        let tenants = open(&url, &folder).await;
        for name in ["acme", "beta"] {
            tenants.create(NewTenant { name: name.to_owned(), ..NewTenant::default() }).await.unwrap();
        }
        Self { tenants, url, folder }
    }

    /// The same data, read anew.
    async fn restarted(&self) -> Tenants {
        open(&self.url, &self.folder).await
    }

    /// A new token, as the header that carries it.
    async fn token(&self, tenant: &str) -> String {
        let issued = self.tenants.issue_token(tenant, 365).await.unwrap();
        format!("Bearer {}", issued.token.expose_secret())
    }

    fn authenticate(&self, tenant: &str, authorization: &str) -> Result<Authenticated, Refusal> {
        authenticate(&self.tenants, tenant, authorization)
    }
}

async fn open(url: &str, folder: &TempDir) -> Tenants {
    let database = Database::open(&database::Settings { url: url.to_owned(), max_connections: 2 }).await.unwrap();
    database.migrate().await.unwrap();
    let key = SigningKey::load_or_create(&folder.path().join("signing.key")).unwrap();
    Tenants::open(database, key, AddressSettings { base_domain: Some(BASE_DOMAIN.to_owned()) }).await.unwrap()
}

fn at_path(tenant: &str) -> Address<'_> {
    Address { host: "localhost", path_tenant: Some(tenant) }
}

fn at_host(host: &str) -> Address<'_> {
    Address { host, path_tenant: None }
}

fn authenticate(tenants: &Tenants, tenant: &str, authorization: &str) -> Result<Authenticated, Refusal> {
    tenants.authenticate(&at_path(tenant), Some(authorization), OffsetDateTime::now_utc())
}
