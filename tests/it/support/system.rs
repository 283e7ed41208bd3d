//! A server with what an operator does on it.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::{Database, Finished, Server, Tenant};

/// Settings of a server that only answers, so that tests of other things meet no limit.
const UNLIMITED: [(&str, &str); 5] = [
    ("TENANTRY_LIMITS__ADDRESS_REQUESTS_PER_SECOND", "1000000"),
    ("TENANTRY_LIMITS__ADDRESS_REQUESTS_BURST", "1000000"),
    ("TENANTRY_LIMITS__ADDRESS_PER_SECOND", "1000000"),
    ("TENANTRY_LIMITS__ADDRESS_BURST", "1000000"),
    ("TENANTRY_LIMITS__TENANT_CONCURRENCY", "1000"),
];

/// A running server and its operator's command line.
#[derive(Clone)]
pub(crate) struct System(Arc<Server>);

impl System {
    /// The server of this database that all tests share.
    pub(crate) async fn shared(database: Database) -> Self {
        static SQLITE: OnceCell<System> = OnceCell::const_new();
        static POSTGRES: OnceCell<System> = OnceCell::const_new();
        let shared = match database {
            Database::Sqlite => &SQLITE,
            Database::Postgres => &POSTGRES,
        };
        shared.get_or_init(|| Self::start(database)).await.clone()
    }

    /// A server of its own, without limits that a test could meet by chance.
    pub(crate) async fn start(database: Database) -> Self {
        Self::start_with(database, &UNLIMITED).await
    }

    /// A server of its own with these settings and the program's own limits.
    pub(crate) async fn start_with(database: Database, settings: &[(&str, &str)]) -> Self {
        Self(Arc::new(Server::start(database, settings).await))
    }

    /// A server of its own with these settings and without limits.
    pub(crate) async fn start_unlimited_with(database: Database, settings: &[(&str, &str)]) -> Self {
        Self::start_with(database, &[&UNLIMITED, settings].concat()).await
    }

    /// A server on a database that is there already, with these settings and without limits that a test could meet.
    pub(crate) async fn start_on(url: &str, settings: &[(&str, &str)]) -> Self {
        let settings: Vec<_> = UNLIMITED.iter().chain(settings).copied().collect();
        Self(Arc::new(Server::start_on(url, &settings).await))
    }

    /// The server process.
    pub(crate) fn server(&self) -> &Server {
        &self.0
    }

    /// A new tenant whose name begins so, without limits that a test could meet by chance.
    pub(crate) fn tenant(&self, name: &str) -> Tenant {
        self.tenant_with(name, &json!({ "rate_per_second": 1_000_000, "rate_burst": 1_000_000 }))
    }

    /// A new tenant whose name begins so, with these settings.
    pub(crate) fn tenant_with(&self, name: &str, settings: &Value) -> Tenant {
        let name = unique(name);
        let created = self.tenantry(&["tenant", "create", &name, "--with-token", "--json"]).expect(0).json();
        let text = |key: &str| created[key].as_str().unwrap_or_else(|| panic!("no {key} in {created}")).to_owned();
        let tenant = Tenant { name, base_url: text("base_url"), token: text("token") };
        self.set(&tenant, settings);
        tenant
    }

    /// Changes settings of a tenant.
    pub(crate) fn set(&self, tenant: &Tenant, settings: &Value) {
        let settings = settings.as_object().expect("settings by name");
        if settings.is_empty() {
            return;
        }
        let pairs: Vec<String> = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut arguments = vec!["tenant", "set", tenant.name.as_str()];
        arguments.extend(pairs.iter().map(String::as_str));
        self.tenantry(&arguments).expect(0);
    }

    /// A new token; the one before is dead from now on.
    pub(crate) fn issue(&self, tenant: &Tenant) -> Tenant {
        let issued = self.tenantry(&["token", "issue", &tenant.name, "--json"]).expect(0).json();
        Tenant { token: issued["token"].as_str().expect("a token").to_owned(), ..tenant.clone() }
    }

    /// The events of the tenant's directory from this number on, without those of its tokens, OAuth clients and
    /// stores.
    pub(crate) fn events(&self, tenant: &Tenant, from: u64) -> Vec<Value> {
        let mut events = self.all_events(tenant, from);
        events.retain(|event| {
            !event["type"]
                .as_str()
                .is_some_and(|kind| ["token.", "oauth_", "store."].iter().any(|own| kind.starts_with(own)))
        });
        events
    }

    /// All events of the tenant from this number on. The first one tells of the token that came with the tenant.
    pub(crate) fn all_events(&self, tenant: &Tenant, from: u64) -> Vec<Value> {
        self.tenantry(&["events", "tail", &tenant.name, "--from", &from.to_string(), "--json"]).expect(0).json_lines()
    }

    /// Runs a command of the program against this server.
    pub(crate) fn tenantry(&self, arguments: &[&str]) -> Finished {
        self.0.program(arguments).run()
    }
}

/// A tenant name that no other test has.
pub(crate) fn unique(name: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{name}-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
