//! What a directory answers when it does not do as asked.

use std::sync::Arc;

use scim::ScimError;
use sea_orm::DbErr;

/// A refusal the client may read, or a failure it may not.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The client's fault: it may read why.
    #[error(transparent)]
    Refused(#[from] ScimError),
    /// Ours: for the log. Several requests that shared a statement share its failure.
    #[error("the directory is unavailable")]
    Unavailable(#[source] Arc<DbErr>),
    /// Too much waits for the database already: come back later.
    #[error("too much waits for the directory")]
    Busy,
}

impl DirectoryError {
    /// The id is not one of this directory: unknown, deleted, of another type or of another tenant, all alike.
    pub(crate) fn not_found(kind: scim::ResourceKind, id: &str) -> Self {
        let shown: String = id.chars().take(64).collect();
        Self::Refused(ScimError::new(404, format!("{kind} \"{shown}\" does not exist")))
    }

    /// The tenant was deleted while its client waited: who comes again is not let in.
    pub(crate) fn gone() -> Self {
        DbErr::Custom("the tenant of the directory was deleted meanwhile".to_owned()).into()
    }

    /// The tenant's profile makes other names of users since its client began to ask: who comes again goes by it.
    pub(crate) fn profile_changed() -> Self {
        DbErr::Custom("the profile of the tenant was changed meanwhile".to_owned()).into()
    }

    /// The database does not answer, or not in the time that somebody waits for it.
    pub(crate) fn too_slow() -> Self {
        DbErr::Custom("the database took too long".to_owned()).into()
    }
}

impl From<DbErr> for DirectoryError {
    fn from(error: DbErr) -> Self {
        Self::Unavailable(Arc::new(error))
    }
}

impl From<serde_json::Error> for DirectoryError {
    fn from(error: serde_json::Error) -> Self {
        DbErr::Custom(format!("a stored document cannot be read: {error}")).into()
    }
}
