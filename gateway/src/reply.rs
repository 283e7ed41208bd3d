//! What a request is answered with when it is not refused.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION};
use bytes::Bytes;

/// The media type of every answer with a body, without parameters (RFC 7644 section 3.1).
pub(crate) const SCIM_JSON: (HeaderName, HeaderValue) =
    (CONTENT_TYPE, HeaderValue::from_static("application/scim+json"));

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    status: StatusCode,
    body: Option<Bytes>,
    version: Option<i64>,
    location: Option<String>,
    applied_preference: Option<&'static str>,
}

impl Reply {
    /// 200 with a body.
    pub(crate) fn ok(body: impl Into<Bytes>) -> Self {
        Self { body: Some(body.into()), ..Self::bare(StatusCode::OK) }
    }

    /// 201 with the resource that was made (RFC 7644 section 3.3).
    pub(crate) fn created(body: impl Into<Bytes>) -> Self {
        Self { body: Some(body.into()), ..Self::bare(StatusCode::CREATED) }
    }

    /// 204.
    pub(crate) fn no_content() -> Self {
        Self::bare(StatusCode::NO_CONTENT)
    }

    /// 304: the client has it already.
    pub(crate) fn not_modified() -> Self {
        Self::bare(StatusCode::NOT_MODIFIED)
    }

    /// With the `ETag` of this version.
    pub(crate) fn version(self, version: i64) -> Self {
        Self { version: Some(version), ..self }
    }

    /// With the URL of the resource.
    pub(crate) fn location(self, location: String) -> Self {
        Self { location: Some(location), ..self }
    }

    /// Says which wish of `Prefer` was granted (RFC 7240 section 3).
    pub(crate) fn applied(self, preference: &'static str) -> Self {
        Self { applied_preference: Some(preference), ..self }
    }

    fn bare(status: StatusCode) -> Self {
        Self { status, body: None, version: None, location: None, applied_preference: None }
    }
}

impl From<Reply> for HttpResponse {
    fn from(reply: Reply) -> Self {
        let mut response = Self::build(reply.status);
        if let Some(version) = reply.version {
            response.insert_header((ETAG, format!("W/\"{version}\"")));
        }
        if let Some(location) = reply.location {
            response.insert_header((LOCATION, location));
        }
        if let Some(preference) = reply.applied_preference {
            response.insert_header(("preference-applied", preference));
        }
        match reply.body {
            Some(body) => response.insert_header(SCIM_JSON).body(body),
            None => response.finish(),
        }
    }
}
