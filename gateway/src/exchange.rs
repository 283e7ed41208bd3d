//! One request from its arrival to its line in the log.

use std::sync::Arc;
use std::time::Instant;

use actix_web::dev::Payload;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};
use scim::{Quirk, Quirks, Schemas};
use telemetry::{Answered, Telemetry};
use tenancy::Tenant;
use uuid::Uuid;

use crate::app::Gateway;
use crate::client;
use crate::endpoints::discovery;
use crate::error::Rejection;
use crate::pipeline::{self, Admitted};
use crate::reply::Reply;
use crate::routes::{self, Target};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers one request, whatever it is, and tells the log.
pub(crate) async fn answer(gateway: &Gateway, request: &HttpRequest, payload: Payload) -> HttpResponse {
    let mut exchange = Exchange::begin(request);
    let outcome = exchange.run(gateway, request, payload).await;
    let mut response = outcome.map_or_else(|rejection| exchange.reject(&rejection, gateway), HttpResponse::from);
    if let Ok(id) = HeaderValue::from_str(exchange.id.as_str()) {
        response.headers_mut().insert(X_REQUEST_ID, id);
    }
    exchange.end(&gateway.telemetry, response.status());
    response
}

/// What the log will tell of a request.
pub(crate) struct Exchange {
    started: Instant,
    method: &'static str,
    route: &'static str,
    tenant: Option<Arc<Tenant>>,
    quirks: Quirks,
    scim_type: Option<&'static str>,
    refused: Option<&'static str>,
    /// The short name of the client.
    pub(crate) client: &'static str,
    /// The id of the request, in the answer, the log and the events.
    pub(crate) id: RequestId,
}

impl Exchange {
    fn begin(request: &HttpRequest) -> Self {
        Self {
            started: Instant::now(),
            method: method(request.method()),
            route: "unknown",
            tenant: None,
            quirks: Quirks::default(),
            scim_type: None,
            refused: None,
            client: client::label(request.headers(), request.query_string()),
            id: RequestId::new(),
        }
    }

    async fn run(&mut self, gateway: &Gateway, request: &HttpRequest, payload: Payload) -> Result<Reply, Rejection> {
        let target = Target::parse(request.path()).ok_or_else(Rejection::unknown_base)?;
        self.route = target.route.template();
        match pipeline::admit(gateway, (request, payload), &target, self)? {
            Admitted::Anonymous { base, document } => {
                discovery::read(gateway, request, &Schemas::standard(), &base, document)
            }
            Admitted::Caller(mut caller) => {
                self.tenant = Some(Arc::clone(caller.tenant()));
                let outcome = routes::answer(&mut caller, &target.route).await;
                self.quirks = caller.dialect.repaired();
                outcome
            }
        }
    }

    /// The answer to a refusal. A failure of ours is logged here, once.
    fn reject(&mut self, rejection: &Rejection, gateway: &Gateway) -> HttpResponse {
        (self.scim_type, self.refused) = rejection.labels();
        if let Rejection::Limited(limited) = rejection {
            gateway.telemetry.metrics().rate_limited(limited.scope);
        }
        rejection.log(self.id.as_str());
        rejection.to_response()
    }

    fn end(&self, telemetry: &Telemetry, status: StatusCode) {
        let quirks: Vec<_> = self.quirks.iter().map(Quirk::label).collect();
        telemetry.answered(&Answered {
            request_id: self.id.as_str(),
            tenant: self.tenant.as_ref().map(|tenant| tenant.name()),
            method: self.method,
            route: self.route,
            status: status.as_u16(),
            duration: self.started.elapsed(),
            client: self.client,
            scim_type: self.scim_type,
            refused: self.refused,
            quirks: &quirks,
        });
    }
}

/// A UUID as text: later requests sort after earlier ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestId([u8; 36]);

impl RequestId {
    fn new() -> Self {
        let mut text = [0; 36];
        Uuid::now_v7().hyphenated().encode_lower(&mut text);
        Self(text)
    }

    /// As it stands in headers and logs.
    pub(crate) fn as_str(&self) -> &str {
        // Only hexadecimal digits and hyphens.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The method as a label; any word may be sent as a method.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "OTHER",
    }
}
