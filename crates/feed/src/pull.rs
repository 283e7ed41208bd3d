//! `GET /events?after=…&limit=…&wait=…`

use std::str::FromStr;
use std::time::{Duration, Instant};

use actix_web::http::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL};
use actix_web::{HttpRequest, HttpResponse, web};
use delivery::{MOST, Page, Reader};
use secrecy::SecretString;
use serde_json::json;

use crate::State;
use crate::problem::Problem;
use crate::stream;

/// What a reader asks for.
#[derive(Debug, Default)]
struct Query {
    /// The number of the last event that the reader has. Without it: as it said the last time.
    after: Option<i64>,
    /// At most so many events.
    limit: Option<u32>,
    /// For how many seconds to wait for the first one.
    wait: Option<u64>,
}

impl Query {
    fn parse(text: &str) -> Result<Self, Problem> {
        let mut query = Self::default();
        for (name, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "after" => query.after = Some(number(name, value)?),
                "limit" => query.limit = Some(number(name, value)?),
                "wait" => query.wait = Some(number(name, value)?),
                _ => {
                    return Err(Problem::invalid(format!(
                        "there is no parameter {name}; there are after, limit and wait"
                    )));
                }
            }
        }
        Ok(query)
    }
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T, Problem> {
    value.parse().map_err(|_| Problem::invalid(format!("{name} is a whole number, not \"{value}\"")))
}

const USUAL: u32 = 100;

/// The events of the store whose token it is.
pub(crate) async fn events(request: HttpRequest, state: web::Data<State>) -> Result<HttpResponse, Problem> {
    answer(&request, state, None).await
}

/// The same at an address that names the tenant; it and the token must agree.
pub(crate) async fn events_of_tenant(
    request: HttpRequest,
    tenant: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    answer(&request, state, Some(&tenant)).await
}

async fn answer(request: &HttpRequest, state: web::Data<State>, tenant: Option<&str>) -> Result<HttpResponse, Problem> {
    let began = Instant::now();
    let (token, reader) = authenticate(request, &state, tenant).await?;
    if reader.polls() {
        return Err(Problem::unauthorized());
    }
    let query = Query::parse(request.query_string())?;
    let limit = query.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Problem::invalid(format!("limit is between 1 and {MOST}, not {limit}")));
    }
    let place = state.places.take(reader.store().id)?;
    if wants_stream(request) {
        return stream::answer(request, state, token, query.after, limit, place).await;
    }
    let patience = Duration::from_secs(query.wait.unwrap_or_default());
    let page = state.stores.read(&reader, query.after, limit, patience).await?;
    tracing::debug!(
        tenant.id = reader.tenant().name(),
        store.name = reader.store().name,
        events = page.events.len(),
        duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        "events were fetched"
    );
    shown(&page)
}

/// Whose token a request carries.
pub(crate) async fn authenticate(
    request: &HttpRequest,
    state: &State,
    tenant: Option<&str>,
) -> Result<(SecretString, Reader), Problem> {
    let token = token(request).ok_or_else(Problem::unauthorized)?;
    let reader = find(state, &token).await?.ok_or_else(Problem::unauthorized)?;
    if tenant.is_some_and(|name| !name.eq_ignore_ascii_case(reader.tenant().name())) {
        return Err(Problem::unauthorized());
    }
    Ok((token, reader))
}

fn shown(page: &Page) -> Result<HttpResponse, Problem> {
    let body = json!({
        "events": page.events,
        "next": page.next,
        "newest": page.newest,
    });
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}

/// Who has this token.
pub(crate) async fn find(state: &State, token: &SecretString) -> Result<Option<Reader>, Problem> {
    let lookup = state.places.lookups.acquire().await;
    let reader = state.stores.reader(token).await;
    drop(lookup);
    Ok(reader?)
}

fn token(request: &HttpRequest) -> Option<SecretString> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().into())
}

fn wants_stream(request: &HttpRequest) -> bool {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/event-stream"))
}
