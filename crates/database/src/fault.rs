//! What a failed statement says about the database.

use sea_orm::{DbErr, RuntimeErr, SqlxError};

/// Whose fault a failure was, as far as it decides what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The database works, and refuses this statement: others may succeed.
    Refused,
    /// The connection was lost. A new one may work at once.
    Broken,
    /// No connection can be had: to try again at once only costs time.
    Gone,
}

impl Fault {
    /// Reads the error.
    #[must_use]
    pub fn of(error: &DbErr) -> Self {
        match error {
            DbErr::ConnectionAcquire(_) => Self::Gone,
            DbErr::Conn(inner) | DbErr::Exec(inner) | DbErr::Query(inner) => match inner {
                RuntimeErr::SqlxError(error) => of_driver(error),
                RuntimeErr::Internal(_) => Self::Refused,
            },
            _ => Self::Refused,
        }
    }
}

impl Fault {
    /// The SQLSTATE with which PostgreSQL refused a statement, or the number with which SQLite did.
    #[must_use]
    pub fn code(error: &DbErr) -> Option<String> {
        match error {
            DbErr::Conn(RuntimeErr::SqlxError(error))
            | DbErr::Exec(RuntimeErr::SqlxError(error))
            | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error.as_database_error()?.code()?.into_owned()),
            _ => None,
        }
    }
}

fn of_driver(error: &SqlxError) -> Fault {
    match error {
        // Class 57P: the server ends the session, for example because it shuts down. Class 08: the connection failed.
        // 25P03: the session did nothing in a transaction for too long.
        SqlxError::Database(error) => {
            let code = error.code().unwrap_or_default();
            let is_over = code.starts_with("57P") || code.starts_with("08") || code == "25P03";
            if is_over { Fault::Broken } else { Fault::Refused }
        }
        SqlxError::PoolTimedOut | SqlxError::PoolClosed => Fault::Gone,
        SqlxError::Io(_) | SqlxError::Tls(_) | SqlxError::Protocol(_) | SqlxError::WorkerCrashed => Fault::Broken,
        _ => Fault::Refused,
    }
}
