//! Links of invitations: who opens one proves that a mail reached an address.
//!
//! A link names a user of one tenant, the number of one invitation, and when it ends, under a signature by a key that is derived from
//! a signing key for this purpose and this tenant. So no link opens anything of another tenant, and none is a token, nor the other way
//! round.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::{Address, Resolution, SigningKey, SigningKeys, Tenant, Tenants};

/// The longest link that is looked at, in bytes; ours have about 110.
const LONGEST: usize = 200;
/// A user, a nonce and a moment.
const LENGTH: usize = 40;

/// What a link says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct InvitationLink {
    /// Who is invited.
    pub user: Uuid,
    /// The number of the invitation, which changes when another mail is to take its place.
    pub nonce: Uuid,
    /// Until when it is good, in milliseconds since 1970 UTC.
    pub expires_ms: i64,
}

impl InvitationLink {
    /// What tells the mail of this link from all others, and nothing about the link.
    #[must_use]
    pub fn message_number(&self) -> String {
        let digest = digest(&SHA256, &[b"message ".as_slice(), self.nonce.as_bytes()].concat());
        digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Proof that somebody holds a link of this tenant.
#[derive(Clone)]
pub struct Invited {
    tenant: Arc<Tenant>,
    link: InvitationLink,
}

impl Invited {
    /// Who invites.
    #[must_use]
    pub fn tenant(&self) -> &Arc<Tenant> {
        &self.tenant
    }

    /// What the link says.
    #[must_use]
    pub fn link(&self) -> InvitationLink {
        self.link
    }
}

impl fmt::Debug for Invited {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Invited({}, {})", self.tenant.name(), self.link.user)
    }
}

impl fmt::Debug for InvitationLink {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "InvitationLink({})", self.user)
    }
}

impl Tenants {
    /// The last segment of the link of an invitation. It is for the one whose address it is about, and for nobody else.
    #[must_use]
    pub fn sign_invitation(&self, tenant: &Tenant, link: InvitationLink) -> String {
        let keys = self.signing_keys();
        let signing = keys.signing();
        let content = content(link);
        let tag = hmac::sign(&key(signing, tenant), &content);
        format!("{}.{}", signing.id(), URL_SAFE_NO_PAD.encode([&content, tag.as_ref()].concat()))
    }

    /// Who holds a link of the tenant that the address names. Of a tenant that is switched off nobody does. [`Self::settle`] is to be
    /// awaited just before.
    #[must_use]
    pub fn invited(&self, address: &Address<'_>, text: &str) -> Option<Invited> {
        let Resolution::Tenant(tenant) = self.resolve(address) else { return None };
        let link = verify(text, &tenant, &self.signing_keys()).filter(|_| tenant.is_enabled())?;
        Some(Invited { tenant, link })
    }
}

fn verify(text: &str, tenant: &Tenant, keys: &SigningKeys) -> Option<InvitationLink> {
    let (id, signed) = text.split_once('.').filter(|_| text.len() <= LONGEST)?;
    let signed = URL_SAFE_NO_PAD.decode(signed).ok()?;
    let (content, tag) = signed.split_at_checked(LENGTH)?;
    hmac::verify(&key(keys.find(id)?, tenant), content, tag).ok()?;
    let (user, rest) = content.split_first_chunk()?;
    let (nonce, expires) = rest.split_first_chunk()?;
    Some(InvitationLink {
        user: Uuid::from_bytes(*user),
        nonce: Uuid::from_bytes(*nonce),
        expires_ms: i64::from_be_bytes(expires.try_into().ok()?),
    })
}

fn content(link: InvitationLink) -> Vec<u8> {
    let InvitationLink { user, nonce, expires_ms } = link;
    [&user.as_bytes()[..], nonce.as_bytes(), &expires_ms.to_be_bytes()].concat()
}

/// A tenant that is made anew under an old name has another number.
fn key(signing: &SigningKey, tenant: &Tenant) -> hmac::Key {
    let purpose = format!("invitations of {} {}", tenant.id(), tenant.name());
    hmac::Key::new(hmac::HMAC_SHA256, &signing.derive(&purpose))
}
