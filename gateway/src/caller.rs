//! The client of one tenant, in one request that has passed every stage.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_http::{Method, Payload, RequestHead};
use actix_web::http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use bytes::Bytes;
use directory::{Actor, Condition, Directory, Include, Members, Record};
use scim::{
    BulkRequest, Dialect, Draft, ListQuery, Patch, Projection, ResourceKind, ResourceType, ScimError, VersionTag,
};
use serde_json::Value;
use tenancy::{Authenticated, Denied, Tenant};

use crate::app::Gateway;
use crate::body::{self, Bound};
use crate::error::Rejection;
use crate::exchange::Exchange;
use crate::pipeline::Permit;
use crate::precondition;
use crate::reply::Reply;
use crate::request_id::RequestId;
use crate::worker::Worker;

/// What a client would like (RFC 7240).
const PREFER: HeaderName = HeaderName::from_static("prefer");

/// Who asks, and what they send. Endpoints get nothing else, so none of them can reach another tenant's directory.
pub(crate) struct Caller<'a> {
    worker: &'a Worker,
    request: &'a RequestHead,
    payload: Payload,
    /// The body as it came, once it is there.
    sent: Bytes,
    authenticated: Authenticated,
    permit: Permit,
    base: String,
    client: &'static str,
    id: RequestId,
    arrived: Instant,
    arrived_ms: i64,
    /// What had to be repaired so far.
    pub(crate) dialect: Dialect,
}

impl<'a> Caller<'a> {
    /// Somebody whom the stages have let in.
    pub(crate) fn new(
        worker: &'a Worker,
        (request, payload): (&'a RequestHead, Payload),
        exchange: &Exchange,
        (authenticated, permit): (Authenticated, Permit),
        base: String,
    ) -> Self {
        let strict = authenticated.tenant().settings().strict;
        let dialect = if strict { Dialect::strict() } else { Dialect::lenient() };
        let (client, id, arrived) = (exchange.client, exchange.id, exchange.started());
        let (sent, arrived_ms) = (Bytes::new(), exchange.arrived_ms());
        Self { worker, request, payload, sent, authenticated, permit, base, client, id, arrived, arrived_ms, dialect }
    }

    /// The thread that serves them.
    pub(crate) fn worker(&self) -> &'a Worker {
        self.worker
    }

    /// The gateway.
    pub(crate) fn gateway(&self) -> &'a Gateway {
        &self.worker.gateway
    }

    /// The method; HEAD is GET, the server leaves out the body.
    pub(crate) fn method(&self) -> &'a Method {
        match &self.request.method {
            &Method::HEAD => &Method::GET,
            method => method,
        }
    }

    /// The proof of who asks.
    pub(crate) fn authenticated(&self) -> &Authenticated {
        &self.authenticated
    }

    /// Whose client it is.
    pub(crate) fn tenant(&self) -> &Arc<Tenant> {
        self.authenticated.tenant()
    }

    /// The schema of a resource type as this tenant has it.
    pub(crate) fn of(&self, kind: ResourceKind) -> &ResourceType {
        self.tenant().schemas().of(kind)
    }

    /// The URL that `/Users` is appended to, as this client sees it.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Their tenant's directory, every change told as theirs.
    pub(crate) fn directory(&self) -> Directory {
        let actor = Actor {
            client: self.client,
            credential: Some(self.authenticated.credential()),
            request_id: self.id.as_str().to_owned(),
        };
        self.worker.directories.of(&self.authenticated, actor)
    }

    /// The id of their request, the short name of the client, and when it arrived, in milliseconds since 1970.
    pub(crate) fn asked(&self) -> (&str, &'static str, i64) {
        (self.id.as_str(), self.client, self.arrived_ms)
    }

    /// The body as they sent it, as far as it was read.
    pub(crate) fn sent(&self) -> &[u8] {
        &self.sent
    }

    /// When their request arrived.
    pub(crate) fn arrived(&self) -> Instant {
        self.arrived
    }

    /// The message for one operation of many that was not done.
    pub(crate) fn explain(&self, rejection: &Rejection) -> ScimError {
        rejection.log(self.id.as_str());
        rejection.to_error()
    }

    /// Tells the log that operations of a bulk request were not begun.
    pub(crate) fn log_stop(&self) {
        let (id, tenant) = (self.id.as_str(), self.tenant().name());
        tracing::warn!(request.id = id, tenant.id = tenant, "a bulk request was stopped before its end");
    }

    /// The most operations that the tenant's rate lets through in one bulk request.
    pub(crate) fn most_operations(&self) -> u32 {
        self.permit.most_operations()
    }

    /// Notes that an operation of a bulk request is done.
    pub(crate) fn note_operation(&self) {
        self.permit.note_operation();
    }

    /// Waits until the rates that the tenant has by then allow one operation more.
    pub(crate) async fn wait_for_turn(&self) {
        let Gateway { limits, tenants, .. } = self.gateway();
        limits.wait_for_turn(|| tenants.newest(self.tenant())).await;
    }

    /// Refuses to go on for somebody who would not be let in now.
    pub(crate) async fn confirm(&mut self) -> Result<(), Rejection> {
        let tenants = &self.worker.gateway.tenants;
        tenants.confirm(&mut self.authenticated).await.map_err(|denied| match denied {
            Denied::Refused { refusal, .. } => Rejection::Unauthenticated(refusal),
            failure @ Denied::Unavailable(_) => Rejection::unavailable(failure),
        })
    }

    /// Notes how long the request took.
    pub(crate) fn note_duration(&self, took: Duration) {
        self.permit.note_duration(took);
    }
}

