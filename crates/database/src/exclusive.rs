//! The promise that one process uses a database at a time, or only processes that know of each other: what they cache is
//! then exact.

use std::fs::File;
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr};

use crate::{Database, DatabaseError, sqlite};

/// A fixed number: the advisory lock of this program in a PostgreSQL database.
const ADVISORY_LOCK: i64 = 0x7465_6e61_6e74_7279;

/// How long the session of a process that was killed may take to notice.
const PATIENCE: Duration = Duration::from_secs(10);
const BETWEEN_TRIES: Duration = Duration::from_millis(100);

/// Proof that no other process uses the database, or only replicas; the lock lives as long as the value.
#[derive(Debug)]
pub struct Exclusive {
    lock: Lock,
    share: Share,
}

/// Whom the lock leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Share {
    /// Everybody else.
    Nobody,
    /// Who takes it for itself alone.
    Replicas,
}

impl Share {
    const fn function(self) -> &'static str {
        match self {
            Self::Nobody => "pg_try_advisory_lock",
            Self::Replicas => "pg_try_advisory_lock_shared",
        }
    }
}

#[derive(Debug)]
enum Lock {
    #[expect(dead_code, reason = "held for its lock, which ends with the value")]
    File(File),
    Session(DatabaseConnection),
}

/// How often the lock is looked after: a session that broke with an outage has lost it.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

impl Exclusive {
    /// Done when another process has the lock, which can be had while our session is broken. What this process caches
    /// may then be wrong, so it must stop. Meanwhile the lock of a broken session is taken again.
    pub async fn lost(&self) {
        let Lock::Session(session) = &self.lock else { return std::future::pending().await };
        loop {
            tokio::time::sleep(BETWEEN_LOOKS).await;
            // An error means that the database does not answer: then it answers nobody else either.
            if let Ok(false) = try_lock(session, self.share).await {
                return;
            }
        }
    }
}

impl Database {
    /// Takes the lock: a file beside an SQLite database, a session's advisory lock in PostgreSQL. The system releases
    /// it when the process ends, however it ends; PostgreSQL may take a moment, so there the lock is waited for.
    ///
    /// # Errors
    /// [`DatabaseError::InUse`] if another process has it.
    pub async fn exclusive(&self) -> Result<Exclusive, DatabaseError> {
        let lock = match self.backend() {
            DbBackend::Sqlite => Lock::File(sqlite::lock(self.url())?),
            _ => Lock::Session(lock_session(self.url(), Share::Nobody).await?),
        };
        Ok(Exclusive { lock, share: Share::Nobody })
    }

    /// Takes the lock together with other replicas: it leaves out whoever wants the database alone.
    ///
    /// # Errors
    /// [`DatabaseError::InUse`] if a process has it alone, or the database is SQLite.
    pub async fn shared(&self) -> Result<Exclusive, DatabaseError> {
        match self.backend() {
            DbBackend::Sqlite => Err(DatabaseError::InUse),
            _ => {
                let lock = Lock::Session(lock_session(self.url(), Share::Replicas).await?);
                Ok(Exclusive { lock, share: Share::Replicas })
            }
        }
    }
}

async fn lock_session(url: &str, share: Share) -> Result<DatabaseConnection, DatabaseError> {
    let mut options = sea_orm::ConnectOptions::new(url);
    // One connection that is never closed for being idle or old: the lock ends with its session.
    options
        .max_connections(1)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .sqlx_logging(false)
        .set_application_name("tenantry lock");
    let session = sea_orm::Database::connect(options).await?;
    let taking = async {
        while !try_lock(&session, share).await? {
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        Ok(session)
    };
    tokio::time::timeout(PATIENCE, taking).await.map_err(|_| DatabaseError::InUse)?
}

async fn try_lock(session: &DatabaseConnection, share: Share) -> Result<bool, DatabaseError> {
    let sql = format!("SELECT {}({ADVISORY_LOCK})", share.function());
    let statement = sea_orm::Statement::from_string(DbBackend::Postgres, sql);
    let row = session.query_one_raw(statement).await?;
    Ok(row.ok_or_else(|| DbErr::RecordNotFound("advisory lock".to_owned()))?.try_get_by_index(0)?)
}
