//! What can go wrong between us and the database.

use std::path::PathBuf;

/// A failure of the database, told so that an operator can act on it.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The URL names no database that is supported.
    #[error("database.url starts with sqlite:// or postgres://, not \"{scheme}\"")]
    Scheme {
        /// What stands before the colon.
        scheme: String,
    },
    /// The folder of an SQLite file cannot be made or written.
    #[error("the folder {folder} cannot be written")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process has the database.
    #[error("another tenantry process uses this database; stop it, or send it the command through its data folder")]
    InUse,
    /// Nobody answers at the address.
    #[error("the database server of database.url does not answer within 5 seconds")]
    Silent,
    /// The server cannot be reached, or does not let us in.
    #[error("the database server of database.url cannot be used")]
    Unreachable(#[source] sqlx::Error),
    /// The database does not answer, or refuses.
    #[error("the database cannot be used")]
    Database(#[from] sea_orm::DbErr),
}
