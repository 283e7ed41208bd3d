//! The proof that a request comes from a tenant's client, and the reasons for refusing it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use aws_lc_rs::digest::{SHA256, digest};
use time::OffsetDateTime;

use crate::credential::{Credential, Digest, lets_in};
use crate::oauth::access::{Access, AccessClaims};
use crate::snapshot::{Addressed, Entry, Snapshot};
use crate::token::Claims;
use crate::{Address, AddressSettings, CredentialId, Scopes, SigningKeys, TenancyError, Tenant, TokenId, TokenState};

/// Ours have about 250 characters; a longer one is refused before it costs anything.
const LONGEST_TOKEN: usize = 1024;

/// What a request says about its sender.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'a> {
    /// The header `Authorization`.
    pub authorization: Option<&'a str>,
    /// The network address of the sender.
    pub sender: IpAddr,
    /// The short name of the client.
    pub client: &'static str,
    /// When it is decided.
    pub now: OffsetDateTime,
    /// When the request arrived, by a clock that nobody sets.
    pub arrived: Instant,
}

impl Visit<'_> {
    /// What is noted of it as a use.
    pub(crate) fn used(&self) -> (i64, IpAddr, &'static str) {
        (milliseconds(self.now), self.sender, self.client)
    }
}

/// Proof that a request carried a valid token of this tenant, at an address of this tenant. Only
/// [`Tenants::authenticate`](crate::Tenants::authenticate) makes one.
#[derive(Clone, Debug)]
pub struct Authenticated {
    tenant: Arc<Tenant>,
    carried: Carried,
    scopes: Scopes,
    sender: IpAddr,
}

/// What the request carried.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Carried {
    Token(TokenId),
    Access(Access),
}

impl Authenticated {
    pub(crate) fn new(tenant: Arc<Tenant>, carried: Carried, scopes: Scopes, sender: IpAddr) -> Self {
        Self { tenant, carried, scopes, sender }
    }

    /// Whose request it is.
    #[must_use]
    pub fn tenant(&self) -> &Arc<Tenant> {
        &self.tenant
    }

    /// Which token it carried, or of which client.
    #[must_use]
    pub fn credential(&self) -> CredentialId {
        match self.carried {
            Carried::Token(id) => CredentialId::Token(id),
            Carried::Access(access) => CredentialId::Client(access.client()),
        }
    }

    /// What its holder may do.
    #[must_use]
    pub fn scopes(&self) -> Scopes {
        self.scopes
    }

    /// Decides again, by what `snapshot` knows, about who was let in before. What has changed about them counts from here on.
    pub(crate) fn decide_again(&mut self, snapshot: &Snapshot, now: OffsetDateTime) -> Result<(), Denied> {
        let entry = snapshot.by_id(self.tenant.id()).ok_or(Refusal::Unknown)?;
        self.scopes = match &self.carried {
            Carried::Token(id) => entry.check_again(*id, self.sender, now)?,
            Carried::Access(access) => {
                let checked = entry.check_access(access, self.sender, now);
                checked.map_err(|refusal| entry.refuse(refusal))?.1
            }
        };
        if !Arc::ptr_eq(&self.tenant, &entry.tenant) {
            self.tenant = Arc::clone(&entry.tenant);
        }
        Ok(())
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
    /// The time of an access token is over.
    #[error("the access token has expired; get a new one from the token endpoint")]
    AccessExpired,
    /// The client of an access token, or the secret it was got with, is gone or switched off.
    #[error("the client of the access token, or its secret, was deleted, revoked or switched off")]
    AccessEnded,
    /// A newer one took its place.
    #[error("the provisioning token was replaced by a newer one; enter that one in the identity provider")]
    Superseded,
    /// An operator ended it.
    #[error("the provisioning token was revoked; issue a new one and enter it in the identity provider")]
    Revoked,
    /// It may not be used from the sender's network.
    #[error("the provisioning token may not be used from this network address; ask the operator of the application")]
    Address,
    /// The tenant is switched off.
    #[error("provisioning is switched off for this tenant; ask the operator of the application")]
    Disabled,
}

/// Why a request is not let in.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// The sender is refused.
    #[error("{refusal}")]
    Refused {
        /// What the sender is told.
        refusal: Refusal,
        /// Whose token it is, if it is a genuine one at an address of its tenant.
        tenant: Option<Arc<Tenant>>,
    },
    /// The first use of the token could not be made durable.
    #[error("the first use of a token could not be written")]
    Unavailable(#[source] Box<TenancyError>),
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self::Refused { refusal, tenant: None }
    }
}

/// Who may come in.
#[derive(Debug)]
pub(crate) enum Admission {
    /// They.
    Now(Authenticated),
    /// They, once the others' tokens have ended: this one is used for the first time.
    AfterFirstUse(Arc<Entry>, TokenId),
}

