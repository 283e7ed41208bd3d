//! Reading a body: of the right type, not too large, not too slowly, and JSON that means one thing only.

mod content_type;
mod json;

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use actix_http::error::PayloadError;
use actix_http::{Payload, RequestHead};
use actix_web::http::header::CONTENT_LENGTH;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt as _, poll};
use scim::ScimError;
use serde_json::Value;

use crate::error::Rejection;
use crate::pipeline::{Limited, Permit};

/// From this size on, parsing takes long enough (a millisecond and more) to be worth a thread of its own.
const LARGE: usize = 128 * 1024;

/// How large a body may be, and how long it may take to arrive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    /// Bytes.
    pub(crate) bytes: usize,
    /// From the first byte to the last.
    pub(crate) time: Duration,
}

/// Reads the body of a request that has passed every stage.
pub(crate) async fn read(
    request: &RequestHead,
    payload: Payload,
    bound: Bound,
    permit: &mut Permit,
) -> Result<Bytes, Rejection> {
    content_type::check(request.headers())?;
    if announced(request).is_some_and(|length| length > bound.bytes as u64) {
        return Err(Rejection::too_large(bound.bytes));
    }
    await_body(payload, bound, permit).await
}

/// Mostly a body is there with its request. While it is not, whoever finds no room because of that knows how long it may take.
async fn await_body(payload: Payload, bound: Bound, permit: &mut Permit) -> Result<Bytes, Rejection> {
    let mut awaited = permit.awaited_body();
    let mut body = pin!(within(bound, collect(payload, bound.bytes, |bytes| permit.hold(bytes))));
    if let Poll::Ready(body) = poll!(body.as_mut()) {
        return body;
    }
    awaited.wait(bound.time);
    body.await
}

/// Reads the body of a request to the token endpoint, whose sender is not known yet.
pub(crate) async fn read_form(
    request: &RequestHead,
    payload: Payload,
    bound: Bound,
    hold: impl FnMut(usize) -> Result<(), Limited>,
) -> Result<Bytes, Rejection> {
    if announced(request).is_some_and(|length| length > bound.bytes as u64) {
        return Err(Rejection::too_large(bound.bytes));
    }
    within(bound, collect(payload, bound.bytes, hold)).await
}

async fn within(bound: Bound, body: impl Future<Output = Result<Bytes, Rejection>>) -> Result<Bytes, Rejection> {
    tokio::time::timeout(bound.time, body).await.unwrap_or_else(|_| Err(Rejection::too_slow(bound.time)))
}

fn announced(request: &RequestHead) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn collect(
    mut payload: Payload,
    limit: usize,
    mut hold: impl FnMut(usize) -> Result<(), Limited>,
) -> Result<Bytes, Rejection> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| broken_off(&error))?;
        if body.len() + chunk.len() > limit {
            return Err(Rejection::too_large(limit));
        }
        hold(chunk.len())?;
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn broken_off(_: &PayloadError) -> Rejection {
    ScimError::invalid_syntax("the body broke off or its transfer encoding is damaged").into()
}

/// The JSON in it.
pub(crate) async fn parse(body: Bytes) -> Result<Value, Rejection> {
    if body.len() < LARGE {
        return Ok(json::parse(&body)?);
    }
    let parsed = actix_web::rt::task::spawn_blocking(move || json::parse(&body)).await;
    Ok(parsed.map_err(Rejection::unavailable)??)
}
