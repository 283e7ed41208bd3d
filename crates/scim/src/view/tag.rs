//! The entity tag of a resource as it is shown (RFC 7644 section 3.14).

use std::fmt;

use super::{MemberReference, Stored};

/// The version of a resource, and a fingerprint of what is shown of others in it.
///
/// A group that is renamed, or that a user joins, changes what a read of the user shows, but not the user. Its members'
/// names likewise change what a read of a group shows. The fingerprint makes the tag differ, so that a client that asks
/// with `If-None-Match` is never told that nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionTag {
    number: i64,
    others: Option<u32>,
}

impl Stored<'_> {
    /// The tag of the resource with what was read of it.
    #[must_use]
    pub fn tag(&self) -> VersionTag {
        VersionTag { number: self.version, others: self.references().map(|(_, references)| fingerprint(references)) }
    }
}

impl fmt::Display for VersionTag {
    /// The opaque part, without quotes: `3`, or `3-9f2c11aa`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.others {
            None => write!(out, "{}", self.number),
            Some(others) => write!(out, "{}-{others:08x}", self.number),
        }
    }
}

/// FNV-1a over ids and names, in their order. Nothing is protected by it, so nobody gains from a collision.
fn fingerprint(references: &[MemberReference]) -> u32 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut add = |text: &str| {
        for byte in text.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    };
    for reference in references {
        add(&reference.id);
        add(reference.display.as_deref().unwrap_or_default());
    }
    (hash ^ (hash >> 32)) as u32
}
