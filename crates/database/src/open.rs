//! Opening the database with the options that durability and speed need.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use migrations::Migrated;
use sea_orm::{AccessMode, ConnectOptions, DatabaseConnection, DbBackend, DbErr};
use sea_orm::{DatabaseTransaction, IsolationLevel, SqliteTransactionMode, TransactionOptions, TransactionTrait};

use crate::replaced::Replaced;
use crate::silence::{Silence, silent};
use crate::{DatabaseError, sqlite};

/// How long a connection may take, and a statement that reads.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

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
    /// In the place of `reader`, for a thread that serves.
    pub(crate) replaced: Option<Arc<Replaced>>,
    url: String,
    connections: u32,
    silence: Silence,
}

/// What connections are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Everything, by everybody.
    Shared,
    /// The reading of one thread that serves.
    Reading,
    /// The one thread that writes.
    Writing,
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
        let (silence, connections) = (Silence::default(), settings.max_connections);
        let writer = connect(options(&settings.url, 2, Sort::Shared, &silence)).await?;
        let reader = connect(options(&settings.url, connections, Sort::Shared, &silence)).await?;
        Ok(Self { reader, writer, replaced: None, url: settings.url.clone(), connections, silence })
    }

    /// The same database for one thread that serves: [`Self::query`] goes through connections that this thread opens when it
    /// first needs them. A connection answers the thread that opened it without waking another.
    ///
    /// # Errors
    /// If the options of the connections are refused; none is opened yet.
    pub async fn of_thread(&self, connections: u32) -> Result<Self, DbErr> {
        if self.backend() == DbBackend::Sqlite {
            return Ok(self.clone());
        }
        let replaced = Replaced::new(&self.url, connections, &self.silence).await?;
        Ok(Self { replaced: Some(replaced.into()), connections, ..self.clone() })
    }

    /// The same database with one connection for reading, for the thread that calls this. With SQLite, too: its connections
    /// are threads, which have the priority of the one that opens them.
    ///
    /// # Errors
    /// If the options of the connection are refused; it is not opened yet.
    pub async fn of_one_thread(&self) -> Result<Self, DbErr> {
        match self.backend() {
            DbBackend::Sqlite => self.apart().await,
            _ => self.of_thread(1).await,
        }
    }

    /// The same database for the one thread that writes, with connections for that of its own.
    ///
    /// # Errors
    /// If the options of the connections are refused; none is opened yet.
    pub async fn of_writer(&self) -> Result<Self, DbErr> {
        if self.backend() == DbBackend::Sqlite {
            return Ok(self.clone());
        }
        let writer = lazy(&self.url, 2, Sort::Writing, &self.silence).await?;
        Ok(Self { writer, ..self.clone() })
    }

    /// The same database with one connection for reading of its own: for a long reading that takes none from others.
    ///
    /// # Errors
    /// If the options of the connection are refused; it is not opened yet.
    pub async fn apart(&self) -> Result<Self, DbErr> {
        let reader = lazy(&self.url, 1, Sort::Shared, &self.silence).await?;
        Ok(Self { reader, replaced: None, connections: 1, ..self.clone() })
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

    /// No answer came in time: connections that are idle now are not used any more. Gives the error that says so.
    pub fn note_silence(&self) -> DbErr {
        self.silence.note();
        silent()
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

/// Connections that are opened when they are needed.
pub(crate) async fn lazy(url: &str, most: u32, sort: Sort, silence: &Silence) -> Result<DatabaseConnection, DbErr> {
    let mut options = options(url, most, sort, silence);
    options.connect_lazy(true);
    connect(options).await
}

async fn connect(options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    // A large future.
    Box::pin(sea_orm::Database::connect(options)).await
}

fn options(url: &str, connections: u32, sort: Sort, silence: &Silence) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    let silence = silence.clone();
    options
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        .connect_timeout(PATIENCE)
        // Only so that it is not done each time; when it is done says `Silence`.
        .test_before_acquire_if_idle_for(Duration::from_secs(30))
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_sqlite_opts(durable)
        .map_sqlx_postgres_opts(move |options| postgres(options, sort))
        .map_sqlx_postgres_pool_opts(move |pool| {
            let pool = silence.clone().look_before_use(pool);
            if sort == Sort::Shared { silence.clone().look_after_use(pool) } else { pool }
        });
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

fn postgres(options: sqlx::postgres::PgConnectOptions, sort: Sort) -> sqlx::postgres::PgConnectOptions {
    // Every statement of ours is answered by an index. The planner sees our keys only as an array of unknown size and
    // fresh tables without statistics; without these it would at times scan a whole table for a handful of keys.
    options.application_name("tenantry").statement_cache_capacity(256).options([
        // What a thread reads is given up here after that time too; the server must not go on with it.
        ("statement_timeout", if sort == Sort::Reading { "5s" } else { "60s" }),
        // A statement sees what others have committed before it began; what waits for a row goes on with its newest state.
        ("default_transaction_isolation", "read committed"),
        // A process that is stopped in the middle of a transaction must not hold its locks for long.
        // A batch decides within milliseconds.
        ("idle_in_transaction_session_timeout", if sort == Sort::Writing { "2s" } else { "10s" }),
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
