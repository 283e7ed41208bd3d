//! The two databases that everything is tested on.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::ConnectionTrait;

/// The variable in which `tests/run` tells where its PostgreSQL listens.
pub(crate) const POSTGRES_VARIABLE: &str = "TESTS_POSTGRES_URL";

/// Which database a server keeps its data in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    /// A new, empty database, as the setting `database.url`. An SQLite file lies in `folder`.
    pub(crate) async fn create(self, folder: &Path) -> String {
        match self {
            Self::Sqlite => format!("sqlite://{}", folder.join("tests.sqlite").display()),
            Self::Postgres => create_in_postgres().await,
        }
    }
}

async fn create_in_postgres() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = std::env::var_os(POSTGRES_VARIABLE)
        .and_then(|url| url.into_string().ok())
        .unwrap_or_else(|| panic!("{POSTGRES_VARIABLE} is not set: run `tests/run`, which starts a PostgreSQL"));
    let name = format!("it_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let admin = sea_orm::Database::connect(format!("{server}/postgres")).await.expect("the PostgreSQL of tests/run");
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database of its own");
    admin.close().await.expect("to close");
    format!("{server}/{name}")
}
