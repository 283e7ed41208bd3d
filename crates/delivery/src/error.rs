//! Why something about stores was not done.

use sea_orm::DbErr;

/// Why something about stores was not done.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// There is no store of this name.
    #[error("the tenant has no store named \"{name}\"; see: tenantry store list TENANT")]
    NoStore {
        /// The name.
        name: String,
    },
    /// There is one of this name already.
    #[error("the tenant has a store named \"{name}\" already; choose another name")]
    Taken {
        /// The name.
        name: String,
    },
    /// It was changed since whoever asks has seen it.
    #[error("the store \"{name}\" was changed meanwhile; read it again, and decide again")]
    Changed {
        /// Its name.
        name: String,
    },
    /// A setting cannot be right.
    #[error("{0}")]
    Invalid(String),
    /// A secret cannot be sealed or opened.
    #[error("a secret of a store cannot be {0}; the key in stores.key_file is another one than it was sealed with")]
    Sealed(&'static str),
    /// The file with the keys of stores cannot be read or written.
    #[error("the file of keys of stores cannot be used: {}", crate::stores::told(.0))]
    KeyFile(std::io::Error),
    /// Events that a reader has not seen are not in the log any more.
    #[error("events before number {oldest} are no longer in the log")]
    Pruned {
        /// The number of the oldest one that there is.
        oldest: i64,
    },
    /// Something is in the way, such as a store that is busy.
    #[error("{0}")]
    Conflict(String),
    /// A store did not do what it was asked, or did not answer.
    #[error("{0}")]
    Store(#[from] crate::Failure),
    /// The database failed.
    #[error("the stores of a tenant cannot be reached in the database")]
    Database(#[from] DbErr),
    /// The directory of a tenant cannot be read.
    #[error("the directory of a tenant cannot be read")]
    Directory(#[from] directory::DirectoryError),
    /// A file for a snapshot cannot be written or read.
    #[error("the file of a snapshot cannot be written or read in the data folder")]
    File(#[from] std::io::Error),
    /// A value cannot be written as JSON.
    #[error("a value cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}
