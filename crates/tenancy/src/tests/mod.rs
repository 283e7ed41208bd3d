//! Tenants, addresses and tokens on an SQLite file of their own.

mod addresses;
mod keys;
mod tenants;
mod tokens;

use std::path::Path;

use database::Database;
use secrecy::ExposeSecret;
use tempfile::TempDir;
use time::OffsetDateTime;

use crate::{Address, AddressSettings, Authenticated, NewTenant, Refusal, SigningKey, Tenants};

const BASE_DOMAIN: &str = "scim.example.com";

/// A deployment with its data in a folder that vanishes.
struct System {
    tenants: Tenants,
    folder: TempDir,
}

impl System {
    /// One with the tenants `acme` and `beta`, which have no tokens yet.
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tenants = open(folder.path()).await;
        for name in ["acme", "beta"] {
            tenants.create(NewTenant { name: name.to_owned(), ..NewTenant::default() }).await.unwrap();
        }
        Self { tenants, folder }
    }

    /// The same data, read anew.
    async fn restarted(&self) -> Tenants {
        open(self.folder.path()).await
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

async fn open(folder: &Path) -> Tenants {
    let url = format!("sqlite://{}", folder.join("test.db").display());
    let database = Database::open(&database::Settings { url, max_connections: 2 }).await.unwrap();
    database.migrate().await.unwrap();
    let key = SigningKey::load_or_create(&folder.join("signing.key")).unwrap();
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
