//! What the token endpoint decides: who gets an access token, and for what.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use secrecy::SecretString;
use time::OffsetDateTime;

use super::access::AccessClaims;
use super::assertion::{AssertionKeys, Wanted};
use super::{OauthClient, OauthClientId, SecretId};
use crate::authenticate::{milliseconds, sha256};
use crate::credential::lets_in;
use crate::snapshot::{Addressed, Entry};
use crate::{Address, Scopes, TenancyError, Tenant, Tenants};

/// What a client proves itself with.
#[derive(Clone, Copy, Debug)]
pub enum Proof<'a> {
    /// One of its secrets.
    Secret(&'a str),
    /// What an issuer says of it, and that issuer's keys.
    Assertion(&'a str, &'a AssertionKeys),
}

/// What a client asks the token endpoint for.
#[derive(Clone, Copy, Debug)]
pub struct TokenRequest<'a> {
    /// `client_id`; who sends an assertion may leave it out.
    pub client: Option<&'a str>,
    /// What it proves itself with.
    pub proof: Proof<'a>,
    /// `scope`: less than it may do.
    pub scope: Option<&'a str>,
    /// The network address of the sender.
    pub sender: IpAddr,
    /// The short name of the client's program.
    pub program: &'static str,
    /// When it is decided.
    pub now: OffsetDateTime,
    /// When the request arrived, by a clock that nobody sets.
    pub arrived: Instant,
}

/// An access token at the one moment at which it can be read.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// What the client sends after `Bearer `.
    pub token: SecretString,
    /// For how many seconds it is valid.
    pub expires_in: i64,
    /// What its holder may do.
    pub scopes: Scopes,
    /// Whose it is.
    pub client: OauthClientId,
    /// Of which tenant.
    pub tenant: Arc<Tenant>,
}

/// Why there is no access token. Only who has proved to be a client of the tenant is told more than the first.
#[derive(Debug, thiserror::Error)]
pub enum GrantRefusal {
    /// No such client, a wrong or expired secret, an assertion that does not fit: all alike.
    #[error("the client is not known at this address, or its secret or assertion is not valid")]
    Client,
    /// The secret was the client's, and its time is over. It is told as the first: who holds it may be anybody by now.
    #[error("the client is not known at this address, or its secret or assertion is not valid")]
    Expired(Arc<Tenant>),
    /// The client may not do this at all.
    #[error("the scope is unknown, or none of what this client may do; there are read-only, users and groups")]
    Scope(Arc<Tenant>),
    /// The client may not ask from this network.
    #[error("this client may not ask from this network address; ask the operator of the application")]
    Address(Arc<Tenant>),
    /// The client or its tenant is switched off.
    #[error("provisioning is switched off for this client; ask the operator of the application")]
    Disabled(Arc<Tenant>),
    /// A token could not be made.
    #[error("the access token cannot be made")]
    Failed(#[from] TenancyError),
}

/// A client that has proved to be the one.
struct Proven<'a> {
    client: &'a OauthClient,
    /// With which secret, and when that ends.
    secret: Option<(SecretId, i64)>,
}

impl Tenants {
    /// Gives a client an access token, if it proves itself.
    ///
    /// # Errors
    /// The [`GrantRefusal`] that it is told.
    pub fn grant(&self, address: &Address<'_>, request: &TokenRequest<'_>) -> Result<AccessToken, GrantRefusal> {
        let entry = self.entry_of_client(address, request.client).ok_or(GrantRefusal::Client);
        let proven = match request.proof {
            // Hashed also for nobody, so that this takes as long.
            Proof::Secret(secret) => {
                let digest = sha256(secret);
                let secret = entry.as_ref().ok().and_then(|entry| by_secret(entry, request, &digest));
                if let (Ok(entry), Some(Proven { secret: Some((_, ends_ms)), .. })) = (&entry, &secret)
                    && *ends_ms <= milliseconds(request.now)
                {
                    return Err(GrantRefusal::Expired(Arc::clone(&entry.tenant)));
                }
                secret
            }
            Proof::Assertion(assertion, keys) => {
                entry.as_ref().ok().and_then(|entry| by_assertion(entry, request, assertion, keys))
            }
        };
        let proven = proven.ok_or(GrantRefusal::Client)?;
        self.give(entry.as_ref().map_err(|_| GrantRefusal::Client)?, &proven, request)
    }

