//! The rows in which credentials are kept: of three tables, with the same columns for what is noted about their use.

use crate::{OauthClientId, SecretId, TokenId};

/// A row of a credential, or of the client that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum CredentialRow {
    /// A provisioning token.
    Token(TokenId),
    /// An OAuth client.
    Client(OauthClientId),
    /// A secret of an OAuth client.
    Secret(SecretId),
}

impl CredentialRow {
    /// The tables, in the order in which they are written.
    pub(crate) const TABLES: [&str; 3] = ["tokens", "oauth_clients", "oauth_secrets"];

    /// The table it is in.
    pub(crate) const fn table(self) -> &'static str {
        match self {
            Self::Token(_) => "tokens",
            Self::Client(_) => "oauth_clients",
            Self::Secret(_) => "oauth_secrets",
        }
    }

    /// Its column `id`.
    pub(crate) fn id(self) -> String {
        match self {
            Self::Token(id) => id.to_string(),
            Self::Client(id) => id.to_string(),
            Self::Secret(id) => id.to_string(),
        }
    }
}
