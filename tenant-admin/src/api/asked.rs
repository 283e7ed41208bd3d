//! A request whose key is valid, and what it is permitted. There is no other way from an endpoint to the operator's hand.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, IF_MATCH};
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use serde::de::DeserializeOwned;
use tenancy::{ApiKey, Role, Tenant};

use super::places::Share;
use super::problem::{Problem, Sort};
use super::rule::{Needs, decide};
use super::state::State;
use crate::{Answer, Code, Command, Failure};

/// How long one waits for a command. It may wait for the lease of another server, a minute at most.
const PATIENCE: Duration = Duration::from_secs(90);

/// The longest name of a call.
const LONGEST_KEY: usize = 100;

/// A request with a valid key. It can do nothing yet.
pub(super) struct Asked {
    request: HttpRequest,
    key: Arc<ApiKey>,
    share: Share,
    state: Arc<State>,
}

/// The proof that a key may do something.
pub(super) struct Permitted {
    key: Arc<ApiKey>,
    share: Share,
    state: Arc<State>,
    tenant: Option<Arc<Tenant>>,
}

/// The tenant that a request was let at, for the log.
pub(super) struct LetAt(pub(super) String);

impl FromRequest for Asked {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let state = request.app_data::<web::Data<State>>().map(|state| Arc::clone(state));
        let key = request.extensions().get::<Arc<ApiKey>>().cloned();
        let share = request.extensions().get::<Share>().cloned();
        // A route that the gate does not guard lets nobody in.
        let missing = || Problem::new(Sort::Failed, "the server does not know who asks");
        let asked = state.zip(key).zip(share);
        let asked = asked.map(|((state, key), share)| Self { request: request.clone(), key, share, state });
        ready(asked.ok_or_else(missing))
    }
}

impl Asked {
    /// Whose request it is.
    pub(super) fn key(&self) -> &ApiKey {
        &self.key
    }

    /// Lets it do something that is about no tenant in particular.
    pub(super) fn permitted(&self, needs: Needs) -> Result<Permitted, Problem> {
        decide(&self.key, needs, None)?;
        Ok(self.permit(None))
    }

    /// Lets it do something with the tenant that its path names.
    pub(super) async fn of_tenant(&self, needs: Needs) -> Result<Permitted, Problem> {
        let name = self.part("tenant");
        decide(&self.key, needs, Some(&name))?;
        self.state.tenants.settle().await.map_err(|error| Problem::from(crate::Failure::from(error)))?;
        let tenant = self.state.tenants.find(&name).map_err(|_| Problem::no_tenant(&name))?;
        self.request.extensions_mut().insert(LetAt(name));
        Ok(self.permit(Some(tenant)))
    }

    fn permit(&self, tenant: Option<Arc<Tenant>>) -> Permitted {
        Permitted { key: Arc::clone(&self.key), share: self.share.clone(), state: Arc::clone(&self.state), tenant }
    }

    /// A part of the path.
    pub(super) fn part(&self, name: &str) -> String {
        self.request.match_info().get(name).unwrap_or_default().to_owned()
    }

    /// The query. Parameters that are unknown are refused by name.
    pub(super) fn query<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let parsed = web::Query::from_query(self.request.query_string());
        let refused = |error| Problem::new(Sort::Invalid, format!("the query is refused: {error}"));
        parsed.map(web::Query::into_inner).map_err(refused)
    }

    /// The version that a tenant must have, if one is named (RFC 9110 section 13.1.1). `*` is any.
    pub(super) fn if_version(&self) -> Result<Option<i64>, Problem> {
        let Some(value) = self.headers().get(IF_MATCH) else { return Ok(None) };
        let tag = value.to_str().unwrap_or_default().trim();
        if tag == "*" {
            return Ok(None);
        }
        let version = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).and_then(|tag| tag.parse().ok());
        let detail = "If-Match is the ETag of the tenant as it was read, or *; read it again, and decide again";
        version.map(Some).ok_or_else(|| Problem::new(Sort::Changed, detail))
    }

    /// Refuses the name of a call where a repeated one is not known by it.
    pub(super) fn without_idempotency_key(&self, way_out: &str) -> Result<(), Problem> {
        if self.idempotency_key()?.is_none() {
            return Ok(());
        }
        Err(Problem::new(Sort::Invalid, format!("there is no Idempotency-Key here: {way_out}")))
    }

    fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    /// The name that this call has, by which a repeated one is known.
    pub(super) fn idempotency_key(&self) -> Result<Option<String>, Problem> {
        let mut values = self.headers().get_all("idempotency-key");
        let Some(value) = values.next() else { return Ok(None) };
        let text = value.to_str().unwrap_or_default().trim();
        // A structured field is a string in quotes; most send it without.
        let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
        let is_name = (1..=LONGEST_KEY).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_name || values.next().is_some() {
            let detail = format!(
                "Idempotency-Key is one header with 1 to {LONGEST_KEY} visible ASCII characters, such as a UUID"
            );
            return Err(Problem::new(Sort::Invalid, detail));
        }
        Ok(Some(text.to_owned()))
    }
}

impl Permitted {
    /// The tenant that the path names.
    pub(super) fn tenant(&self) -> String {
        self.tenant.as_ref().map(|tenant| tenant.name().to_owned()).unwrap_or_default()
    }

    /// The one tenant of the key, if it is for one.
    pub(super) fn only(&self) -> Option<&str> {
        self.key.tenant.as_deref()
    }

    /// The profile of that tenant.
    pub(super) fn only_profile(&self) -> Option<String> {
        let tenant = self.state.tenants.find(self.only()?).ok();
        // Of a tenant that has gone meanwhile there is none.
        Some(tenant.map(|tenant| tenant.settings().profile.clone()).unwrap_or_default())
    }

    /// Whether it may do everything.
    pub(super) fn is_operator(&self) -> bool {
        self.key.role == Role::Operator
    }

    /// Has a command done: while the key is valid, which may have ended since the request began, and with the tenant that
    /// was let at, which may have gone. It is done to its end also if its caller goes away, and keeps its place until then.
    pub(super) async fn run(&self, command: Command) -> Result<Answer, Problem> {
        let place = self.state.places.take(self.key.role)?;
        let operator = self.state.operator.on_behalf_of(&self.key, self.tenant.as_ref().map(|tenant| tenant.id()));
        let held = (place, self.share.clone());
        let run = self.state.runtime.spawn(async move {
            let done = operator.run(command).await;
            drop(held);
            done
        });
        match tokio::time::timeout(PATIENCE, run).await {
            Ok(Ok(done)) => done.map_err(|failure| self.problem(failure)),
            Ok(Err(_)) => Err(Problem::new(Sort::Failed, "the server failed to do this; its log tells why")),
            Err(_) => Err(Problem::new(
                Sort::Unavailable,
                "this is still under way; ask again, with the same Idempotency-Key if there was one",
            )
            .retry_after(5)),
        }
    }

    /// A tenant that has gone meanwhile is told like one that there never was.
    fn problem(&self, failure: Failure) -> Problem {
        match &self.tenant {
            Some(tenant) if failure.code == Code::NotFound && self.state.tenants.find(tenant.name()).is_err() => {
                Problem::no_tenant(tenant.name())
            }
            _ => Problem::from(failure),
        }
    }
}
