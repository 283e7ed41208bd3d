//! What a request is answered with when it is not refused.

use actix_http::body::{EitherBody, None as NoBody};
use actix_http::{Response, StatusCode};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION, PRAGMA};
use bytes::Bytes;
use scim::VersionTag;

/// An answer as the server writes it.
pub(crate) type Answer = Response<EitherBody<Bytes, NoBody>>;

/// The media type of every answer with a body, without parameters (RFC 7644 section 3.1).
const SCIM_JSON: HeaderValue = HeaderValue::from_static("application/scim+json");

/// The media type of what OAuth 2.0 answers.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Nobody on the way may keep this answer (RFC 6749 section 5.1).
pub(crate) fn forbid_keeping(answer: &mut Answer) {
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
}

/// An answer with a body.
pub(crate) fn answer_with(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::with_body(status, EitherBody::left(body.into()));
    answer.headers_mut().insert(CONTENT_TYPE, SCIM_JSON);
    answer
}

/// Adds a header. A text that cannot stand in one is left out; ours can.
pub(crate) fn add(answer: &mut Answer, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    status: StatusCode,
    body: Option<Bytes>,
    tag: Option<VersionTag>,
    location: Option<String>,
    applied_preference: Option<&'static str>,
    /// It is plain JSON; whether it may be kept.
    json: Option<Keeping>,
    /// How long it may be kept.
    kept: Option<&'static str>,
    /// The transaction whose result is told later.
    transaction: Option<String>,
}

/// Whether an answer may be kept on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keeping {
    Allowed,
    Never,
}

impl Reply {
    /// 200 with a body.
    pub(crate) fn ok(body: impl Into<Bytes>) -> Self {
        Self { body: Some(body.into()), ..Self::bare(StatusCode::OK) }
    }

    /// 200 with JSON that is no message of SCIM.
    pub(crate) fn json(body: impl Into<Bytes>) -> Self {
        Self { json: Some(Keeping::Allowed), ..Self::ok(body) }
    }

    /// The same with a secret in it (RFC 6749 section 5.1).
    pub(crate) fn secret(body: impl Into<Bytes>) -> Self {
        Self { json: Some(Keeping::Never), ..Self::ok(body) }
    }

    /// The same, which may be kept for so long (`Cache-Control`).
    pub(crate) fn kept(self, how_long: &'static str) -> Self {
        Self { kept: Some(how_long), ..self }
    }

    /// 202: the result is told in a security event token with this `txn` (RFC 9967 section 2.5.1.1).
    pub(crate) fn accepted(transaction: String, location: String) -> Self {
        // Of a body that is empty the length is told; of none it is not, and clients would wait for it.
        Self { transaction: Some(transaction), body: Some(Bytes::new()), ..Self::bare(StatusCode::ACCEPTED) }
            .location(location)
            .applied("respond-async")
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

    /// With this `ETag`.
    pub(crate) fn tag(self, tag: VersionTag) -> Self {
        Self { tag: Some(tag), ..self }
    }

    /// With the URL of the resource.
    pub(crate) fn location(self, location: String) -> Self {
        Self { location: Some(location), ..self }
    }

    /// Says which wish of `Prefer` was granted (RFC 7240 section 3).
    pub(crate) fn applied(self, preference: &'static str) -> Self {
        Self { applied_preference: Some(preference), ..self }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// What stands in `ETag`.
    pub(crate) fn etag(&self) -> Option<String> {
        self.tag.map(|tag| format!("W/\"{tag}\""))
    }

    /// What stands in `Location`.
    pub(crate) fn located(&self) -> Option<&str> {
        self.location.as_deref()
    }

    fn bare(status: StatusCode) -> Self {
        Self {
            status,
            body: None,
            tag: None,
            location: None,
            applied_preference: None,
            json: None,
            kept: None,
            transaction: None,
        }
    }
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        let tag = reply.etag();
        let mut answer = match reply.body {
            Some(body) if body.is_empty() => Response::with_body(reply.status, EitherBody::left(body)),
            Some(body) => answer_with(reply.status, body),
            None => Response::with_body(reply.status, EitherBody::right(NoBody::new())),
        };
        if let Some(keeping) = reply.json {
            answer.headers_mut().insert(CONTENT_TYPE, JSON);
            if keeping == Keeping::Never {
                forbid_keeping(&mut answer);
            }
        }
        if let Some(tag) = tag {
            add(&mut answer, ETAG, &tag);
        }
        if let Some(kept) = reply.kept {
            add(&mut answer, CACHE_CONTROL, kept);
        }
        if let Some(transaction) = reply.transaction {
            add(&mut answer, HeaderName::from_static("set-txn"), &transaction);
        }
        if let Some(location) = reply.location {
            add(&mut answer, LOCATION, &location);
        }
        if let Some(preference) = reply.applied_preference {
            add(&mut answer, HeaderName::from_static("preference-applied"), preference);
        }
        answer
    }
}
