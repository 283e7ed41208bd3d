//! One request from its arrival to its line in the log.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use actix_http::{Method, Payload, RequestHead, StatusCode};
use actix_web::http::header::HeaderName;
use futures::FutureExt as _;
use scim::{Quirk, Schemas, ScimError};
use telemetry::{Answered, Telemetry};
use tenancy::{CredentialId, OauthClientId, Tenant};
use uuid::Uuid;

use crate::app::Gateway;
use crate::caller::Caller;
use crate::client;
use crate::endpoints::discovery::{self, Known};
use crate::endpoints::later;
use crate::error::Rejection;
use crate::failures;
use crate::invitation;
use crate::oauth;
use crate::pipeline::{self, Admitted, Quota};
use crate::reply::{Answer, add};
use crate::request_id::RequestId;
use crate::routes::{self, Route, Target};
use crate::token_by_url;
use crate::worker::Worker;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers one request, whatever it is, and tells the log.
pub(crate) async fn answer(worker: &Worker, request: &RequestHead, payload: Payload) -> Answer {
    let mut exchange = Exchange::begin(request);
    let running = AssertUnwindSafe(exchange.run(worker, request, payload));
    // What panics has left nothing half done: changes are made by other tasks, wholly or not at all.
    let (outcome, caller) = running.catch_unwind().await.unwrap_or((Err(Rejection::Broken), None));
    let telemetry = &worker.gateway.telemetry;
    let mut answer = outcome.unwrap_or_else(|rejection| exchange.reject(&rejection, telemetry));
    exchange.sign(&mut answer);
    if let Some(quota) = exchange.quota.take() {
        quota.tell(&mut answer, exchange.client);
    }
    exchange.end(telemetry, caller.as_deref(), answer.status());
    answer
}

/// Who reads an answer, and in which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    /// A client of SCIM.
    Scim,
    /// One of OAuth.
    Oauth,
    /// A person in a browser.
    Person,
}

impl Reader {
    fn of(route: &Route<'_>) -> Self {
        match route {
            Route::Oauth(_) => Self::Oauth,
            Route::Invitation(_) => Self::Person,
            _ => Self::Scim,
        }
    }
}

/// What is known of a request from its arrival on.
pub(crate) struct Exchange {
    started: Instant,
    at: SystemTime,
    route: &'static str,
    /// Who reads what it is answered.
    reader: Reader,
    method: telemetry::Method,
    scim_type: Option<&'static str>,
    refused: Option<&'static str>,
    /// What its sender would have been told, had the address not been refused too often: for the log.
    hidden: Option<&'static str>,
    /// The same for the provisioning log.
    hidden_error: Option<ScimError>,
    /// Whose request it is, where no caller tells: its token is genuine and was refused, or it was asked for.
    tenant: Option<Arc<Tenant>>,
    /// What its sender is told of its limits, if its token is good.
    pub(crate) quota: Option<Quota>,
    /// The client that got an access token.
    credential: Option<CredentialId>,
    /// The short name of the client.
    pub(crate) client: &'static str,
    /// The id of the request, in answers, the log and the events.
    pub(crate) id: RequestId,
}

impl Exchange {
    fn begin(request: &RequestHead) -> Self {
        let at = SystemTime::now();
        Self {
            started: Instant::now(),
            at,
            route: "unknown",
            reader: Reader::Scim,
            method: method(&request.method),
            scim_type: None,
            refused: None,
            hidden: None,
            hidden_error: None,
            tenant: None,
            quota: None,
            credential: None,
            client: client::label(request.headers(), request.uri.query().unwrap_or_default()),
            id: RequestId::new(at),
        }
    }

    /// Notes whose request it is, where no [`Caller`] tells.
    pub(crate) fn blame(&mut self, tenant: &Arc<Tenant>) {
        self.tenant = Some(Arc::clone(tenant));
    }

    /// Notes why a genuine token or client is refused, where its sender is told something else.
    pub(crate) fn hide(&mut self, rejection: &Rejection) {
        if self.tenant.is_some() {
            self.hidden_error = Some(rejection.to_error());
            self.hidden = self.hidden.or_else(|| rejection.labels().1);
        }
    }

    /// Notes more of why a tenant's client is refused than its sender is told.
    pub(crate) fn explain(&mut self, reason: &'static str) {
        self.hidden = Some(reason);
    }

    /// Notes which client got an access token.
    pub(crate) fn gave(&mut self, tenant: &Arc<Tenant>, client: OauthClientId) {
        self.blame(tenant);
        self.credential = Some(CredentialId::Client(client));
    }

    /// The id of the request, the short name of the client, and when it arrived, in milliseconds since 1970.
    pub(crate) fn asked(&self) -> (&str, &'static str, i64) {
        (self.id.as_str(), self.client, self.arrived_ms())
    }

