//! Paging cursors on the wire (RFC 9865): sealed, so that nobody can read, make or change one, and bound to the tenant,
//! the token and the query they were made for, so that nobody can use another's.

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use directory::CursorPosition;
use scim::{ScimError, ScimType};
use serde::{Deserialize, Serialize};
use tenancy::{Authenticated, SigningKeys};
use time::OffsetDateTime;

const NONCE: usize = 12;

/// Longer text was not made here.
const LONGEST: usize = 8 * 1024;

/// What the keys of cursors are derived from the signing keys for: cursors outlive the process, and the rotation of a
/// key.
const PURPOSE: &str = "paging cursors";

/// Seals and opens cursors.
pub(crate) struct Cursors {
    seconds: i64,
}

fn keys(signing: &SigningKeys) -> impl Iterator<Item = Result<RandomizedNonceKey, Unspecified>> {
    signing.iter().map(|key| RandomizedNonceKey::new(&AES_256_GCM, &key.derive(PURPOSE)))
}

/// What a cursor says.
#[derive(Serialize, Deserialize)]
struct Sealed<P> {
    /// When it was made, in seconds since 1970.
    made: i64,
    /// The `count` of the page it follows.
    count: u32,
    position: P,
}

/// What a cursor is bound to.
pub(crate) struct Binding(Vec<u8>);

impl Binding {
    /// The tenant, the token or OAuth client, and the query without its page. A new token ends every cursor of the old
    /// one; a client's cursors go on with its next access token.
    pub(crate) fn of(authenticated: &Authenticated, query: &str) -> Self {
        let tenant = authenticated.tenant().id();
        Self(format!("{tenant}\n{}\n{query}", authenticated.credential()).into_bytes())
    }
}

impl Cursors {
    /// Cursors that live so many seconds.
    pub(crate) fn new(seconds: u32) -> Self {
        Self { seconds: seconds.into() }
    }

    /// The text of a cursor.
    pub(crate) fn seal(
        &self,
        signing: &SigningKeys,
        position: CursorPosition,
        count: u32,
        binding: &Binding,
        now: OffsetDateTime,
    ) -> Result<String, Unspecified> {
        self.seal_any(signing, position, count, binding, now)
    }

    /// Where the page starts that a cursor names.
    pub(crate) fn open(
        &self,
        signing: &SigningKeys,
        cursor: &str,
        count: u32,
        binding: &Binding,
        now: OffsetDateTime,
    ) -> Result<CursorPosition, ScimError> {
        self.open_any(signing, cursor, count, binding, now)
    }

    fn seal_any<P: Serialize>(
        &self,
        signing: &SigningKeys,
        position: P,
        count: u32,
        binding: &Binding,
        now: OffsetDateTime,
    ) -> Result<String, Unspecified> {
        let sealed = Sealed { made: now.unix_timestamp(), count, position };
        let mut text = serde_json::to_vec(&sealed).map_err(|_| Unspecified)?;
        let key = keys(signing).next().ok_or(Unspecified)??;
        let nonce = key.seal_in_place_append_tag(Aad::from(&binding.0), &mut text)?;
        Ok(URL_SAFE_NO_PAD.encode([nonce.as_ref().as_slice(), &text].concat()))
    }

    fn open_any<P: for<'p> Deserialize<'p>>(
        &self,
        signing: &SigningKeys,
        cursor: &str,
        count: u32,
        binding: &Binding,
        now: OffsetDateTime,
    ) -> Result<P, ScimError> {
        // Damaged, forged and foreign ones are refused alike (RFC 9865 section 5.2).
        let sealed: Sealed<P> = unseal(signing, cursor, binding).ok_or_else(|| {
            ScimError::bad_request(
                ScimType::InvalidCursor,
                "the cursor is unknown, or belongs to another query; start again with an empty cursor",
            )
        })?;
        if now.unix_timestamp() - sealed.made > self.seconds {
            let sentence =
                format!("the cursor is older than {} seconds; start again with an empty cursor", self.seconds);
            return Err(ScimError::bad_request(ScimType::ExpiredCursor, sentence));
        }
        if sealed.count != count {
            let sentence = format!("count must stay {} from page to page", sealed.count);
            return Err(ScimError::bad_request(ScimType::InvalidCount, sentence));
        }
        Ok(sealed.position)
    }
}

