//! Why the control plane did not do what it was asked.

use database::DatabaseError;

use crate::{ApiKeyId, Conflict, OauthClientId, SecretId, TokenId};

/// A failure of creating, changing or finding a tenant, told so that an operator can act on it.
#[derive(Debug, thiserror::Error)]
pub enum TenancyError {
    /// Nothing of this name.
    #[error("no tenant is named \"{name}\"; see: tenantry tenant list")]
    NoTenant {
        /// The name that was asked for.
        name: String,
    },
    /// No profile of this name.
    #[error("no profile is named \"{name}\"; there are {}", known.join(", "))]
    NoProfile {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// The tenant has no such token.
    #[error("tenant \"{tenant}\" has no token {id}")]
    NoToken {
        /// The tenant.
        tenant: String,
        /// The token that was asked for.
        id: TokenId,
    },
    /// The tenant has no valid token that could be revoked.
    #[error("tenant \"{tenant}\" has no valid token")]
    NoCurrentToken {
        /// The tenant.
        tenant: String,
    },
    /// The tenant has no such client.
    #[error("tenant \"{tenant}\" has no OAuth client {id}")]
    NoOauthClient {
        /// The tenant.
        tenant: String,
        /// The client that was asked for.
        id: OauthClientId,
    },
    /// The client has no such secret.
    #[error("the OAuth client {client} has no secret {id}")]
    NoOauthSecret {
        /// The client.
        client: OauthClientId,
        /// The secret that was asked for.
        id: SecretId,
    },
    /// The tenant has a client of this name.
    #[error("tenant \"{tenant}\" has an OAuth client named \"{name}\" already")]
    OauthNameTaken {
        /// The tenant.
        tenant: String,
        /// The name.
        name: String,
    },
    /// There is no such key.
    #[error("there is no API key {id}")]
    NoApiKey {
        /// The key that was asked for.
        id: ApiKeyId,
    },
    /// The key for whose holder something was to be changed was revoked or expired meanwhile.
    #[error("the API key is not valid any more")]
    KeyEnded,
    /// The tokens there are do not fit.
    #[error(transparent)]
    Rotation(#[from] Conflict),
    /// More tokens than anybody rotates through.
    #[error(
        "tenant \"{tenant}\" was issued {most} tokens within a day, which is the most there may be; wait for tomorrow, or find out what \
             issues so many"
    )]
    TooManyTokens {
        /// The tenant.
        tenant: String,
        /// How many there may be.
        most: i64,
    },
    /// The name of a request was used for another one.
    #[error("the request \"{request}\" was another one; give this one a name of its own")]
    RequestReused {
        /// The name.
        request: String,
    },
    /// The name belongs to a tenant already.
    #[error("a tenant named \"{name}\" exists already")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// The tenant is not as whoever wants to change it has seen it.
    #[error("tenant \"{tenant}\" was changed meanwhile; read it again, and decide again")]
    Changed {
        /// The tenant.
        tenant: String,
    },
    /// The host belongs to a tenant already.
    #[error("the host \"{host}\" belongs to tenant \"{tenant}\" already")]
    HostTaken {
        /// The host.
        host: String,
        /// Whose it is.
        tenant: String,
    },
    /// What was asked for breaks a rule; the sentence names it and the way out.
    #[error("{0}")]
    Invalid(String),
    /// What is stored cannot be read by this version.
    #[error("what is stored about tenant \"{tenant}\" cannot be read: {reason}")]
    Stored {
        /// The tenant.
        tenant: String,
        /// What does not fit.
        reason: String,
    },
    /// A token could not be signed.
    #[error("the token cannot be signed")]
    Signing(#[from] jsonwebtoken::errors::Error),
    /// The system gave no random bytes.
    #[error("the system gives no random bytes")]
    Randomness,
    /// What is remembered of the tenants may be out of date, and the database does not tell what is new.
    #[error("the database does not answer, and what is remembered of the tenants may be out of date")]
    Unsettled,
    /// Others sign with a key that this server does not have: it cannot tell their tokens from forged ones.
    #[error(
        "the other servers sign with a key that this one does not have; let it read the new key where its keys are kept"
    )]
    KeyMissing,
    /// Some server may still let in what the first use of a token ends.
    #[error("the first use of the token is not known to every server yet")]
    FirstUse,
    /// The database does not answer, or refuses.
    #[error("the database cannot be used")]
    Database(#[from] DatabaseError),
}

impl From<sea_orm::DbErr> for TenancyError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Database(error.into())
    }
}
