//! The proof that a request comes from a tenant's client, and the reasons for refusing it.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use time::OffsetDateTime;

use crate::snapshot::{Addressed, Current, Digest, Entry, Snapshot};
use crate::token::Claims;
use crate::{Address, AddressSettings, SigningKey, Tenant, TokenId, TokenState};

/// Ours have about 250 characters; a longer one is refused before it costs anything.
const LONGEST_TOKEN: usize = 1024;

/// Proof that a request carried the current token of this tenant, at an address of this tenant. Only
/// [`Tenants::authenticate`](crate::Tenants::authenticate) makes one.
#[derive(Clone, Debug)]
pub struct Authenticated {
    tenant: Arc<Tenant>,
    token: TokenId,
}

impl Authenticated {
    /// Whose request it is.
    #[must_use]
    pub fn tenant(&self) -> &Arc<Tenant> {
        &self.tenant
    }

    /// Which token it carried.
    #[must_use]
    pub fn token_id(&self) -> TokenId {
        self.token
    }
}

/// Proof that the operator of the deployment asks for this tenant. Only
/// [`Tenants::administer`](crate::Tenants::administer) makes one.
#[derive(Clone, Debug)]
pub struct Administered {
    pub(crate) tenant: Arc<Tenant>,
}

impl Administered {
    /// The tenant asked for.
    #[must_use]
    pub fn tenant(&self) -> &Arc<Tenant> {
        &self.tenant
    }
}

/// Why a request is not let in. The sentences are for its sender; none of them tells one tenant's existence to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// There is no `Authorization` header.
    #[error("the request has no provisioning token; send the header Authorization: Bearer TOKEN")]
    Missing,
    /// It is of another scheme, or of none.
    #[error("the Authorization header has another form than Bearer TOKEN")]
    NotBearer,
    /// The token is forged, damaged, of another tenant, or for an address that does not exist: all alike.
    #[error("the provisioning token is not valid at this address; compare both with what the application shows")]
    Unknown,
    /// Its time is over.
    #[error("the provisioning token has expired; issue a new one and enter it in the identity provider")]
    Expired,
    /// A newer one took its place.
    #[error("the provisioning token was replaced by a newer one; enter that one in the identity provider")]
    Superseded,
    /// An operator ended it.
    #[error("the provisioning token was revoked; issue a new one and enter it in the identity provider")]
    Revoked,
    /// The tenant is switched off.
    #[error("provisioning is switched off for this tenant; ask the operator of the application")]
    Disabled,
}

/// Whether the holder of this header may act at this address, by what `snapshot` knows.
pub(crate) fn authenticate(
    snapshot: &Snapshot,
    settings: &AddressSettings,
    key: &SigningKey,
    address: &Address<'_>,
    authorization: Option<&str>,
    now: OffsetDateTime,
) -> Result<Authenticated, Refusal> {
    let token = bearer(authorization)?;
    let digest = sha256(token);
    let addressed = snapshot.find(address, settings);
    if let Addressed::One(entry) = addressed
        && let Some(current) = entry.current.as_ref().filter(|current| current.is(&digest))
    {
        return entry.admit(current, now);
    }
    // An address that does not exist costs the same as one that does.
    let claims = Claims::verify(token, key).ok_or(Refusal::Unknown)?;
    let entry = claims.tenant().and_then(|id| snapshot.by_id(id)).ok_or(Refusal::Unknown)?;
    if !addressed.agrees(entry) {
        return Err(Refusal::Unknown);
    }
    entry.judge(&claims, digest, now)
}

/// The token of an `Authorization` header (RFC 6750 section 2.1; the scheme in any letter case, RFC 9110 section 11.1).
fn bearer(authorization: Option<&str>) -> Result<&str, Refusal> {
    let value = authorization.map(str::trim).filter(|value| !value.is_empty()).ok_or(Refusal::Missing)?;
    let (scheme, token) = value.split_once([' ', '\t']).ok_or(Refusal::NotBearer)?;
    if !scheme.eq_ignore_ascii_case("Bearer") {
        return Err(Refusal::NotBearer);
    }
    Some(token.trim_start()).filter(|token| token.len() <= LONGEST_TOKEN).ok_or(Refusal::Unknown)
}

fn sha256(token: &str) -> Digest {
    let mut bytes = Digest::default();
    bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    bytes
}

impl Addressed<'_> {
    fn agrees(self, entry: &Arc<Entry>) -> bool {
        match self {
            Self::One(one) => Arc::ptr_eq(one, entry),
            Self::Shared => true,
            Self::Unknown => false,
        }
    }
}

impl Entry {
    /// Decides about a genuine token of this tenant that was not seen before.
    fn judge(&self, claims: &Claims, digest: Digest, now: OffsetDateTime) -> Result<Authenticated, Refusal> {
        if claims.has_expired(now) {
            return Err(Refusal::Expired);
        }
        let Some(current) = self.current.as_ref().filter(|current| current.has_id(claims.id())) else {
            return Err(self.why_ended(claims.id()));
        };
        current.remember(digest);
        self.admit(current, now)
    }

    fn admit(&self, current: &Current, now: OffsetDateTime) -> Result<Authenticated, Refusal> {
        if milliseconds(now) >= current.expires_ms {
            return Err(Refusal::Expired);
        }
        if !self.tenant.enabled {
            return Err(Refusal::Disabled);
        }
        Ok(Authenticated { tenant: Arc::clone(&self.tenant), token: current.id })
    }

    fn why_ended(&self, id: TokenId) -> Refusal {
        match self.ended.iter().find(|(ended, _)| *ended == id) {
            Some((_, TokenState::Superseded)) => Refusal::Superseded,
            Some((_, TokenState::Revoked)) => Refusal::Revoked,
            _ => Refusal::Unknown,
        }
    }
}

/// Milliseconds since 1970, as all tables keep moments.
pub(crate) fn milliseconds(moment: OffsetDateTime) -> i64 {
    moment.unix_timestamp() * 1000 + i64::from(moment.millisecond())
}