/// What a cursor says that one of these keys sealed.
fn unseal<P: for<'p> Deserialize<'p>>(signing: &SigningKeys, cursor: &str, binding: &Binding) -> Option<Sealed<P>> {
    if cursor.len() > LONGEST {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    keys(signing).find_map(|key| unseal_with(&key.ok()?, &bytes, binding))
}

fn unseal_with<P: for<'p> Deserialize<'p>>(
    key: &RandomizedNonceKey,
    bytes: &[u8],
    binding: &Binding,
) -> Option<Sealed<P>> {
    let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
    let mut sealed = sealed.to_vec();
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let text = key.open_in_place(nonce, Aad::from(&binding.0), &mut sealed).ok()?;
    serde_json::from_slice(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    const KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    const OTHER_KEY: &str = "CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=";

    fn cursors() -> Cursors {
        Cursors::new(600)
    }

    fn keys(text: &str) -> SigningKeys {
        SigningKeys::parse(text).unwrap()
    }

    fn binding(text: &str) -> Binding {
        Binding(text.as_bytes().to_vec())
    }

    fn keyword(result: Result<String, ScimError>) -> &'static str {
        result.unwrap_err().scim_type.unwrap().as_str()
    }

    #[test]
    fn r132_a_cursor_is_text_for_urls_and_leads_to_its_position() {
        let cursor = cursors().seal_any(&keys(KEY), "here", 10, &binding("acme"), NOW).unwrap();
        assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
        assert_eq!(cursors().open_any::<String>(&keys(KEY), &cursor, 10, &binding("acme"), NOW).unwrap(), "here");
    }

    #[test]
    fn r140_a_cursor_of_another_tenant_token_or_query_is_unknown() {
        let cursor = cursors().seal_any(&keys(KEY), "here", 10, &binding("acme"), NOW).unwrap();
        let damaged = cursor.replacen(|letter| letter != 'A', "A", 1);
        assert_eq!(keyword(cursors().open_any(&keys(KEY), &cursor, 10, &binding("other"), NOW)), "invalidCursor");
        assert_eq!(keyword(cursors().open_any(&keys(OTHER_KEY), &cursor, 10, &binding("acme"), NOW)), "invalidCursor");
        for odd in [damaged.as_str(), "", "x", "====", &"A".repeat(10_000)] {
            assert_eq!(keyword(cursors().open_any(&keys(KEY), odd, 10, &binding("acme"), NOW)), "invalidCursor");
        }
    }

    #[test]
    fn a_cursor_outlives_the_rotation_of_the_signing_key_and_not_its_retirement() {
        let cursor = cursors().seal_any(&keys(KEY), "here", 10, &binding("acme"), NOW).unwrap();
        let open = |signing: &str| cursors().open_any::<String>(&keys(signing), &cursor, 10, &binding("acme"), NOW);
        assert_eq!(open(&format!("{OTHER_KEY}\n{KEY}")).unwrap(), "here");
        assert!(open(OTHER_KEY).is_err());
    }

    #[test]
    fn r134_another_count_is_refused() {
        let cursor = cursors().seal_any(&keys(KEY), "here", 10, &binding("acme"), NOW).unwrap();
        assert_eq!(keyword(cursors().open_any(&keys(KEY), &cursor, 11, &binding("acme"), NOW)), "invalidCount");
    }

    #[test]
    fn r135_an_old_cursor_has_expired() {
        let cursor = cursors().seal_any(&keys(KEY), "here", 10, &binding("acme"), NOW).unwrap();
        let last = NOW + Duration::seconds(600);
        assert!(cursors().open_any::<String>(&keys(KEY), &cursor, 10, &binding("acme"), last).is_ok());
        let late = last + Duration::seconds(1);
        assert_eq!(keyword(cursors().open_any(&keys(KEY), &cursor, 10, &binding("acme"), late)), "expiredCursor");
    }
}
