//! Connecting: one connection, with what it promises to a store.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use sea_orm::{ConnectOptions, Database, DatabaseConnection};
use secrecy::ExposeSecret as _;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _};

use super::address;
use super::failure::failed;
use super::settings::{Server, Settings, Target};
use crate::store::{Failure, Place};

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long one waits for what another has locked.
const LOCKED: Duration = Duration::from_secs(5);
/// What a session of MySQL is told first. One whose process is gone must not hold its locks for long.
const MYSQL: [&str; 2] = [
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET SESSION innodb_lock_wait_timeout = 5, wait_timeout = 120, sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')",
];

/// Connects.
pub(super) async fn connect(settings: &Settings, place: &Place) -> Result<DatabaseConnection, Failure> {
    match settings.target().map_err(Failure::refused)? {
        Target::Sqlite(name) => sqlite(&place.folder, &name).await,
        Target::Server(server) => {
            let at = address::find(&server.host, server.port, place.allow_private).await?;
            let tls = way(&server, settings.ca.is_some(), outbound::is_public(at));
            // Where the name is proven by a certificate, the name is connected to.
            let host = if tls.starts_with("verify-full") || tls == "verify_identity" {
                server.host.trim_start_matches('[').trim_end_matches(']').to_owned()
            } else {
                at.to_string()
            };
            let ca = settings.ca.as_deref().map(|pem| pem.as_bytes().to_vec());
            if server.is_mysql {
                mysql(&server, &host, &tls, ca).await
            } else {
                postgres(&server, &host, &tls, ca, settings.timeout()).await
            }
        }
    }
}

/// How TLS is used, where the URL does not say: never in clear through the internet, and with its authority, if one is named.
fn way(server: &Server, has_authority: bool, is_public: bool) -> String {
    let usual = match (server.is_mysql, has_authority, is_public) {
        (false, true, _) => "verify-full",
        (false, false, true) => "require",
        (false, false, false) => "prefer",
        (true, true, _) => "verify_identity",
        (true, false, true) => "required",
        (true, false, false) => "preferred",
    };
    server.tls.clone().unwrap_or_else(|| usual.to_owned())
}

async fn sqlite(folder: &Path, name: &str) -> Result<DatabaseConnection, Failure> {
    let (folder, name) = (folder.to_owned(), name.to_owned());
    let made = tokio::task::spawn_blocking(move || make(&folder, &name)).await;
    let file = made.map_err(io::Error::other).flatten();
    let file = file.map_err(|error| Failure::unavailable(format!("the file of the store cannot be made: {error}")))?;
    let options = SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(LOCKED)
        .pragma("cache_size", "-16000")
        .disable_statement_logging();
    open(ConnectOptions::new("sqlite://store").map_sqlx_sqlite_opts(move |_| options.clone())).await
}

/// Makes the folder and the file, for the owner alone. It is a file of this folder, and no way out of it.
fn make(folder: &Path, name: &str) -> io::Result<PathBuf> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let path = folder.join(name);
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => drop(made?),
    }
    if !path.symlink_metadata()?.is_file() {
        return Err(io::Error::other("there is something of this name that is no file"));
    }
    Ok(path)
}

async fn postgres(
    server: &Server,
    host: &str,
    tls: &str,
    ca: Option<Vec<u8>>,
    timeout: Duration,
) -> Result<DatabaseConnection, Failure> {
    if let Some(name) = foreign(|name| std::env::var_os(name).is_some(), ca.is_some()) {
        return Err(Failure::unavailable(format!(
            "the operator's environment has {name}, which would be used for this database, too; it is to be unset where Tenantry is \
             started"
        )));
    }
    let mut options = PgConnectOptions::from_str(server.url.expose_secret())
        .map_err(|_| unreadable())?
        .host(host)
        .port(server.port)
        .ssl_mode(PgSslMode::from_str(tls).map_err(|_| unreadable())?)
        .application_name("tenantry")
        .disable_statement_logging();
    if !server.has_password {
        // Or else one of this process would be sent, from PGPASSWORD.
        options = options.password("");
    }
    if let Some(pem) = ca {
        options = options.ssl_root_cert_from_pem(pem);
    }
    // The same as in MySQL. Told with the start of the session, poolers would refuse it.
    let (batch, lock) = (timeout.as_millis(), LOCKED.as_millis());
    let session = format!(
        "SET statement_timeout = {batch}; SET lock_timeout = {lock}; SET idle_in_transaction_session_timeout = {batch}; \
         SET default_transaction_isolation = 'read committed'"
    );
    let mut connecting = ConnectOptions::new("postgres://store");
    connecting.map_sqlx_postgres_opts(move |_| options.clone()).map_sqlx_postgres_pool_opts(move |pool| {
        let session = session.clone();
        pool.after_connect(move |connection, _| {
            let session = session.clone();
            Box::pin(async move { connection.execute(AssertSqlSafe(session)).await.map(drop) })
        })
    });
    open(&mut connecting).await
}

async fn mysql(server: &Server, host: &str, tls: &str, ca: Option<Vec<u8>>) -> Result<DatabaseConnection, Failure> {
    let mut options = MySqlConnectOptions::from_str(server.url.expose_secret())
        .map_err(|_| unreadable())?
        .host(host)
        .port(server.port)
        .ssl_mode(MySqlSslMode::from_str(tls).map_err(|_| unreadable())?)
        .disable_statement_logging();
    if let Some(pem) = ca {
        options = options.ssl_ca_from_pem(pem);
    }
    let mut connecting = ConnectOptions::new("mysql://store");
    connecting.map_sqlx_mysql_opts(move |_| options.clone()).map_sqlx_mysql_pool_opts(|pool| {
        pool.after_connect(|connection, _| {
            Box::pin(async move {
                for sql in MYSQL {
                    connection.execute(sql).await?;
                }
                Ok(())
            })
        })
    });
    open(&mut connecting).await
}

/// A variable of the operator's environment that the driver takes and that cannot be overruled. Everything else that it reads from
/// there (`PGHOST`, `PGUSER`, `PGPASSWORD`, `PGDATABASE`, `PGSSLMODE`, …) is set here.
fn foreign(has: impl Fn(&str) -> bool, has_authority: bool) -> Option<&'static str> {
    let wanted = |name: &&str| has(name) && !(*name == "PGSSLROOTCERT" && has_authority);
    ["PGOPTIONS", "PGSSLCERT", "PGSSLKEY", "PGSSLROOTCERT"].into_iter().find(wanted)
}

/// What cannot be read is not repeated: there is a password in it.
fn unreadable() -> Failure {
    Failure::refused("url cannot be read; percent-encode what is special in names and passwords")
}

async fn open(options: &mut ConnectOptions) -> Result<DatabaseConnection, Failure> {
    options
        .max_connections(1)
        .connect_timeout(PATIENCE)
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .record_stmt_in_spans(false);
    // A large future.
    Box::pin(Database::connect(options.clone())).await.map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::foreign;

    #[test]
    fn nothing_of_the_operators_environment_reaches_a_database_of_a_tenant() {
        assert_eq!(foreign(|_| false, false), None);
        assert_eq!(foreign(|name| ["PGHOST", "PGPASSWORD"].contains(&name), false), None, "these are overruled");
        for name in ["PGOPTIONS", "PGSSLCERT", "PGSSLKEY", "PGSSLROOTCERT"] {
            assert_eq!(foreign(|known| known == name, false), Some(name));
        }
        assert_eq!(foreign(|known| known == "PGSSLROOTCERT", true), None, "an authority of its own overrules it");
    }
}
