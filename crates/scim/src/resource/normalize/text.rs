//! The two text formats that are checked. Addresses, countries, languages and time zones are not: clients send
//! anything there (Entra's validator on purpose), and refusing it would block the whole user.

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// An `xsd:dateTime`: date and time, with any fraction, with an offset or without (RFC 7643 section 2.3.5).
pub(super) fn is_moment(text: &str) -> bool {
    let parses = |text: &str| OffsetDateTime::parse(text, &Rfc3339).is_ok();
    text.as_bytes().get(10) == Some(&b'T') && (parses(text) || parses(&format!("{text}Z")))
}

/// Base64 in either alphabet, with or without padding, on one line or several (RFC 7643 section 2.3.6).
pub(super) fn is_base64(text: &str) -> bool {
    const EITHER: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let url = text.contains(['-', '_']);
    let alphabet = if url { &base64::alphabet::URL_SAFE } else { &base64::alphabet::STANDARD };
    let line: String = text.split_ascii_whitespace().collect();
    !line.is_empty() && GeneralPurpose::new(alphabet, EITHER).decode(line).is_ok()
}
