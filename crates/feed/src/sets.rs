//! `POST /sets`: receivers ask for security event tokens, and say what they have (RFC 8936).

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use delivery::{DeliveryError, MOST, Poll, StoreRecord};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::State;
use crate::problem::Problem;
use crate::pull;

/// The longest request: it may acknowledge some thousands.
const BYTES: usize = 256 * 1024;
/// How long it may take to arrive.
const TIME: Duration = Duration::from_secs(10);
const USUAL: u32 = 100;
/// How long public keys may be kept by whoever fetched them, in seconds.
const KEPT: &str = "public, max-age=300";

/// What a receiver sends (RFC 8936 section 2.4).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Asked {
    max_events: Option<u64>,
    return_immediately: bool,
    ack: Vec<String>,
    set_errs: BTreeMap<String, SetError>,
}

/// Why it does not take a token.
#[derive(Debug, Deserialize)]
struct SetError {
    err: String,
    #[serde(default)]
    description: String,
}

/// The tokens of the store whose token it is.
pub(crate) async fn poll(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    answer(&request, payload, &state, None).await
}

/// The same at an address that names the tenant; it and the token must agree.
pub(crate) async fn poll_of_tenant(
    request: HttpRequest,
    payload: web::Payload,
    tenant: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    answer(&request, payload, &state, Some(&tenant)).await
}

/// The public keys of a tenant, for whoever verifies what its streams tell.
pub(crate) async fn keys(tenant: web::Path<String>, state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let keys = state.stores.public_keys(&tenant).map_err(Problem::failed)?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, KEPT)).json(keys))
}

async fn answer(
    request: &HttpRequest,
    payload: web::Payload,
    state: &State,
    tenant: Option<&str>,
) -> Result<HttpResponse, Problem> {
    let (token, reader) = pull::authenticate(request, state, tenant).await?;
    if !reader.polls() {
        return Err(Problem::unauthorized());
    }
    let _place = state.places.take(reader.store().id)?;
    let poll = parse(&read(payload).await?)?;
    // The body may have taken its time, and the store was changed meanwhile.
    let reader = pull::find(state, &token).await?.ok_or_else(Problem::unauthorized)?;
    let polled = state.stores.poll(&reader, &poll).await.map_err(|error| refusal(error, reader.store()))?;
    tracing::debug!(
        tenant.id = reader.tenant().name(),
        store.name = reader.store().name,
        events = polled.sets.len(),
        acknowledged = poll.accepted.len(),
        "security event tokens were fetched"
    );
    let mut body = Map::from_iter([("sets".to_owned(), json!(polled.sets))]);
    if polled.has_more {
        body.insert("moreAvailable".to_owned(), json!(true));
    }
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}

/// A receiver cannot say where it goes on: its operator does.
fn refusal(error: DeliveryError, store: &StoreRecord) -> Problem {
    match error {
        DeliveryError::Pruned { oldest } => Problem::gone(format!(
            "{error}; what the receiver has is not whole: it reads the users and groups over SCIM, and goes on after: tenantry \
             store replay TENANT {} --from-sequence {oldest}",
            store.name
        )),
        error => error.into(),
    }
}

async fn read(payload: web::Payload) -> Result<web::Bytes, Problem> {
    let late = |_| Problem::invalid(format!("the body did not arrive within {} seconds", TIME.as_secs()));
    let body = tokio::time::timeout(TIME, payload.to_bytes_limited(BYTES)).await.map_err(late)?;
    let body = body.map_err(|_| Problem::invalid(format!("the body is larger than {BYTES} bytes")))?;
    body.map_err(|_| Problem::invalid("the body broke off"))
}

fn parse(body: &[u8]) -> Result<Poll, Problem> {
    // A list would be taken for the members in their order.
    let members = serde_json::from_slice(body).and_then(|members| Asked::deserialize(Value::Object(members)));
    let asked = members.map_err(|error| {
        Problem::invalid(format!(
            "the body is a JSON object with maxEvents, returnImmediately, ack and setErrs (RFC 8936 section 2.4): {error}"
        ))
    })?;
    let most = asked.max_events.map_or(USUAL, |most| u32::try_from(most).unwrap_or(MOST).min(MOST));
    let refused = asked.set_errs.into_iter().map(|(id, SetError { err, description })| {
        let reason = if description.is_empty() { err } else { format!("{err}: {description}") };
        (id, harmless(&reason))
    });
    Ok(Poll { most, is_immediate: asked.return_immediately, accepted: asked.ack, refused: refused.collect() })
}

/// A reason as one line, without what may be an address of a person: it is kept and logged.
fn harmless(reason: &str) -> String {
    let shown = |letter: char| if letter.is_control() { ' ' } else { letter };
    let line: String = reason.chars().map(shown).collect();
    let words = line.split_whitespace().map(|word| if word.contains('@') || word.len() > 40 { "…" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_as_usual() {
        let poll = parse(b"{}").ok().unwrap();
        assert_eq!((poll.most, poll.is_immediate), (USUAL, false));
        let poll = parse(br#"{"maxEvents":0,"returnImmediately":true,"ack":["a"],"more":1}"#).ok().unwrap();
        assert_eq!((poll.most, poll.is_immediate, poll.accepted), (0, true, vec!["a".to_owned()]));
        assert_eq!(parse(br#"{"maxEvents":99999999999}"#).ok().unwrap().most, MOST);
        for body in ["", "[]", "{\"ack\":1}", "{\"maxEvents\":-1}"] {
            assert!(parse(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn a_reason_is_kept_without_persons() {
        let body =
            br#"{"setErrs":{"a":{"err":"invalid_audience","description":"ada@acme.example\n is no \u001b[31m one"}}}"#;
        let refused = parse(body).ok().unwrap().refused;
        assert_eq!(refused, [("a".to_owned(), "invalid_audience: … is no [31m one".to_owned())]);
    }
}
