//! The error every SCIM answer of 4xx and 5xx carries (RFC 7644 section 3.12).

use serde_json::{Value, json};

/// URN of the error message schema.
const ERROR_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// The keyword that tells a client what kind of refusal this is (RFC 7644 table 9, RFC 9865 section 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScimType {
    /// The filter is malformed, or its operator does not suit the attribute.
    InvalidFilter,
    /// The answer would be too large.
    TooMany,
    /// A value that must be unique is taken.
    Uniqueness,
    /// A readOnly or immutable attribute was to be changed, or a required one removed.
    Mutability,
    /// The body is not the JSON the operation expects.
    InvalidSyntax,
    /// A PATCH path is malformed or names an unknown attribute.
    InvalidPath,
    /// A PATCH path selects nothing that could be changed.
    NoTarget,
    /// A value is missing, of the wrong type or not allowed.
    InvalidValue,
    /// The protocol version in the URL is not served.
    InvalidVers,
    /// The request puts sensitive data where it must not be.
    Sensitive,
    /// The cursor is unknown, foreign or was issued for another query.
    InvalidCursor,
    /// The cursor is too old.
    ExpiredCursor,
    /// The page size is not allowed, or differs from the cursor's.
    InvalidCount,
}

impl ScimType {
    /// The keyword as it stands on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::TooMany => "tooMany",
            Self::Uniqueness => "uniqueness",
            Self::Mutability => "mutability",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
            Self::InvalidVers => "invalidVers",
            Self::Sensitive => "sensitive",
            Self::InvalidCursor => "invalidCursor",
            Self::ExpiredCursor => "expiredCursor",
            Self::InvalidCount => "invalidCount",
        }
    }
}

/// A refusal the client may read: status, keyword, and a sentence that names the attribute and the way out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct ScimError {
    /// HTTP status, 400 to 599.
    pub status: u16,
    /// The keyword; only for 400, 403 (`sensitive`) and 409 (RFC 7644 table 9).
    pub scim_type: Option<ScimType>,
    /// The sentence, without personal data beyond what the client itself sent.
    pub detail: String,
}

impl ScimError {
    /// A refusal by status alone.
    #[must_use]
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, scim_type: None, detail: detail.into() }
    }

    /// A 400 with its keyword.
    #[must_use]
    pub fn bad_request(scim_type: ScimType, detail: impl Into<String>) -> Self {
        Self { status: 400, scim_type: Some(scim_type), detail: detail.into() }
    }

    /// A 400 `invalidValue`.
    #[must_use]
    pub fn invalid_value(detail: impl Into<String>) -> Self {
        Self::bad_request(ScimType::InvalidValue, detail)
    }

    /// A 400 `invalidSyntax`.
    #[must_use]
    pub fn invalid_syntax(detail: impl Into<String>) -> Self {
        Self::bad_request(ScimType::InvalidSyntax, detail)
    }

    /// A 400 `invalidFilter`.
    #[must_use]
    pub fn invalid_filter(detail: impl Into<String>) -> Self {
        Self::bad_request(ScimType::InvalidFilter, detail)
    }

    /// A 400 `invalidPath`.
    #[must_use]
    pub fn invalid_path(detail: impl Into<String>) -> Self {
        Self::bad_request(ScimType::InvalidPath, detail)
    }

    /// A 400 `mutability`.
    #[must_use]
    pub fn mutability(detail: impl Into<String>) -> Self {
        Self::bad_request(ScimType::Mutability, detail)
    }

    /// A 409 `uniqueness` (RFC 7644 section 3.3).
    #[must_use]
    pub fn uniqueness(detail: impl Into<String>) -> Self {
        Self { status: 409, scim_type: Some(ScimType::Uniqueness), detail: detail.into() }
    }

    /// The message body of RFC 7644 section 3.12; `status` is a string there.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let status = self.status.to_string();
        match self.scim_type.map(ScimType::as_str) {
            Some(keyword) => {
                json!({ "schemas": [ERROR_SCHEMA], "status": status, "scimType": keyword, "detail": self.detail })
            }
            None => json!({ "schemas": [ERROR_SCHEMA], "status": status, "detail": self.detail }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ScimError, ScimType};

    #[test]
    fn r012_an_error_is_a_message_with_its_status_as_text() {
        let expected = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": "409", "scimType": "uniqueness", "detail": "userName mara is taken",
        });
        assert_eq!(ScimError::uniqueness("userName mara is taken").to_json(), expected);
    }

    #[test]
    fn r135_cursors_have_keywords_of_their_own() {
        let keywords = [ScimType::InvalidCursor, ScimType::ExpiredCursor, ScimType::InvalidCount].map(ScimType::as_str);
        assert_eq!(keywords, ["invalidCursor", "expiredCursor", "invalidCount"]);
        let error = ScimError::bad_request(ScimType::ExpiredCursor, "ask for the first page again").to_json();
        assert_eq!((&error["status"], &error["scimType"]), (&json!("400"), &json!("expiredCursor")));
    }

    #[test]
    fn r013_a_status_without_keyword_has_none() {
        let expected = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "404", "detail": "no such user",
        });
        assert_eq!(ScimError::new(404, "no such user").to_json(), expected);
    }
}
