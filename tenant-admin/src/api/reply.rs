//! Answers.

use actix_web::http::header::{ETAG, LOCATION};
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde_json::Value;

/// What was asked for.
pub(super) fn ok(answer: &Value) -> HttpResponse {
    HttpResponse::Ok().json(answer)
}

/// What was made, and where it is.
pub(super) fn created(path: &str, answer: &Value) -> HttpResponse {
    let mut response: HttpResponseBuilder = HttpResponse::Created();
    response.insert_header((LOCATION, format!("/api/v1{path}"))).json(answer)
}

/// What was asked for, with the mark by which a change of it is noticed.
pub(super) fn tagged(tag: &str, answer: &Value) -> HttpResponse {
    HttpResponse::Ok().insert_header((ETAG, tag)).json(answer)
}
