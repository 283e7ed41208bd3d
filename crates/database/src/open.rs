//! Opening the database with the options that durability and speed need.

use std::fmt;
use std::time::Duration;

use migrations::Migrated;
use sea_orm::{AccessMode, ConnectOptions, DatabaseConnection, DbBackend, DbErr};
use sea_orm::{DatabaseTransaction, IsolationLevel, SqliteTransactionMode, TransactionOptions, TransactionTrait};

use crate::{DatabaseError, sqlite};

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Which database, and how many connections to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `sqlite://path/to/file` or `postgres://user:password@host/name`.
    pub url: String,
    /// Connections for reading, 1 to 100. Writing has its own.
    pub max_connections: u32,
}

/// One database: a pool for reading, and a connection for writing.
#[derive(Clone)]
pub struct Database {
    reader: DatabaseConnection,
    writer: DatabaseConnection,
    url: String,
    connections: u32,
}

impl fmt::Debug for Database {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Database({:?})", self.backend())
    }
}

impl Database {
    /// Connects, and creates an SQLite file that is not there yet.
    ///
    /// # Errors
    /// If the URL is of no supported database, the folder of the file cannot be written, or the server does not answer.
    pub async fn open(settings: &Settings) -> Result<Self, DatabaseError> {
        let scheme = settings.url.split(':').next().unwrap_or_default();
        match scheme {
            "sqlite" => sqlite::prepare(&settings.url)?,
            "postgres" | "postgresql" => probe(&settings.url).await?,
            _ => return Err(DatabaseError::Scheme { scheme: scheme.to_owned() }),
        }
        let _turn = sqlite::take_turns(&settings.url).await;
        let writer = sea_orm::Database::connect(options(&settings.url, 2)).await?;
        let reader = sea_orm::Database::connect(options(&settings.url, settings.max_connections)).await?;
        Ok(Self { reader, writer, url: settings.url.clone(), connections: settings.max_connections })
    }

    /// The same database for one thread that serves: reading goes through connections that this thread opens when it
    /// first needs them. A connection answers the thread that opened it without waking another.
    ///
    /// # Errors
    /// If the options of the connections are refused; none is opened yet.
    pub async fn of_thread(&self, connections: u32) -> Result<Self, DbErr> {
        if self.backend() == DbBackend::Sqlite {
            return Ok(self.clone());
        }
        let mut options = options(&self.url, connections);
        options.connect_lazy(true);
        Ok(Self { reader: sea_orm::Database::connect(options).await?, connections, ..self.clone() })
    }

    /// The same database for the one thread that writes, with connections for that of its own.
    ///
    /// # Errors
    /// If the options of the connections are refused; none is opened yet.
    pub async fn of_writer(&self) -> Result<Self, DbErr> {
        if self.backend() == DbBackend::Sqlite {
            return Ok(self.clone());
        }
        let mut options = options(&self.url, 2);
        options.connect_lazy(true);
        let writer = sea_orm::Database::connect(options).await?;
        Ok(Self { writer, ..self.clone() })
    }

    /// Brings the tables to the version of this program.
    ///
    /// # Errors
    /// If a migration fails: then none of them was made.
    pub async fn migrate(&self) -> Result<Migrated, DatabaseError> {
        Ok(migrations::migrate(&self.writer).await?)
    }

    /// The pool for reading, and for statements that stand alone.
    #[must_use]
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// The connections for writing, for statements that are a transaction of their own.
    #[must_use]
    pub fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// Begins a transaction that may write. On SQLite it takes the write lock at once, so it never fails half-way for
    /// the lack of it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let immediate = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.writer.begin_with_options(immediate).await
    }

    /// Begins a transaction that only reads, and sees one state of everything.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn begin_reading(&self) -> Result<DatabaseTransaction, DbErr> {
        match self.backend() {
            // Every transaction of SQLite sees one state.
            DbBackend::Sqlite => self.reader.begin().await,
            _ => {
                let (isolation, access) = (IsolationLevel::RepeatableRead, AccessMode::ReadOnly);
                self.reader.begin_with_config(Some(isolation), Some(access)).await
            }
        }
    }

    /// Which kind of database it is.
    #[must_use]
    pub fn backend(&self) -> DbBackend {
        self.reader.get_database_backend()
    }

    /// How many connections for reading there may be.
    #[must_use]
    pub fn connections(&self) -> u32 {
        self.connections
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// Connects once: a pool would only say that it has waited long enough, not what is wrong.
async fn probe(url: &str) -> Result<(), DatabaseError> {
    use sqlx::Connection;
    let connecting = tokio::time::timeout(PATIENCE, sqlx::PgConnection::connect(url));
    let connection = connecting.await.map_err(|_| DatabaseError::Silent)?.map_err(DatabaseError::Unreachable)?;
    // Only the connection counts; a goodbye that is not heard changes nothing.
    let _ = connection.close().await;
    Ok(())
}

fn options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        .connect_timeout(PATIENCE)
        .test_before_acquire_if_idle_for(Duration::from_secs(30))
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_sqlite_opts(durable)
        .map_sqlx_postgres_opts(postgres);
    options
}

fn durable(options: sqlx::sqlite::SqliteConnectOptions) -> sqlx::sqlite::SqliteConnectOptions {
    use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
    options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // FULL: an answered write survives the loss of power, not only of the process.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
        .foreign_keys(true)
        .statement_cache_capacity(256)
        .pragma("cache_size", "-16000")
        .pragma("temp_store", "memory")
}

fn postgres(options: sqlx::postgres::PgConnectOptions) -> sqlx::postgres::PgConnectOptions {
    // Every statement of ours is answered by an index. The planner sees our keys only as an array of unknown size and
    // fresh tables without statistics; without these it would at times scan a whole table for a handful of keys.
    options.application_name("tenantry").statement_cache_capacity(256).options([
        ("statement_timeout", "60s"),
        // A statement sees what others have committed before it began; what waits for a row goes on with its newest state.
        ("default_transaction_isolation", "read committed"),
        // A process that is stopped in the middle of a transaction must not hold its locks for long.
        ("idle_in_transaction_session_timeout", "10s"),
        ("enable_seqscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
        ("jit", "off"),
        // Joins are written in the order that follows the indexes, and are to be made in that order.
        ("join_collapse_limit", "1"),
        ("from_collapse_limit", "1"),
        // No plan of ours depends on a parameter, so none has to be made again for each.
        ("plan_cache_mode", "force_generic_plan"),
    ])
}
