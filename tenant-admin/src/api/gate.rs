//! What every request passes: its key, a bound on how many that has under way, the headers of its answer, its line in the log.

use std::sync::Arc;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, ResponseError, web};
use tenancy::ApiKey;
use uuid::Uuid;

use super::asked::LetAt;
use super::document::OPEN;
use super::problem::{Problem, Sort};
use super::sender::sender;
use super::state::State;

/// Nothing here is for a browser to keep, to show in a frame, or to guess the type of.
const HEADERS: [(&str, &str); 5] = [
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
];

/// Lets a request through to its endpoint if its key is valid. Nothing of its body is read before.
pub(super) async fn gate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let (began, id) = (Instant::now(), Uuid::now_v7());
    let mut answer = match admit(&request).await {
        Ok(()) => next.call(request).await?.map_into_boxed_body(),
        Err(problem) => request.into_response(problem.error_response()),
    };
    finish(answer.headers_mut(), id);
    tell(&answer, began, id);
    Ok(answer)
}

async fn admit(request: &ServiceRequest) -> Result<(), Problem> {
    let missing = || Problem::new(Sort::Failed, "the server is not put together");
    let state = Arc::clone(request.app_data::<web::Data<State>>().ok_or_else(missing)?);
    if request.path() != OPEN {
        let authorization = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let key = state.authenticate(authorization, sender(request, &state.trusted_proxies)).await?;
        let share = state.places.share(key.id)?;
        request.extensions_mut().insert(share);
        request.extensions_mut().insert(Arc::new(key));
    }
    Ok(())
}

fn finish(headers: &mut HeaderMap, id: Uuid) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
}

/// Who asked for what, and how it ended. The path itself may hold anything.
fn tell(answer: &ServiceResponse<BoxBody>, began: Instant, id: Uuid) {
    let request = answer.request();
    let extensions = request.extensions();
    let key = extensions.get::<Arc<ApiKey>>().map(|key| key.id.to_string());
    let tenant = extensions.get::<LetAt>().map(|LetAt(name)| name.as_str());
    let route = request.match_pattern();
    tracing::info!(
        request.id = %id,
        api_key.id = key,
        tenant.id = tenant,
        method = method(request.method()),
        route = route.as_deref().unwrap_or("unknown"),
        status = answer.status().as_u16(),
        duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        "administered"
    );
}

/// A method may be any word.
fn method(method: &actix_web::http::Method) -> &str {
    match method.as_str() {
        known @ ("GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS") => known,
        _ => "other",
    }
}
