//! The numbers of clients and secrets.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{TenancyError, TokenId};

/// The id of a client (`client_id`). It is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OauthClientId(Uuid);

/// The number of a secret. It says nothing about the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretId(Uuid);

/// What somebody was let in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialId {
    /// A provisioning token.
    Token(TokenId),
    /// An access token of this client.
    Client(OauthClientId),
}

impl OauthClientId {
    pub(crate) fn random() -> Result<Self, TenancyError> {
        random().map(Self)
    }
}

impl SecretId {
    pub(crate) fn random() -> Result<Self, TenancyError> {
        random().map(Self)
    }
}

/// One that nobody can guess, so that a stolen signing key alone makes no access token.
pub(crate) fn random() -> Result<Uuid, TenancyError> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| TenancyError::Randomness)?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
}

impl fmt::Display for OauthClientId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Display for SecretId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl CredentialId {
    /// As a UUID.
    #[must_use]
    pub const fn as_uuid(&self) -> &Uuid {
        match self {
            Self::Token(id) => id.as_uuid(),
            Self::Client(OauthClientId(id)) => id,
        }
    }
}

impl fmt::Display for CredentialId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(id) => id.fmt(out),
            Self::Client(id) => id.fmt(out),
        }
    }
}

impl FromStr for OauthClientId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl FromStr for SecretId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}
