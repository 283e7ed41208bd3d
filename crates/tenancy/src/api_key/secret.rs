//! The text of a key: `tenantry_`, its number, and its secret. The first part lets programs that look for secrets in
//! places where they do not belong find it.

use secrecy::SecretString;
use uuid::Uuid;

use super::ApiKeyId;
use crate::authenticate::sha256;
use crate::credential::Digest;

const PREFIX: &str = "tenantry_";

/// Ours have 86 characters.
const LONGEST: usize = 128;

/// What its holder sends.
pub(super) fn text(id: ApiKeyId, secret: &str) -> SecretString {
    format!("{PREFIX}{}_{secret}", id.0.simple()).into()
}

/// The number that a text names, and the digest of its secret. What is no key at all is hashed, too, so that it takes as
/// long.
pub(super) fn parse(text: &str) -> (Option<ApiKeyId>, Digest) {
    let parts = text.strip_prefix(PREFIX).filter(|_| text.len() <= LONGEST).and_then(|rest| rest.split_once('_'));
    let (id, secret) = parts.unwrap_or_default();
    (Uuid::try_parse(id).ok().map(ApiKeyId), sha256(secret))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_text_is_read_as_it_is_written() {
        let id = ApiKeyId(Uuid::from_u128(7));
        let text = text(id, "a_b-c");
        assert_eq!(parse(text.expose_secret()), (Some(id), sha256("a_b-c")));
    }

    #[test]
    fn anything_else_names_no_key() {
        let long = format!("tenantry_{}_{}", Uuid::nil().simple(), "x".repeat(100));
        for wrong in ["", "tenantry_", "tenantry__", "tenantry_xyz_abc", "00000000000000000000000000000000_abc", &long]
        {
            assert_eq!(parse(wrong).0, None, "{wrong}");
        }
    }
}
