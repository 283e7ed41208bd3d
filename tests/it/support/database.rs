//! The two databases that everything is tested on.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, Statement, TransactionTrait};

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

/// A new, empty database in the PostgreSQL of `tests/run`. Its collation is one of people, not of bytes: what the server
/// compares must not depend on it.
pub(crate) async fn create_in_postgres() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("it_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    administer(&[&format!("CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'")]).await;
    format!("{}/{name}", postgres())
}

/// Ends every connection to a database of the tests and lets no new one in.
pub(crate) async fn cut(url: &str) {
    let name = url.rsplit('/').next().expect("a name");
    let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    administer(&[&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"), &end]).await;
}

/// Keeps everybody from reading what the tenants' state is, until the answer goes: a database that takes its time.
pub(crate) async fn hold_up(url: &str) -> DatabaseTransaction {
    lock(url, "LOCK TABLE deployment").await
}

/// Keeps users and groups from being changed until the answer goes; they can be read.
pub(crate) async fn hold_up_changes(url: &str) -> DatabaseTransaction {
    lock(url, "LOCK TABLE resources IN EXCLUSIVE MODE").await
}

async fn lock(url: &str, statement: &str) -> DatabaseTransaction {
    let connection = sea_orm::Database::connect(url).await.expect("the database");
    let transaction = connection.begin().await.expect("a transaction");
    transaction.execute_unprepared(statement).await.expect("the lock");
    transaction
}

/// Keeps everybody from changing tenants until the answer goes; what their state is can be read.
pub(crate) async fn hold_changes(url: &str) -> DatabaseTransaction {
    let connection = sea_orm::Database::connect(url).await.expect("the database");
    let transaction = connection.begin().await.expect("a transaction");
    transaction.execute_unprepared("UPDATE deployment SET generation = generation").await.expect("the lock");
    transaction
}

/// Lets connections in again.
pub(crate) async fn restore(url: &str) {
    let name = url.rsplit('/').next().expect("a name");
    administer(&[&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")]).await;
}

/// Whether a process holds an advisory lock in a database.
pub(crate) async fn is_locked(url: &str) -> bool {
    let name = url.rsplit('/').next().expect("a name");
    let locks = format!(
        "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
         WHERE d.datname = '{name}' AND l.locktype = 'advisory' AND l.granted"
    );
    let admin = connect().await;
    let row = admin.query_one_raw(Statement::from_string(DbBackend::Postgres, locks)).await.expect("the locks");
    admin.close().await.expect("to close");
    row.expect("a row").try_get_by_index::<i64>(0).expect("a number") > 0
}

/// Changes rows of a database whose server does not run.
pub(crate) async fn change(url: &str, statement: &str) {
    let connection = sea_orm::Database::connect(url).await.expect("the database");
    connection.execute_unprepared(statement).await.expect("the statement");
    connection.close().await.expect("to close");
}

/// The texts that a query of one column finds.
pub(crate) async fn texts(url: &str, query: &str) -> Vec<String> {
    let connection = sea_orm::Database::connect(url).await.expect("the database");
    let statement = Statement::from_string(connection.get_database_backend(), query);
    let rows = connection.query_all_raw(statement).await.expect("the rows");
    connection.close().await.expect("to close");
    rows.iter().map(|row| row.try_get_by_index(0).expect("a text")).collect()
}

/// From now on each row that is written in any table is noted; [`writes`] tells.
pub(crate) async fn count_writes(url: &str) {
    let is_sqlite = url.starts_with("sqlite:");
    let tables = match is_sqlite {
        true => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        false => "SELECT CAST(tablename AS text) FROM pg_tables WHERE schemaname = 'public'",
    };
    let mut statements = vec!["CREATE TABLE test_writes (name TEXT NOT NULL)".to_owned()];
    if !is_sqlite {
        statements.push(
            "CREATE FUNCTION test_note() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN INSERT INTO test_writes VALUES (TG_TABLE_NAME); RETURN NULL; END $$"
                .to_owned(),
        );
    }
    for table in texts(url, tables).await {
        for what in ["INSERT", "UPDATE", "DELETE"] {
            let note = match is_sqlite {
                true => format!("BEGIN INSERT INTO test_writes VALUES ('{table}'); END"),
                false => "FOR EACH ROW EXECUTE FUNCTION test_note()".to_owned(),
            };
            statements.push(format!("CREATE TRIGGER test_{table}_{what} AFTER {what} ON {table} {note}"));
        }
    }
    change(url, &statements.join(";\n")).await;
}

/// The tables of the rows that were written since [`count_writes`].
pub(crate) async fn writes(url: &str) -> Vec<String> {
    texts(url, "SELECT name FROM test_writes").await
}

async fn administer(statements: &[&str]) {
    let admin = connect().await;
    for statement in statements {
        admin.execute_unprepared(statement).await.expect("the statement");
    }
    admin.close().await.expect("to close");
}

async fn connect() -> DatabaseConnection {
    sea_orm::Database::connect(format!("{}/postgres", postgres())).await.expect("the PostgreSQL of tests/run")
}

fn postgres() -> String {
    std::env::var_os(POSTGRES_VARIABLE)
        .and_then(|url| url.into_string().ok())
        .unwrap_or_else(|| panic!("{POSTGRES_VARIABLE} is not set: run `tests/run`, which starts a PostgreSQL"))
}