/// Whether the sender may act at this address, by what `snapshot` knows.
pub(crate) fn authenticate(
    snapshot: &Snapshot,
    settings: &AddressSettings,
    keys: &SigningKeys,
    address: &Address<'_>,
    visit: &Visit<'_>,
) -> Result<Admission, Denied> {
    let token = bearer(visit.authorization)?;
    let digest = sha256(token);
    let addressed = snapshot.find(address, settings);
    if let Addressed::One(entry) = addressed
        && let Some(known) = entry.credentials.iter().find(|credential| credential.is(&digest))
    {
        return entry.admit(known, visit);
    }
    if let Some(claims) = AccessClaims::verify(token, keys) {
        let entry = claims.tenant().and_then(|id| snapshot.by_id(id)).filter(|entry| addressed.agrees(entry));
        return entry.ok_or(Refusal::Unknown)?.admit_access(&claims, visit).map(Admission::Now);
    }
    // An address that does not exist costs the same as one that does.
    let claims = Claims::verify(token, keys).ok_or(Refusal::Unknown)?;
    let entry = claims.tenant().and_then(|id| snapshot.by_id(id)).ok_or(Refusal::Unknown)?;
    if !addressed.agrees(entry) {
        return Err(Refusal::Unknown.into());
    }
    entry.judge(&claims, digest, visit)
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

/// SHA-256 of a token or a secret.
pub(crate) fn sha256(token: &str) -> Digest {
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
    fn judge(self: &Arc<Self>, claims: &Claims, digest: Digest, visit: &Visit<'_>) -> Result<Admission, Denied> {
        if claims.has_expired(visit.now) {
            return Err(self.refuse(Refusal::Expired));
        }
        let Some(credential) = self.credentials.iter().find(|credential| credential.has_id(claims.id())) else {
            return Err(self.why_ended(claims.id()));
        };
        credential.remember(digest);
        self.admit(credential, visit)
    }

    fn admit(self: &Arc<Self>, credential: &Credential, visit: &Visit<'_>) -> Result<Admission, Denied> {
        let now_ms = milliseconds(visit.now);
        self.check(credential, visit.sender, now_ms).map_err(|refusal| self.refuse(refusal))?;
        if credential.waits_for_use {
            return Ok(Admission::AfterFirstUse(Arc::clone(self), credential.id));
        }
        credential.last_use.note(visit.arrived, visit.used());
        let (carried, scopes) = (Carried::Token(credential.id), credential.grant.scopes);
        Ok(Admission::Now(Authenticated::new(Arc::clone(&self.tenant), carried, scopes, visit.sender)))
    }

    /// What the holder of a token that was let in before may do now.
    fn check_again(&self, id: TokenId, sender: IpAddr, now: OffsetDateTime) -> Result<Scopes, Denied> {
        let Some(credential) = self.credentials.iter().find(|credential| credential.id == id) else {
            return Err(self.why_ended(id));
        };
        self.check(credential, sender, milliseconds(now)).map_err(|refusal| self.refuse(refusal))?;
        Ok(credential.grant.scopes)
    }

    fn check(&self, credential: &Credential, sender: IpAddr, now_ms: i64) -> Result<(), Refusal> {
        if now_ms >= credential.grant.expires_ms {
            return Err(Refusal::Expired);
        }
        if credential.ends_ms.is_some_and(|ends_ms| now_ms >= ends_ms) {
            return Err(Refusal::Superseded);
        }
        let of_tenant = &self.tenant.settings.token_networks;
        if !lets_in(&credential.grant.networks, sender) || !lets_in(of_tenant, sender) {
            return Err(Refusal::Address);
        }
        if self.tenant.enabled { Ok(()) } else { Err(Refusal::Disabled) }
    }

    /// A refusal of somebody who holds a genuine token, at the tenant's address.
    pub(crate) fn refuse(&self, refusal: Refusal) -> Denied {
        Denied::Refused { refusal, tenant: Some(Arc::clone(&self.tenant)) }
    }

    fn why_ended(&self, id: TokenId) -> Denied {
        match self.ended.iter().find(|(ended, _)| *ended == id) {
            Some((_, TokenState::Superseded)) => self.refuse(Refusal::Superseded),
            Some((_, TokenState::Revoked)) => self.refuse(Refusal::Revoked),
            _ => Refusal::Unknown.into(),
        }
    }
}

/// Milliseconds since 1970, as all tables keep moments.
pub(crate) fn milliseconds(moment: OffsetDateTime) -> i64 {
    moment.unix_timestamp() * 1000 + i64::from(moment.millisecond())
}
