//! The access token: a JWT that a client got from the token endpoint (RFC 9068), for an hour or so.

use std::net::IpAddr;
use std::sync::Arc;

use jsonwebtoken::{Algorithm, Header};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::id::random;
use super::{OauthClient, OauthClientId, SecretId};
use crate::authenticate::{Carried, Visit, milliseconds};
use crate::credential::lets_in;
use crate::snapshot::Entry;
use crate::token::ISSUER;
use crate::{Authenticated, Denied, Refusal, Scopes, SigningKey, SigningKeys, TenancyError, TenantId};

/// The media type in the header (`typ`, RFC 9068 section 2.1). No provisioning token has it.
const TYPE: &str = "at+jwt";
/// Whom it is for. No provisioning token has an audience, and none with one is taken for a provisioning token.
pub(crate) const AUDIENCE: &str = "scim";

/// What an access token says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AccessClaims {
    iss: String,
    aud: String,
    sub: OauthClientId,
    client_id: OauthClientId,
    tenant: String,
    /// The secret that it was got with; none if with an assertion.
    secret: Option<SecretId>,
    jti: Uuid,
    iat: i64,
    exp: i64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    scope: String,
}

impl AccessClaims {
    pub(super) fn new(
        tenant: TenantId,
        client: OauthClientId,
        secret: Option<SecretId>,
        scopes: Scopes,
        (issued, expires): (i64, i64),
    ) -> Result<Self, TenancyError> {
        Ok(Self {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: client,
            client_id: client,
            tenant: tenant.to_string(),
            secret,
            jti: random()?,
            iat: issued,
            exp: expires,
            scope: scopes.to_string(),
        })
    }

    pub(super) fn sign(&self, key: &SigningKey) -> Result<SecretString, TenancyError> {
        let (kid, typ) = (Some(key.id().to_owned()), Some(TYPE.to_owned()));
        let header = Header { kid, typ, ..Header::new(Algorithm::HS256) };
        Ok(jsonwebtoken::encode(&header, self, key.encoding())?.into())
    }

    /// The claims of an access token that one of these keys signed; its time, and whether its client is still let in, are
    /// not looked at. Anything else, provisioning tokens included, is none.
    pub(crate) fn verify(token: &str, keys: &SigningKeys) -> Option<Self> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        header.typ.filter(|typ| typ == TYPE)?;
        let key = keys.find(&header.kid?)?;
        Some(jsonwebtoken::decode::<Self>(token, key.decoding(), key.access_validation()).ok()?.claims)
    }

    pub(crate) fn tenant(&self) -> Option<TenantId> {
        self.tenant.parse().ok().map(TenantId::new)
    }

    fn access(&self) -> Access {
        let scopes = self.scope.parse().ok();
        Access { client: self.client_id, secret: self.secret, scopes, expires: self.exp }
    }
}

/// What an access token stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    client: OauthClientId,
    secret: Option<SecretId>,
    /// What was granted; `None` if this version cannot read it.
    scopes: Option<Scopes>,
    /// In seconds since 1970.
    expires: i64,
}

impl Access {
    pub(crate) fn client(&self) -> OauthClientId {
        self.client
    }

    fn has_expired(&self, now: OffsetDateTime) -> bool {
        now.unix_timestamp() >= self.expires
    }
}

impl Entry {
    /// Decides about a genuine access token of this tenant, by what is known in memory alone.
    pub(crate) fn admit_access(
        self: &Arc<Self>,
        claims: &AccessClaims,
        visit: &Visit<'_>,
    ) -> Result<Authenticated, Denied> {
        let access = claims.access();
        let checked = self.check_access(&access, visit.sender, visit.now);
        let (client, scopes) = checked.map_err(|refusal| self.refuse(refusal))?;
        client.note_use(access.secret, visit.arrived, visit.used());
        Ok(Authenticated::new(Arc::clone(&self.tenant), Carried::Access(access), scopes, visit.sender))
    }

    /// Whose access token it is and what they may do with it, if it is accepted.
    pub(crate) fn check_access(
        &self,
        access: &Access,
        sender: IpAddr,
        now: OffsetDateTime,
    ) -> Result<(&OauthClient, Scopes), Refusal> {
        if access.has_expired(now) {
            return Err(Refusal::AccessExpired);
        }
        let client = self.oauth_clients.iter().find(|client| client.id == access.client && client.enabled);
        let stands = |client: &&OauthClient| client.stands_for(access.secret, milliseconds(now));
        let client = client.filter(stands).ok_or(Refusal::AccessEnded)?;
        if !lets_in(&client.networks, sender) || !lets_in(&self.tenant.settings.token_networks, sender) {
            return Err(Refusal::Address);
        }
        if !self.tenant.enabled {
            return Err(Refusal::Disabled);
        }
        let scopes = access.scopes.and_then(|scopes| client.scopes.narrowed(scopes));
        Ok((client, scopes.ok_or(Refusal::Unknown)?))
    }
}

impl OauthClient {
    /// Whether a token that was got with this secret, or without one by an assertion, is still accepted.
    fn stands_for(&self, secret: Option<SecretId>, now_ms: i64) -> bool {
        match secret {
            Some(id) => self.secrets.iter().any(|secret| secret.id == id && secret.is_valid(now_ms)),
            None => self.federation.is_some(),
        }
    }
}
