//! OAuth 2.0 clients of a tenant: they get access tokens that live for minutes, in place of a provisioning token.
//!
//! A client proves itself with one of its secrets, or with an assertion of an issuer that it is federated with.

pub(crate) mod access;
mod assertion;
pub(crate) mod control;
mod grant;
pub(crate) mod id;
pub(crate) mod store;

pub use assertion::{AssertionKeys, Wanted};
pub(crate) use control::secret_facts;
pub use control::{IssuedSecret, NewOauthClient};
pub use grant::{AccessToken, GrantRefusal, Proof, TokenRequest};
pub use id::{CredentialId, OauthClientId, SecretId};

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use subtle::{Choice, ConstantTimeEq};

use crate::credential::Digest;
use crate::credential_row::CredentialRow;
use crate::last_use::{LastUse, Use, later};
use crate::snapshot::Entry;
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
    /// When and from where it last got or used an access token, in whatever way.
    pub last_use: Option<Use>,
    pub(crate) noted: Arc<LastUse>,
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
    /// When and from where it, or an access token that was got with it, was last used.
    pub last_use: Option<Use>,
    pub(crate) noted: Arc<LastUse>,
    /// The last warning of its end that was given.
    pub(crate) warned_days: Option<i64>,
    /// SHA-256 of it.
    pub(crate) digest: Digest,
}

impl OauthSecret {
    /// Adds what this process noted of its use.
    fn add_noted(&mut self, entry: &Entry, now_ms: i64) {
        self.last_use = later(self.last_use.take(), entry.noted(CredentialRow::Secret(self.id)), now_ms);
    }

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
    /// Adds what this process noted of its use.
    fn add_noted(&mut self, entry: &Entry, now_ms: i64) {
        self.last_use = later(self.last_use.take(), entry.noted(CredentialRow::Client(self.id)), now_ms);
    }

    /// Notes that it got or used an access token, with this secret or with an assertion.
    fn note_use(&self, secret: Option<SecretId>, arrived: Instant, used: (i64, IpAddr, &'static str)) {
        self.noted.note(arrived, used);
        if let Some(secret) = secret.and_then(|id| self.secrets.iter().find(|known| known.id == id)) {
            secret.noted.note(arrived, used);
        }
    }

    /// The secret with this digest; each is compared, whichever it is.
    fn secret(&self, digest: &Digest) -> Option<&OauthSecret> {
        self.secrets.iter().fold(None, |found, secret| if bool::from(secret.is(digest)) { Some(secret) } else { found })
    }
}
