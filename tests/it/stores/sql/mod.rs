//! Databases of the tenant's own: SQLite, PostgreSQL and MariaDB.

mod follows;
mod killed;
mod outages;

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, DatabaseConnection, QueryResult, Statement};
use serde_json::Value;

use super::{State, add_store, caught_up};
use crate::support::database::{POSTGRES_VARIABLE, create_in_postgres};
use crate::support::{Database, System, Tenant};

const MARIADB_VARIABLE: &str = "TESTS_MARIADB_URL";
/// Everything from the first event on, so that numbers have no gaps; and again soon.
pub(super) const OPTIONS: [&str; 3] = ["--from-start", "types=[\"*\"]", "retry_seconds=[1]"];

/// A system that may connect to the databases of the tests.
pub(super) async fn start(database: Database) -> System {
    System::start_unlimited_with(database, &[("TENANTRY_STORES__ALLOW_PRIVATE", "true")]).await
}

/// A store and the URL by which a test looks into it.
pub(super) struct Kept {
    pub(super) name: &'static str,
    url: String,
}

impl Kept {
    /// A file.
    pub(super) fn in_a_file(system: &System, tenant: &Tenant) -> Self {
        add_store(system, tenant, "file", "sql", &[&OPTIONS[..], &["url=sqlite://users.db"]].concat());
        Self { name: "file", url: in_folder(system, tenant, "sqlite://users.db") }
    }

    /// A database of its own in the PostgreSQL of the tests.
    pub(super) async fn in_postgres(system: &System, tenant: &Tenant) -> Self {
        Self::on_server(system, tenant, "postgres", create_in_postgres().await)
    }

    /// A database of its own in the MariaDB of the tests.
    pub(super) async fn in_mariadb(system: &System, tenant: &Tenant) -> Self {
        let server = server_of(MARIADB_VARIABLE);
        let url = create_in_mariadb(&server, &tenant.name.replace('-', "_")).await;
        Self::on_server(system, tenant, "mariadb", url)
    }

    fn on_server(system: &System, tenant: &Tenant, name: &'static str, url: String) -> Self {
        add_store(system, tenant, name, "sql", &[&OPTIONS[..], &[&format!("url={url}")]].concat());
        Self { name, url }
    }

    pub(super) async fn open(&self) -> DatabaseConnection {
        sea_orm::Database::connect(&self.url).await.expect("the store's database")
    }

    pub(super) async fn execute(&self, sql: &str) {
        self.open().await.execute_unprepared(sql).await.expect("the statement");
    }

    /// How many a statement counts.
    pub(super) async fn rows(&self, sql: &str) -> i64 {
        rows(&self.open().await, sql).await[0].try_get_by_index(0).expect("a number")
    }

    /// What it has.
    async fn state(&self) -> State {
        let connection = self.open().await;
        let [groups, text] = words(&connection);
        let id = |name: &str| format!("CAST({name} AS {text})");
        let mut state = State::default();
        for row in rows(&connection, &format!("SELECT {}, user_name, active, title FROM users", id("id"))).await {
            let about =
                (text_at(&row, 1), row.try_get_by_index(2).expect("a flag"), row.try_get_by_index(3).expect("a title"));
            state.users.insert(text_at(&row, 0), about);
        }
        for row in rows(&connection, &format!("SELECT {}, display_name FROM {groups}", id("id"))).await {
            state.groups.insert(text_at(&row, 0), (text_at(&row, 1), BTreeSet::new()));
        }
        let memberships = format!("SELECT {}, {} FROM memberships", id("group_id"), id("member_id"));
        for row in rows(&connection, &memberships).await {
            state.groups.get_mut(&text_at(&row, 0)).expect("a group").1.insert(text_at(&row, 1));
        }
        state
    }

    /// The numbers of the events that it has, in their order; none is there twice, because it is their key.
    async fn sequences(&self) -> Vec<i64> {
        let rows = rows(&self.open().await, "SELECT sequence FROM events ORDER BY sequence").await;
        rows.iter().map(|row| row.try_get_by_index(0).expect("a number")).collect()
    }

    /// It has what the directory has, and each event once.
    pub(super) async fn is_as_the_directory(&self, system: &System, tenant: &Tenant) {
        let store = caught_up(system, tenant, self.name).await;
        assert_eq!(self.state().await, State::of_directory(tenant).await, "{}", self.name);
        let newest = newest(&store);
        assert_eq!(self.sequences().await, (1..=newest).collect::<Vec<_>>(), "{}", self.name);
    }
}

/// The URL of a store's file, for somebody who is not in the folder of the tenant's stores.
fn in_folder(system: &System, tenant: &Tenant, url: &str) -> String {
    let folder = system.server().data_folder().join("stores").join(&tenant.name);
    url.strip_prefix("sqlite://")
        .map_or_else(|| url.to_owned(), |name| format!("sqlite://{}", folder.join(name).display()))
}

/// The URL of a server that `tests/run` has started.
fn server_of(variable: &str) -> String {
    let url = std::env::var_os(variable).and_then(|url| url.into_string().ok());
    url.unwrap_or_else(|| panic!("{variable} is not set: run `tests/run`, which starts the server"))
}

/// The number of the newest event of a store's tenant.
fn newest(store: &Value) -> i64 {
    store["position"].as_i64().unwrap_or_else(|| panic!("no position in {store}"))
}

/// Makes a database, and gives its URL.
async fn create_in_mariadb(server: &str, name: &str) -> String {
    let mariadb = sea_orm::Database::connect(format!("{server}/mysql")).await.expect("MariaDB");
    mariadb.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database");
    format!("{server}/{name}")
}

/// What the databases call `groups`, which is a word of their languages, and their type of texts.
pub(super) fn words(connection: &DatabaseConnection) -> [&'static str; 2] {
    match connection.get_database_backend() {
        sea_orm::DbBackend::MySql => ["`groups`", "CHAR"],
        _ => ["\"groups\"", "text"],
    }
}

async fn rows(connection: &DatabaseConnection, sql: &str) -> Vec<QueryResult> {
    connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await.expect("rows")
}

fn text_at(row: &QueryResult, index: usize) -> String {
    row.try_get_by_index(index).expect("a text")
}