    /// Whose keys verify an assertion: known only if everything else about it fits a client of this address, so that
    /// strangers cannot have keys fetched.
    #[must_use]
    pub fn wanted_keys(
        &self,
        address: &Address<'_>,
        client: Option<&str>,
        assertion: &str,
        now: OffsetDateTime,
    ) -> Option<Wanted> {
        let entry = self.entry_of_client(address, client)?;
        let fits = |known: &&OauthClient| is_asked(known, client);
        entry.oauth_clients.iter().filter(fits).find_map(|known| known.federation.as_ref()?.wanted(assertion, now))
    }

    /// The tenant of the address; at a shared address, that of the client.
    fn entry_of_client(&self, address: &Address<'_>, client: Option<&str>) -> Option<Arc<Entry>> {
        let snapshot = self.inner.known.snapshot();
        match snapshot.find(address, &self.inner.addresses) {
            Addressed::One(entry) => Some(Arc::clone(entry)),
            Addressed::Shared => snapshot.by_client(client?.parse().ok()?).map(Arc::clone),
            Addressed::Unknown => None,
        }
    }

    fn give(
        &self,
        entry: &Entry,
        proven: &Proven<'_>,
        request: &TokenRequest<'_>,
    ) -> Result<AccessToken, GrantRefusal> {
        let (tenant, client) = (&entry.tenant, proven.client);
        if !lets_in(&client.networks, request.sender) || !lets_in(&tenant.settings.token_networks, request.sender) {
            return Err(GrantRefusal::Address(Arc::clone(tenant)));
        }
        if !client.enabled || !tenant.enabled {
            return Err(GrantRefusal::Disabled(Arc::clone(tenant)));
        }
        let wanted = request.scope.unwrap_or_default().parse().ok();
        let scopes = wanted.and_then(|wanted| client.scopes.narrowed(wanted));
        let scopes = scopes.ok_or_else(|| GrantRefusal::Scope(Arc::clone(tenant)))?;
        let issued = request.now.unix_timestamp();
        let whole = issued + i64::from(tenant.settings.oauth_token_minutes) * 60;
        // It does not outlive its secret.
        let expires = proven.secret.map_or(whole, |(_, ends_ms)| whole.min(ends_ms.div_euclid(1000)));
        if expires <= issued {
            // In the last second of a secret nothing can be had with it any more.
            return Err(GrantRefusal::Client);
        }
        let secret = proven.secret.map(|(id, _)| id);
        let claims = AccessClaims::new(tenant.id, client.id, secret, scopes, (issued, expires))?;
        let token = claims.sign(self.inner.keys.load().signing())?;
        client.note_use(secret, request.arrived, (milliseconds(request.now), request.sender, request.program));
        Ok(AccessToken { token, expires_in: expires - issued, scopes, client: client.id, tenant: Arc::clone(tenant) })
    }
}

/// By a secret that was not revoked; its time may be over.
fn by_secret<'e>(entry: &'e Entry, request: &TokenRequest<'_>, digest: &[u8; 32]) -> Option<Proven<'e>> {
    let id: OauthClientId = request.client?.parse().ok()?;
    let client = entry.oauth_clients.iter().find(|client| client.id == id)?;
    let secret = client.secret(digest).filter(|secret| secret.ended_ms.is_none())?;
    Some(Proven { client, secret: Some((secret.id, secret.expires_ms)) })
}

fn by_assertion<'e>(
    entry: &'e Entry,
    request: &TokenRequest<'_>,
    assertion: &str,
    keys: &AssertionKeys,
) -> Option<Proven<'e>> {
    let fits = |client: &&OauthClient| {
        let federation = client.federation.as_ref().filter(|_| is_asked(client, request.client));
        federation.is_some_and(|federation| federation.verifies(assertion, keys, request.now))
    };
    entry.oauth_clients.iter().find(fits).map(|client| Proven { client, secret: None })
}

/// Whether a request is for this client; one without a client id is for whom its assertion names.
fn is_asked(client: &OauthClient, asked: Option<&str>) -> bool {
    asked.is_none_or(|asked| asked.parse() == Ok(client.id))
}
