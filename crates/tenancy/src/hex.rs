//! Digests as the tables hold them.

use crate::credential::Digest;

/// In hexadecimal.
pub(crate) fn to_hex(digest: &Digest) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What [`to_hex`] wrote.
pub(crate) fn from_hex(text: &str) -> Option<Digest> {
    let mut digest = Digest::default();
    if text.len() != 2 * digest.len() {
        return None;
    }
    for (place, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_written_as_it_is_read() {
        let mut digest = Digest::default();
        digest[0] = 0xab;
        digest[31] = 7;
        assert_eq!(from_hex(&to_hex(&digest)), Some(digest));
        for wrong in ["", "ab", &"zz".repeat(32), &"ä".repeat(32)] {
            assert_eq!(from_hex(wrong), None, "{wrong}");
        }
    }
}
