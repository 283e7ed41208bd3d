//! The query string, decoded exactly once (WHATWG URL section 5.1).

use std::borrow::Cow;

use crate::ScimError;

/// The names and values between the ampersands, still encoded. A name without `=` has an empty value: RFC 9865 asks for
/// the first page with a bare `cursor`.
pub(super) fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// `+` and `%20` are spaces, `%2B` is a plus. Decoding twice would turn the plus of an address into a space and let
/// clients create a user again. A percent sign that starts no escape stands for itself.
pub(super) fn decode(text: &str) -> Result<Cow<'_, str>, ScimError> {
    if !text.bytes().any(|byte| matches!(byte, b'+' | b'%')) {
        return Ok(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        let escape = if byte == b'%' { escaped(behind) } else { None };
        match escape {
            Some((value, after)) => {
                decoded.push(value);
                rest = after;
            }
            None => {
                decoded.push(if byte == b'+' { b' ' } else { byte });
                rest = behind;
            }
        }
    }
    String::from_utf8(decoded).map(Cow::Owned).map_err(|_| ScimError::invalid_value("the query is not UTF-8"))
}

fn escaped(text: &[u8]) -> Option<(u8, &[u8])> {
    let (high, rest) = text.split_first()?;
    let (low, rest) = rest.split_first()?;
    Some((hexadecimal(*high)? * 16 + hexadecimal(*low)?, rest))
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
