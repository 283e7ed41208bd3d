//! OAuth 2.0 clients of a tenant: they get access tokens that live for minutes, in place of a provisioning token.
//!
//! A client proves itself with one of its secrets, or with an assertion of an issuer that it is federated with.

pub(crate) mod access;
mod assertion;
mod control;
mod grant;
mod id;
pub(crate) mod store;

pub use assertion::{AssertionKeys, Wanted};
pub use control::{IssuedSecret, NewOauthClient};
pub use grant::{AccessToken, GrantRefusal, Proof, TokenRequest};
pub use id::{CredentialId, OauthClientId, SecretId};

use subtle::{Choice, ConstantTimeEq};

use crate::credential::Digest;
use crate::{Network, Scopes};

/// A client that gets access tokens.
#[derive(Clone, Debug)]
pub struct OauthClient {
    /// Its id, which is no secret.
    pub id: OauthClientId,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// From where it may ask for and use tokens; from everywhere, if there is none.
    pub networks: Vec<Network>,
    /// Whether its tokens are accepted at all.
    pub enabled: bool,
    /// When it was created, in milliseconds since 1970.
    pub created_ms: i64,
    /// Whose assertions stand for a secret.
    pub federation: Option<Federation>,
    /// Its secrets that have not been revoked.
    pub secrets: Vec<OauthSecret>,
}

/// Whose assertions stand for a secret of a client (RFC 7523 section 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Federation {
    /// `iss` of its assertions.
    pub issuer: String,
    /// One of `aud`.
    pub audience: String,
    /// `sub`
    pub subject: String,
    /// Where the keys of the issuer are.
    pub jwks_uri: String,
}

/// What is known of a secret. The secret itself is kept nowhere.
#[derive(Clone, Debug)]
pub struct OauthSecret {
    /// Its number.
    pub id: SecretId,
    /// When it was issued, in milliseconds since 1970.
    pub created_ms: i64,
    /// When it stops being accepted, in milliseconds since 1970.
    pub expires_ms: i64,
    /// When it was revoked before that.
    pub ended_ms: Option<i64>,
    /// SHA-256 of it.
    pub(crate) digest: Digest,
}

impl OauthSecret {
    /// Whether it is accepted.
    #[must_use]
    pub fn is_valid(&self, now_ms: i64) -> bool {
        self.ended_ms.is_none() && now_ms < self.expires_ms
    }

    fn is(&self, digest: &Digest) -> Choice {
        self.digest.ct_eq(digest)
    }
}

impl OauthClient {
    /// The secret with this digest; each is compared, whichever it is.
    fn secret(&self, digest: &Digest) -> Option<&OauthSecret> {
        self.secrets.iter().fold(None, |found, secret| if bool::from(secret.is(digest)) { Some(secret) } else { found })
    }
}