/// What they send.
impl<'a> Caller<'a> {
    /// `attributes` and `excludedAttributes` of the query.
    pub(crate) fn view(&self) -> Result<Projection, Rejection> {
        match self.query() {
            "" => Ok(Projection::default()),
            query => Ok(ListQuery::from_query(query)?.view),
        }
    }

    /// What `If-Match` demands.
    pub(crate) fn condition(&self) -> Condition {
        precondition::if_match(self.list(&IF_MATCH).as_deref())
    }

    /// Whether `If-None-Match` says that they have this version.
    pub(crate) fn has_already(&self, tag: VersionTag) -> bool {
        precondition::has_already(self.list(&IF_NONE_MATCH).as_deref(), tag)
    }

    /// Refuses a change of a resource that `If-None-Match` says must not be there, or not in this version (RFC 9110
    /// section 13.1.2).
    pub(crate) async fn refuse_present(&self, kind: ResourceKind, id: &str) -> Result<(), Rejection> {
        let Some(unwanted) = self.list(&IF_NONE_MATCH) else { return Ok(()) };
        let record = self.directory().get(kind, id, Include::NOTHING).await?;
        if precondition::names_version(&unwanted, record.version) {
            return Err(ScimError::new(412, "the resource is there, and If-None-Match asks that it is not").into());
        }
        Ok(())
    }

    /// Whether they want no resource back (RFC 7240 section 4.2).
    pub(crate) fn prefers_minimal(&self) -> bool {
        let wishes = self.list(&PREFER).unwrap_or_default();
        wishes.split([',', ';']).any(|wish| wish.trim().eq_ignore_ascii_case("return=minimal"))
    }

    /// Whether they would rather be answered later (RFC 7240 section 4.1): also after they have waited as long as they would
    /// (section 4.3).
    pub(crate) fn prefers_later(&self) -> bool {
        let wishes = self.list(&PREFER).unwrap_or_default();
        precondition::prefers_later(&wishes, self.arrived.elapsed())
    }

    /// The resource in the body of a POST or PUT.
    pub(crate) async fn draft(&mut self, kind: ResourceKind) -> Result<Draft, Rejection> {
        let body = self.body(self.resource_bytes(kind)).await?;
        self.draft_of(kind, body)
    }

    /// A resource out of a body.
    pub(crate) fn draft_of(&mut self, kind: ResourceKind, body: Value) -> Result<Draft, Rejection> {
        let of = self.authenticated.tenant().schemas().of(kind);
        Ok(Draft::parse(body, of, &mut self.dialect)?)
    }

    /// The operations in the body of a PATCH.
    pub(crate) async fn patch(&mut self, kind: ResourceKind) -> Result<Patch, Rejection> {
        let body = self.body(self.resource_bytes(kind)).await?;
        self.patch_of(kind, body)
    }

    /// Operations out of a body.
    pub(crate) fn patch_of(&mut self, kind: ResourceKind, body: Value) -> Result<Patch, Rejection> {
        let of = self.authenticated.tenant().schemas().of(kind);
        Ok(Patch::parse(body, of, self.worker.gateway.settings.limits.patch_operations, &mut self.dialect)?)
    }

