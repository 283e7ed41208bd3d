//! Tenants, addresses and tokens, on both databases.

mod address_limits;
mod addresses;
mod api_keys;
mod federation;
mod first_uses;
mod forgetting;
mod keys;
mod named;
mod oauth;
mod restrictions;
mod rotations;
mod tenants;
mod tokens;
mod uses;
mod warnings;

use std::time::Instant;

use database::Database;
use sea_orm::ConnectionTrait;
use secrecy::ExposeSecret;
use tempfile::TempDir;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Address, AddressSettings, Authenticated, Denied, NewTenant, Refusal, SigningKey, SigningKeys, Tenants, Visit,
};

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

    /// The same data, read anew with these keys.
    async fn restarted_with(&self, keys: SigningKeys) -> Tenants {
        Tenants::open(database(&self.url).await, keys, AddressSettings::default()).await.unwrap()
    }

    /// Makes every token and secret of a tenant so many days older, for whoever reads the data anew.
    async fn age(&self, tenant: &str, days: i64) {
        let id = self.tenants.find(tenant).unwrap().id().as_i64();
        let by = days * 24 * 60 * 60 * 1000;
        let sql = format!(
            "UPDATE tokens SET issued_ms = issued_ms - {by}, expires_ms = expires_ms - {by} WHERE tenant_id = {id}"
        );
        let database = database(&self.url).await;
        database.reader().execute_unprepared(&sql).await.unwrap();
        let sql = format!(
            "UPDATE oauth_secrets SET created_ms = created_ms - {by}, expires_ms = expires_ms - {by} \
             WHERE client_id IN (SELECT id FROM oauth_clients WHERE tenant_id = {id})"
        );
        database.reader().execute_unprepared(&sql).await.unwrap();
    }

    /// Changes the tables behind the back of this version.
    async fn meddle(&self, statements: &[&str]) {
        let database = database(&self.url).await;
        for sql in statements {
            database.writer().execute_unprepared(sql).await.unwrap();
        }
    }

    /// A new token, as the header that carries it.
    async fn token(&self, tenant: &str) -> String {
        let issued = self.tenants.issue_token(tenant, 365).await.unwrap();
        format!("Bearer {}", issued.token.expose_secret())
    }

    async fn authenticate(&self, tenant: &str, authorization: &str) -> Result<Authenticated, Refusal> {
        authenticate(&self.tenants, tenant, authorization).await
    }
}

/// An empty deployment in this folder.
pub(crate) async fn empty_in(folder: &TempDir) -> Tenants {
    open(&format!("sqlite://{}", folder.path().join("test.db").display()), folder).await
}

async fn open(url: &str, folder: &TempDir) -> Tenants {
    let database = database(url).await;
    let key = SigningKey::load_or_create(&folder.path().join("signing.key")).unwrap();
    Tenants::open(database, key, AddressSettings { base_domain: Some(BASE_DOMAIN.to_owned()) }).await.unwrap()
}

async fn database(url: &str) -> Database {
    let database = Database::open(&database::Settings { url: url.to_owned(), max_connections: 2 }).await.unwrap();
    database.migrate().await.unwrap();
    database
}

fn at_path(tenant: &str) -> Address<'_> {
    Address { host: "localhost", path_tenant: Some(tenant) }
}

fn at_host(host: &str) -> Address<'_> {
    Address { host, path_tenant: None }
}

async fn authenticate(tenants: &Tenants, tenant: &str, authorization: &str) -> Result<Authenticated, Refusal> {
    visit(tenants, &at_path(tenant), Some(authorization), OffsetDateTime::now_utc()).await
}

/// A request from this machine.
async fn visit(
    tenants: &Tenants,
    address: &Address<'_>,
    authorization: Option<&str>,
    now: OffsetDateTime,
) -> Result<Authenticated, Refusal> {
    let sender = std::net::Ipv4Addr::LOCALHOST.into();
    let arrived = Instant::now();
    let visited = tenants.authenticate(address, &Visit { authorization, sender, client: "okta", now, arrived }).await;
    visited.map_err(|denied| match denied {
        Denied::Refused { refusal, .. } => refusal,
        Denied::Unavailable(error) => panic!("{error}"),
    })
}
