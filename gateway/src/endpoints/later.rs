//! `Prefer: respond-async` (RFC 9967 section 2.5.1): the answer comes as a security event token.
//!
//! The change is made within the request all the same. Only when the event that tells its result is in the log is the client
//! answered with 202: so what was answered so cannot be lost. Where that cannot be done, because the tenant has no stream or the database
//! is away, the client gets the answer itself (RFC 7240 section 2: a preference may be passed over).

use actix_http::Method;
use scim::ResourceKind;
use serde_json::{Map, Value};

use crate::caller::Caller;
use crate::error::Rejection;
use crate::reply::Reply;
use crate::routes::Route;

/// What is told of a request.
struct Told {
    uri: String,
    location: String,
    operation: Map<String, Value>,
}

/// Gives the client what it is to be answered with, in place of the answer.
pub(crate) async fn answer(
    caller: &Caller<'_>,
    route: &Route<'_>,
    outcome: Result<Reply, Rejection>,
) -> Result<Reply, Rejection> {
    let Some(kind) = kind(caller, route) else { return outcome };
    let Some(result) = told(caller, (kind, route), &outcome) else { return outcome };
    let directory = caller.directory();
    match directory.streams().await {
        Ok(streams) if streams.tells_requests => {}
        _ => return outcome,
    }
    let Told { uri, location, operation } = result;
    match directory.tell_completed(&uri, operation).await {
        Ok(transaction) => Ok(Reply::accepted(transaction, location)),
        Err(error) => {
            tracing::warn!(%error, "a request is answered at once, because its result could not be told otherwise");
            outcome
        }
    }
}

/// What is changed, if the client would rather hear of it later.
fn kind(caller: &Caller<'_>, route: &Route<'_>) -> Option<ResourceKind> {
    let kind = match (caller.method(), route) {
        (&Method::POST, Route::Resources(kind))
        | (&Method::PUT | &Method::PATCH | &Method::DELETE, Route::Resource(kind, _)) => *kind,
        _ => return None,
    };
    caller.prefers_later().then_some(kind)
}

/// The result of a request as one of a bulk response (RFC 7644 section 3.7.3). None of what has no result: who asks too much or is
/// not let in, and what failed here, is to be asked for again.
fn told(
    caller: &Caller<'_>,
    (kind, route): (ResourceKind, &Route<'_>),
    outcome: &Result<Reply, Rejection>,
) -> Option<Told> {
    let mut operation = Map::from_iter([("method".to_owned(), caller.method().as_str().into())]);
    let mut put = |name: &str, value: Value| drop(operation.insert(name.to_owned(), value));
    let path = match route {
        Route::Resource(_, id) => format!("{}/{id}", kind.endpoint()),
        _ => kind.endpoint().to_owned(),
    };
    let mut location = format!("{}{path}", caller.base());
    let mut uri = path;
    match outcome {
        Ok(reply) => {
            if let Some(made) = reply.located() {
                made.clone_into(&mut location);
                made.strip_prefix(caller.base()).unwrap_or(made).clone_into(&mut uri);
            }
            put("location", location.as_str().into());
            if let Some(version) = reply.etag() {
                put("version", version.into());
            }
            put("status", reply.status().as_u16().to_string().into());
        }
        Err(rejection @ Rejection::Refused(error)) if !matches!(error.status, 408 | 413) => {
            if matches!(route, Route::Resource(..)) {
                put("location", location.as_str().into());
            }
            put("status", error.status.to_string().into());
            put("response", rejection.to_error().to_json());
        }
        Err(_) => return None,
    }
    Some(Told { uri, location, operation })
}
