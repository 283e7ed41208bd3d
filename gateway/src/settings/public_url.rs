//! The origin that clients see when a proxy stands between.

/// Scheme, host and port: `https://scim.example.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    scheme: &'static str,
    authority: String,
}

impl PublicUrl {
    /// Reads an origin; a slash at its end is forgiven, a path is not, because the gateway has its own.
    ///
    /// # Errors
    /// A sentence that quotes the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refused = || format!("\"{text}\" is not an origin such as https://scim.example.com, without path");
        let (scheme, rest) = text.split_once("://").ok_or_else(refused)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "https" => "https",
            "http" => "http",
            _ => return Err(refused()),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest).to_ascii_lowercase();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte);
        if authority.is_empty() || !authority.bytes().all(allowed) {
            return Err(refused());
        }
        Ok(Self { scheme, authority })
    }

    /// `https` or `http`.
    pub(crate) fn scheme(&self) -> &str {
        self.scheme
    }

    /// Host and port.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_scheme_and_host() {
        let url = PublicUrl::parse("HTTPS://Scim.Example:8443/").unwrap();
        assert_eq!((url.scheme(), url.authority()), ("https", "scim.example:8443"));
    }

    #[test]
    fn what_is_no_origin_is_quoted() {
        for text in ["scim.example", "ftp://scim.example", "https://", "https://scim.example/scim/v2", "https://a b"] {
            assert!(PublicUrl::parse(text).unwrap_err().starts_with(&format!("\"{text}\"")));
        }
    }
}
