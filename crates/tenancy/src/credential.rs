//! What is accepted instead of a person: with which restrictions, until when, and when it was last used. A provisioning
//! token is one sort of credential.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use subtle::ConstantTimeEq;

use crate::last_use::LastUse;
use crate::rotation::Stage;
use crate::{Network, Scopes, TokenId, TokenRecord};

/// SHA-256 of a whole token.
pub(crate) type Digest = [u8; 32];

/// What a credential grants, and to whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) scopes: Scopes,
    /// From where it may be used; from everywhere, if there is none.
    pub(crate) networks: Vec<Network>,
    pub(crate) expires_ms: i64,
}

/// A token that was not ended when it was read, as requests see it.
#[derive(Debug)]
pub(crate) struct Credential {
    pub(crate) id: TokenId,
    pub(crate) grant: Grant,
    pub(crate) issued_ms: i64,
    /// When its overlap is over.
    pub(crate) ends_ms: Option<i64>,
    /// Whether its first use is to end the others, or is not known everywhere yet.
    pub(crate) waits_for_use: bool,
    /// The last warning of its end that was given.
    pub(crate) warned_days: Option<i64>,
    pub(crate) last_use: Arc<LastUse>,
    /// Known from the first request on whose signature was verified; the ones after it are recognized by this alone.
    /// It lives and ends with this value: what is remembered never outlives a rotation.
    digest: OnceLock<Digest>,
}

impl Credential {
    /// A token that is accepted, or would be if its time was not over.
    pub(crate) fn of(token: &TokenRecord) -> Self {
        Self {
            id: token.id,
            grant: Grant { scopes: token.scopes, networks: token.networks.clone(), expires_ms: token.expires_ms },
            issued_ms: token.issued_ms,
            ends_ms: token.ended_ms,
            waits_for_use: token.stage == Some(Stage::Unused) && token.ended_ms.is_none(),
            warned_days: token.warned_days,
            last_use: Arc::default(),
            digest: OnceLock::new(),
        }
    }

    /// The same, to be verified again.
    pub(crate) fn forgetting(&self) -> Self {
        let (grant, last_use, digest) = (self.grant.clone(), Arc::clone(&self.last_use), OnceLock::new());
        Self { grant, last_use, digest, ..*self }
    }

    pub(crate) fn is(&self, digest: &Digest) -> bool {
        self.digest.get().is_some_and(|known| bool::from(known.ct_eq(digest)))
    }

    pub(crate) fn has_id(&self, id: TokenId) -> bool {
        self.id.as_uuid().as_bytes().ct_eq(id.as_uuid().as_bytes()).into()
    }

    pub(crate) fn remember(&self, digest: Digest) {
        // Two first requests at once remember the same.
        let _ = self.digest.set(digest);
    }
}

/// Whether a list of networks lets this address in.
pub(crate) fn lets_in(networks: &[Network], address: IpAddr) -> bool {
    networks.is_empty() || networks.iter().any(|network| network.contains(address))
}
