//! Base64, which is checked like dateTimes are. Addresses, countries, languages and time zones are not: clients send
//! anything there (Entra's validator on purpose), and refusing it would block the whole user.

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

/// Base64 in either alphabet, with or without padding, on one line or several (RFC 7643 section 2.3.6).
pub(super) fn is_base64(text: &str) -> bool {
    const EITHER: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let url = text.contains(['-', '_']);
    let alphabet = if url { &base64::alphabet::URL_SAFE } else { &base64::alphabet::STANDARD };
    let line: String = text.split_ascii_whitespace().collect();
    !line.is_empty() && GeneralPurpose::new(alphabet, EITHER).decode(line).is_ok()
}
