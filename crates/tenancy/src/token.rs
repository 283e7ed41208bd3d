//! The provisioning token: a JWT that a tenant's client sends with every request (RFC 6750, RFC 7519).

use std::fmt;
use std::str::FromStr;

use jsonwebtoken::{Algorithm, Header};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::last_use::Use;
use crate::rotation::{Mode, Stage};
use crate::{Network, Scopes, SigningKey, SigningKeys, TenancyError, TenantId, TokenState};

pub(crate) const ISSUER: &str = "tenantry";
/// The media type in the header (`typ`) of every provisioning token, and of nothing else.
const TYPE: &str = "JWT";

/// The number of a token (`jti`). It is no secret: it is listed, logged and in events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenId(Uuid);

impl TokenId {
    /// One that nobody can guess, so that a stolen signing key alone makes no valid token.
    pub(crate) fn random() -> Result<Self, TenancyError> {
        let mut bytes = [0; 16];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| TenancyError::Randomness)?;
        Ok(Self(uuid::Builder::from_random_bytes(bytes).into_uuid()))
    }

    /// As a UUID.
    #[must_use]
    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl FromStr for TokenId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// A token at the one moment at which it can be read.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    /// What the client sends after `Bearer `.
    pub token: SecretString,
    /// Its number.
    pub id: TokenId,
    /// When it stops being accepted.
    pub expires: OffsetDateTime,
}

/// What is known about a token once it was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// Its number.
    pub id: TokenId,
    /// When it was issued, in milliseconds since 1970.
    pub issued_ms: i64,
    /// When it stops being accepted, in milliseconds since 1970.
    pub expires_ms: i64,
    /// When a newer token or an operator ended it before that, or its overlap will be over.
    pub ended_ms: Option<i64>,
    /// Whether that moment was still to come when it was ended.
    pub(crate) ends_later: bool,
    /// Whether it is accepted, and why not.
    pub state: TokenState,
    /// How it took the place of the one before.
    pub mode: Option<Mode>,
    /// The token that was valid when it was issued.
    pub replaces: Option<TokenId>,
    /// What its holder may do.
    pub scopes: Scopes,
    /// From where it may be used; from everywhere, if there is none.
    pub networks: Vec<Network>,
    /// When and from where it was last used.
    pub last_use: Option<Use>,
    /// Why it is not the only one yet; stays when it was ended while it waited.
    pub(crate) stage: Option<Stage>,
    /// The key that signed it, if it is known.
    pub(crate) key_id: Option<String>,
    /// The call that asked for it.
    pub(crate) request: Option<String>,
    /// What that call asked for, if this version issued the token.
    pub(crate) asked: Option<Asked>,
    /// The last warning of its end that was given.
    pub(crate) warned_days: Option<i64>,
}

/// The times that a call for a token asked for, in milliseconds: no clock has changed them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) lifetime_ms: i64,
    /// For how long the token before goes on.
    pub(crate) overlap_ms: i64,
}

/// What a token says (RFC 7519 section 4.1).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    sub: String,
    jti: TokenId,
    iat: i64,
    exp: i64,
    /// For the eyes of its holder: what counts is what is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

impl Claims {
    pub(crate) fn new(tenant: TenantId, id: TokenId, issued: OffsetDateTime, expires: OffsetDateTime) -> Self {
        Self {
            iss: ISSUER.to_owned(),
            sub: tenant.to_string(),
            jti: id,
            iat: issued.unix_timestamp(),
            exp: expires.unix_timestamp(),
            scope: None,
        }
    }

    /// The same for a holder who may not do everything.
    pub(crate) fn scoped(self, scopes: Scopes) -> Self {
        Self { scope: (scopes != Scopes::ALL).then(|| scopes.to_string()), ..self }
    }

    pub(crate) fn tenant(&self) -> Option<TenantId> {
        self.sub.parse().ok().map(TenantId::new)
    }

    pub(crate) fn id(&self) -> TokenId {
        self.jti
    }

    pub(crate) fn has_expired(&self, now: OffsetDateTime) -> bool {
        now.unix_timestamp() >= self.exp
    }

    pub(crate) fn sign(&self, key: &SigningKey) -> Result<SecretString, TenancyError> {
        let header = Header { kid: Some(key.id().to_owned()), ..Header::new(Algorithm::HS256) };
        Ok(jsonwebtoken::encode(&header, self, key.encoding())?.into())
    }

    /// The claims of a provisioning token that one of these keys signed; its time and whether it is current are not looked at.
    pub(crate) fn verify(token: &str, keys: &SigningKeys) -> Option<Self> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        header.typ.filter(|typ| typ == TYPE)?;
        let key = keys.find(&header.kid?)?;
        Some(jsonwebtoken::decode::<Self>(token, key.decoding(), key.validation()).ok()?.claims)
    }
}
