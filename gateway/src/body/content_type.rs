//! Which media types a body may have.

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use scim::ScimError;

/// `application/scim+json` and `application/json` with any parameters (RFC 7644 section 8.1; Entra, Okta), or no type at
/// all; UTF-8 (section 3.8) and not compressed.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), ScimError> {
    if let Some(encoding) = headers.get(CONTENT_ENCODING)
        && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        return Err(ScimError::new(415, "a compressed body is not accepted; leave out Content-Encoding"));
    }
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let refused = || ScimError::new(415, "the Content-Type of a body is application/scim+json or application/json");
    let mut parts = value.to_str().map_err(|_| refused())?.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    if !["application/scim+json", "application/json", ""].iter().any(|known| essence.eq_ignore_ascii_case(known)) {
        return Err(refused());
    }
    match parts
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
    {
        Some((_, charset)) if !is_utf8(charset) => Err(ScimError::new(415, "a body is UTF-8 (RFC 7644 section 3.8)")),
        _ => Ok(()),
    }
}

/// ASCII is a part of UTF-8.
fn is_utf8(charset: &str) -> bool {
    let charset = charset.trim().trim_matches('"');
    ["utf-8", "utf8", "us-ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn status(content_type: &'static str) -> u16 {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        check(&headers).map_or_else(|error| error.status, |()| 200)
    }

    #[test]
    fn r005_both_json_types_are_taken_with_any_parameters() {
        for content_type in [
            "application/scim+json",
            "application/json",
            "application/scim+json; charset=utf-8",
            "Application/JSON;charset=\"UTF-8\"; odata=verbose",
            "",
        ] {
            assert_eq!(status(content_type), 200, "{content_type}");
        }
        assert_eq!(check(&HeaderMap::new()), Ok(()));
    }

    #[test]
    fn other_types_charsets_and_encodings_are_refused() {
        for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"] {
            assert_eq!(status(content_type), 415, "{content_type}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(check(&headers).unwrap_err().status, 415);
    }
}
