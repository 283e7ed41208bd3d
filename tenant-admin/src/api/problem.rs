//! Refusals as they stand on the wire: problem details (RFC 9457).

use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Code, Failure};

/// The sorts of problems, each with a name of its own that programs decide by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Invalid,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    Slow,
    Conflict,
    Changed,
    TooLarge,
    UnsupportedMediaType,
    TooMany,
    Failed,
    Unavailable,
}

impl Sort {
    const fn told(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::Invalid => (400, "invalid", "The request is not right"),
            Self::Unauthorized => (401, "unauthorized", "The request carries no valid API key"),
            Self::Forbidden => (403, "forbidden", "The API key may not do this"),
            Self::NotFound => (404, "not-found", "There is no such thing"),
            Self::MethodNotAllowed => (405, "method-not-allowed", "The path has no such method"),
            Self::Slow => (408, "slow", "The body did not arrive in time"),
            Self::Conflict => (409, "conflict", "It does not fit what is there"),
            Self::Changed => (412, "changed", "It was changed meanwhile"),
            Self::TooLarge => (413, "too-large", "The body is too large"),
            Self::UnsupportedMediaType => (415, "unsupported-media-type", "The body is not JSON"),
            Self::TooMany => (429, "too-many", "Too many attempts"),
            Self::Failed => (500, "failed", "The server failed"),
            Self::Unavailable => (503, "unavailable", "The server cannot do it now"),
        }
    }

    /// Its HTTP status.
    pub(super) const fn status(self) -> u16 {
        self.told().0
    }
}

/// A refusal with the sentence that its reader can act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    sort: Sort,
    detail: String,
    retry_after: Option<u64>,
    allow: Option<String>,
}

/// Why a request was refused (RFC 9457), as `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Document<'a> {
    /// Which sort of problem it is: `urn:tenantry:problem:` and its name.
    #[serde(rename = "type")]
    #[schema(example = "urn:tenantry:problem:not-found")]
    problem_type: String,
    /// The sort in words, always the same for one type.
    #[schema(example = "There is no such thing")]
    title: &'a str,
    /// The HTTP status.
    #[schema(example = 404)]
    status: u16,
    /// What is wrong this time, and the way out.
    #[schema(example = "no tenant is named \"acme\"; /api/v1/tenants lists those that this key may see")]
    detail: &'a str,
}

impl Problem {
    pub(super) fn new(sort: Sort, detail: impl Into<String>) -> Self {
        Self { sort, detail: detail.into(), retry_after: None, allow: None }
    }

    /// With the whole seconds after which it may be tried again.
    pub(super) fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// With the methods that there are.
    pub(super) fn allowing(self, methods: String) -> Self {
        Self { allow: Some(methods), ..self }
    }

    /// Foreign and unknown alike.
    pub(super) fn no_tenant(name: &str) -> Self {
        let detail = format!("no tenant is named \"{name}\"; /api/v1/tenants lists those that this key may see");
        Self::new(Sort::NotFound, detail)
    }

    /// No key, a wrong one, one that has ended: all alike.
    pub(super) fn no_key() -> Self {
        let detail =
            "send a valid API key as Authorization: Bearer KEY; an operator makes one with `tenantry api-key create`";
        Self::new(Sort::Unauthorized, detail)
    }

    /// The database does not answer.
    pub(super) fn unavailable() -> Self {
        let detail = "the database does not answer; try again, with the same Idempotency-Key if there was one";
        Self::new(Sort::Unavailable, detail).retry_after(1)
    }
}

/// What is ours is not told: it is in the log, under the id of the request.
impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let sort = match failure.code {
            Code::Invalid => Sort::Invalid,
            Code::NotFound => Sort::NotFound,
            Code::Conflict | Code::Differs => Sort::Conflict,
            Code::Unauthorized => return Self::no_key(),
            Code::Changed => Sort::Changed,
            Code::Unavailable => {
                tracing::error!(%failure, "an administrative request could not be done");
                return Self::unavailable();
            }
            Code::Failed => {
                tracing::error!(%failure, "an administrative request failed");
                let detail = "the server failed to do this; its log tells why, near the id that X-Request-Id names";
                return Self::new(Sort::Failed, detail);
            }
        };
        Self::new(sort, failure.message)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.sort.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let (status, name, title) = self.sort.told();
        let problem_type = format!("urn:tenantry:problem:{name}");
        let document = Document { problem_type, title, status, detail: &self.detail };
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((CONTENT_TYPE, "application/problem+json"));
        if let Some(seconds) = self.retry_after {
            response.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        if let Some(methods) = &self.allow {
            response.insert_header((ALLOW, methods.as_str()));
        }
        if self.sort == Sort::Unauthorized {
            response.insert_header((WWW_AUTHENTICATE, "Bearer realm=\"tenantry\", error=\"invalid_token\""));
        }
        response.body(serde_json::to_vec(&document).unwrap_or_default())
    }
}
