//! Stores of a tenant, and what reaches them.

use crate::arguments::Places;
use crate::pgbench;
use crate::product::Product;

pub(crate) use self::arrivals::Arrivals;
pub(crate) use self::log::{Filled, fill};
pub(crate) use self::receiver::Receiver;
pub(crate) use self::tables::{Address, Tables, Watch};

mod arrivals;
mod log;
mod receiver;
mod tables;

/// A kind of store that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// A file of SQLite in the server's data folder.
    Sqlite,
    /// A database of the private PostgreSQL.
    Postgres,
    /// A local HTTP server, an event a request.
    Webhook,
    /// The same with many events in a request.
    Batched,
}

impl Destination {
    /// Its name in reports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sql store, sqlite",
            Self::Postgres => "sql store, postgres",
            Self::Webhook => "webhook",
            Self::Batched => "webhook, batched",
        }
    }

    /// The name of the store.
    pub(crate) const fn store(self) -> &'static str {
        match self {
            Self::Sqlite => "file",
            Self::Postgres => "database",
            Self::Webhook => "hook",
            Self::Batched => "batches",
        }
    }
}

/// A store that was added, and how what comes to it is seen.
pub(crate) struct Added {
    pub(crate) destination: Destination,
    pub(crate) tenant: &'static str,
    pub(crate) seen: Seen,
}

/// Where one looks.
pub(crate) enum Seen {
    /// Into its tables.
    Tables(Address),
    /// At what came over HTTP.
    Receiver(Receiver),
}

impl Added {
    /// Adds a store that gets what comes from now on.
    pub(crate) fn new(
        product: &Product,
        places: &Places,
        tenant: &'static str,
        destination: Destination,
    ) -> anyhow::Result<Self> {
        let (kind, url, seen) = match destination {
            Destination::Sqlite => {
                let file = product.files_of_stores(tenant).join("bench.db");
                ("sql", "sqlite://bench.db".to_owned(), Seen::Tables(Address::Sqlite(file)))
            }
            Destination::Postgres => {
                let url = pgbench::create_database(places, &format!("store_{tenant}_{}", product.id()))?;
                ("sql", url.clone(), Seen::Tables(Address::Postgres(url)))
            }
            Destination::Webhook | Destination::Batched => {
                let receiver = Receiver::start()?;
                ("webhook", format!("http://{}/events", receiver.address), Seen::Receiver(receiver))
            }
        };
        let url = format!("url={url}");
        let mut words = vec!["store", "add", tenant, destination.store(), "--kind", kind, "--from-now", &url];
        if destination == Destination::Batched {
            words.push("batched=true");
        }
        product.tell(words)?;
        Ok(Self { destination, tenant, seen })
    }

    /// Lets what comes wait.
    pub(crate) fn pause(&self, product: &Product) -> anyhow::Result<()> {
        product.tell(["store", "pause", self.tenant, self.destination.store()])
    }

    /// Has it brought.
    pub(crate) fn resume(&self, product: &Product) -> anyhow::Result<()> {
        product.tell(["store", "resume", self.tenant, self.destination.store()])
    }
}
