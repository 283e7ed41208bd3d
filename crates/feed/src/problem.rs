//! Refusals: problem details (RFC 9457).

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use delivery::DeliveryError;
use serde_json::json;

/// Why a request was refused.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    name: &'static str,
    detail: String,
    retry_after: Option<u64>,
}

impl Problem {
    fn new(status: StatusCode, name: &'static str, detail: impl Into<String>) -> Self {
        Self { status, name, detail: detail.into(), retry_after: None }
    }

    /// Missing, forged, replaced, of another tenant: all alike.
    pub(crate) fn unauthorized() -> Self {
        let detail = "the request carries no valid token of a store; send Authorization: Bearer TOKEN, as tenantry store token \
                      prints it";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", detail)
    }

    pub(crate) fn too_many(most: u32) -> Self {
        let detail = format!("the store has {most} requests under way already; let one reader wait for all");
        Self { retry_after: Some(1), ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many", detail) }
    }

    /// The server failed.
    pub(crate) fn failed(error: impl fmt::Display) -> Self {
        tracing::error!(%error, "a reader could not be answered");
        let detail = "the server failed; try again later";
        Self { retry_after: Some(5), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail) }
    }

    /// What comes next is not in the log any more.
    pub(crate) fn gone(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, "pruned", detail)
    }

    /// What it tells, in a line of JSON.
    pub(crate) fn body(&self) -> String {
        let body = json!({
            "type": format!("urn:tenantry:problem:{}", self.name),
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        body.to_string()
    }

    fn unavailable(error: &DeliveryError) -> Self {
        tracing::warn!(%error, "a reader could not be answered");
        let detail = "the events cannot be read now; try again later";
        Self { retry_after: Some(5), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail) }
    }
}

impl From<DeliveryError> for Problem {
    fn from(error: DeliveryError) -> Self {
        match error {
            DeliveryError::Conflict(sentence) => {
                let detail = format!("{sentence}; its events wait");
                Self { retry_after: Some(30), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "paused", detail) }
            }
            DeliveryError::NoStore { .. } => Self::unauthorized(),
            DeliveryError::Pruned { oldest } => {
                let detail = format!(
                    "{error}; what the store has is not whole: fill it anew from the directory, and go on with after={}",
                    oldest - 1
                );
                Self::gone(detail)
            }
            error => Self::unavailable(&error),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.detail)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        answer.insert_header((CACHE_CONTROL, "no-store"));
        if let Some(seconds) = self.retry_after {
            answer.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            answer.insert_header((WWW_AUTHENTICATE, "Bearer realm=\"events\""));
        }
        answer.content_type("application/problem+json").body(self.body())
    }
}

/// Another path or method.
pub(crate) async fn unknown(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let path = request.path();
    let is_of = |end: &str| path == end || (path.starts_with("/t/") && path.ends_with(end));
    Err(if is_of("/events") {
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "events are read with GET")
    } else if is_of("/may-act") {
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "whether a user may act is asked with GET")
    } else if is_of("/sets") {
        let detail = "security event tokens are asked for with POST";
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail)
    } else {
        let detail = "there is no such path; events are at /events, security event tokens at /sets, and /may-act tells whether a user may act";
        Problem::new(StatusCode::NOT_FOUND, "not-found", detail)
    })
}
