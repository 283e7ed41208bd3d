//! Answers.

use actix_web::http::header::{ETAG, LOCATION};
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde_json::Value;

use super::document::BASE;

/// What was asked for.
pub(super) fn ok(answer: &Value) -> HttpResponse {
    HttpResponse::Ok().json(answer)
}

/// What was made, and where it is.
pub(super) fn created(path: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::Created();
    response.insert_header((LOCATION, format!("{BASE}{path}")));
    response
}

/// An answer with the mark by which a change of it is noticed.
pub(super) fn tagged(mut response: HttpResponseBuilder, answer: &Value) -> HttpResponse {
    if let Some(version) = answer.get("version").and_then(Value::as_i64) {
        response.insert_header((ETAG, format!("\"{version}\"")));
    }
    response.json(answer)
}