    /// When the request arrived, in milliseconds since 1970.
    pub(crate) fn arrived_ms(&self) -> i64 {
        let since = self.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    /// Tells the tenant whose token it was, if there is one, that a request was refused.
    fn tell_refusal(&mut self, gateway: &Gateway, asked: (&Method, &Route<'_>), rejection: &Rejection) {
        let error = self.hidden_error.take();
        if let Some(tenant) = &self.tenant {
            let error = error.unwrap_or_else(|| rejection.to_error());
            failures::note_refused(gateway, tenant, self, asked, error);
        }
    }

    /// When the request arrived, by a clock that nobody sets.
    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    async fn run<'a>(
        &mut self,
        worker: &'a Worker,
        request: &'a RequestHead,
        payload: Payload,
    ) -> (Result<Answer, Rejection>, Option<Box<Caller<'a>>>) {
        let path = request.uri.path();
        let below = || Target::parse_below(path, worker.gateway.tenants.profiles().base_paths());
        let target = Target::parse(path).or_else(below);
        if let Some(target) = &target {
            self.route = target.route.template();
            self.reader = Reader::of(&target.route);
        }
        let origin = match pipeline::meet(&worker.gateway, request) {
            Ok(origin) => origin,
            Err(rejection) => return (Err(rejection), None),
        };
        let Some(target) = target else { return (Err(Rejection::unknown_base()), None) };
        let now = match pipeline::settle(worker).await {
            Ok(now) => now,
            Err(rejection) => return (Err(rejection), None),
        };
        if let Route::Oauth(endpoint) = target.route {
            let outcome = Box::pin(oauth::answer(worker, (request, payload, origin), &target, endpoint, self)).await;
            if let Err(rejection) = &outcome {
                self.tell_refusal(&worker.gateway, (&request.method, &target.route), rejection);
            }
            return (outcome.map(Answer::from), None);
        }
        if target.route == Route::Token {
            let outcome = Box::pin(token_by_url::answer(worker, (request, &origin), &target, self)).await;
            return (outcome.map(Answer::from), None);
        }
        if let Route::Invitation(link) = &target.route {
            let opened = invitation::answer(worker, (request, &origin), (&target, link), (self, now));
            return (Box::pin(opened).await, None);
        }
        match pipeline::admit(worker, (request, payload, origin), &target, self, now).await {
            Ok(Admitted::Caller(mut caller)) => {
                let outcome = routes::answer(&mut caller, &target.route).await;
                if let Err(rejection) = &outcome {
                    failures::note(&caller, &target.route, rejection);
                }
                let outcome = Box::pin(later::answer(&caller, &target.route, outcome)).await;
                (outcome.map(Answer::from), Some(caller))
            }
            Ok(Admitted::Anonymous { base, document }) => {
                let (query, schemas) = (request.uri.query().unwrap_or_default(), Schemas::standard());
                let outcome = discovery::read(worker, query, (&schemas, &base), document, Known::default());
                (outcome.map(Answer::from), None)
            }
            Err(rejection) => {
                self.tell_refusal(&worker.gateway, (&request.method, &target.route), &rejection);
                (Err(rejection), None)
            }
        }
    }

    /// The answer to a refusal.
    fn reject(&mut self, rejection: &Rejection, telemetry: &Telemetry) -> Answer {
        (self.scim_type, self.refused) = rejection.labels();
        self.refused = self.hidden.or(self.refused);
        if let Rejection::Limited(limited) = rejection {
            telemetry.metrics().rate_limited(limited.scope);
        }
        if let Some(quota) = &mut self.quota {
            quota.retry_after = rejection.retry_after();
        }
        rejection.log(self.id.as_str());
        match self.reader {
            Reader::Scim => rejection.to_answer(),
            Reader::Oauth => oauth::answer_to(rejection),
            Reader::Person => invitation::answer_to(rejection),
        }
    }

    /// Gives an answer the id by which its line in the log and its events are found.
    fn sign(&self, answer: &mut Answer) {
        add(answer, X_REQUEST_ID, self.id.as_str());
    }

    fn end(&self, telemetry: &Telemetry, caller: Option<&Caller<'_>>, status: StatusCode) {
        let tenant = caller.map(Caller::tenant).or(self.tenant.as_ref());
        let repaired = caller.map(|caller| caller.dialect.repaired()).unwrap_or_default();
        let quirks: Vec<_> = repaired.iter().map(Quirk::label).collect();
        let duration = self.started.elapsed();
        if let Some(caller) = caller {
            caller.note_duration(duration);
        }
        let credential = caller.map(|caller| caller.authenticated().credential()).or(self.credential);
        let mut buffer = Uuid::encode_buffer();
        let credential = credential.map(|id| &*id.as_uuid().hyphenated().encode_lower(&mut buffer));
        telemetry.answered(&Answered {
            at: self.at + duration,
            request_id: self.id.as_str(),
            tenant: tenant.map(|tenant| tenant.name()),
            credential,
            method: self.method,
            route: self.route,
            status: status.as_u16(),
            duration,
            client: self.client,
            scim_type: self.scim_type,
            refused: self.refused,
            quirks: &quirks,
        });
    }
}

/// The method as the log tells it.
fn method(method: &Method) -> telemetry::Method {
    match *method {
        Method::GET => telemetry::Method::Get,
        Method::HEAD => telemetry::Method::Head,
        Method::POST => telemetry::Method::Post,
        Method::PUT => telemetry::Method::Put,
        Method::PATCH => telemetry::Method::Patch,
        Method::DELETE => telemetry::Method::Delete,
        _ => telemetry::Method::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::Reply;

    #[test]
    fn every_answer_tells_the_id_of_its_request() {
        let exchange = Exchange::begin(&RequestHead::default());
        let answers = [Answer::from(Reply::no_content()), Answer::from(Reply::ok("{}")), Rejection::Broken.to_answer()];
        for mut answer in answers {
            exchange.sign(&mut answer);
            assert_eq!(answer.headers().get(X_REQUEST_ID).unwrap(), exchange.id.as_str());
        }
    }
}