    /// The query in the query string.
    pub(crate) fn list_query(&self) -> Result<ListQuery, Rejection> {
        Ok(ListQuery::from_query(self.query())?)
    }

    /// The query in the body of a `/.search`.
    pub(crate) async fn search_request(&mut self) -> Result<ListQuery, Rejection> {
        let body = self.body(self.worker.gateway.settings.limits.body_bytes).await?;
        Ok(ListQuery::from_search_request(body, &mut self.dialect)?)
    }

    /// The operations in the body of a `/Bulk`, if the tenant's rate lets them through in a reasonable time.
    pub(crate) async fn bulk_request(&mut self) -> Result<BulkRequest, Rejection> {
        let limits = &self.worker.gateway.settings.limits;
        let body = self.body(limits.bulk_bytes).await?;
        let request = BulkRequest::parse(body, limits.bulk_operations, &mut self.dialect)?;
        let count = u32::try_from(request.operations.len()).unwrap_or(u32::MAX);
        self.permit.check_time_for(count)?;
        self.permit.begin_bulk(count);
        Ok(request)
    }

    async fn body(&mut self, bytes: usize) -> Result<Value, Rejection> {
        let bound = Bound { bytes, time: Duration::from_secs(self.worker.gateway.settings.limits.body_seconds) };
        let payload = std::mem::replace(&mut self.payload, Payload::None);
        self.sent = body::read(self.request, payload, bound, &mut self.permit).await?;
        // It is counted as in flight until the request is answered.
        let body = body::parse(self.sent.clone()).await?;
        // Whoever sends slowly must not go on when their token has ended meanwhile.
        self.confirm().await?;
        Ok(body)
    }

    /// Okta sends all members of a group in one PUT, Entra many in one PATCH.
    fn resource_bytes(&self, kind: ResourceKind) -> usize {
        let limits = &self.worker.gateway.settings.limits;
        match kind {
            ResourceKind::User => limits.body_bytes,
            ResourceKind::Group => limits.group_body_bytes,
        }
    }

    /// The query string without its question mark.
    pub(crate) fn query(&self) -> &'a str {
        self.request.uri.query().unwrap_or_default()
    }

    /// A header that is a list: several lines are one, with commas between them (RFC 9110 section 5.3).
    fn list(&self, name: &HeaderName) -> Option<Cow<'_, str>> {
        // A line that is no text matches no tag and is no wish.
        let mut lines = self.request.headers().get_all(name).map(|value| value.to_str().unwrap_or_default());
        let first = Cow::Borrowed(lines.next()?);
        Some(lines.fold(first, |list, line| Cow::Owned(format!("{list},{line}"))))
    }
}

/// What they get.
impl Caller<'_> {
    /// What must be read of a resource to show it so.
    pub(crate) fn include(&self, kind: ResourceKind, view: &Projection) -> Include {
        let shows = |attribute| view.is_default() || view.includes(self.of(kind), attribute);
        match kind {
            ResourceKind::User => Include { groups: shows("groups"), members: Members::None },
            ResourceKind::Group if shows("members") => Include { groups: false, members: Members::All },
            ResourceKind::Group => Include::NOTHING,
        }
    }

    /// The resource as they see it.
    pub(crate) fn show(&self, record: &Record, view: &Projection) -> Result<Vec<u8>, Rejection> {
        let mut shown = Vec::with_capacity(record.document.len() + 512);
        self.show_into(record, view, &mut shown)?;
        Ok(shown)
    }

    /// The same, appended.
    pub(crate) fn show_into(&self, record: &Record, view: &Projection, out: &mut Vec<u8>) -> Result<(), Rejection> {
        Ok(scim::render(&record.stored(), &self.base, self.of(record.kind), view, out)?)
    }

    /// 200 with the resource.
    pub(crate) fn ok(&self, record: &Record, view: &Projection) -> Result<Reply, Rejection> {
        Ok(Reply::ok(self.show(record, view)?).tag(record.stored().tag()))
    }

    /// 201 with the resource and its URL.
    pub(crate) fn created(&self, record: &Record, view: &Projection) -> Result<Reply, Rejection> {
        let location = [&self.base, record.kind.endpoint(), "/", &record.id].concat();
        Ok(Reply::created(self.show(record, view)?).tag(record.stored().tag()).location(location))
    }
}
