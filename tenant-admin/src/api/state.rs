//! What every request needs.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tenancy::{ApiKey, Network, Tenants};
use time::OffsetDateTime;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::attempts::Attempts;
use super::problem::{Problem, Sort};
use crate::Operator;

/// So many requests are served at once; more are refused.
const REQUESTS: usize = 64;

/// How long the database may take to find a key.
const FINDING: Duration = Duration::from_secs(5);

/// What every request needs.
pub(super) struct State {
    pub(super) operator: Operator,
    pub(super) tenants: Tenants,
    pub(super) trusted_proxies: Vec<Network>,
    pub(super) places: Arc<Semaphore>,
    /// Where commands are done, apart from the threads that serve.
    pub(super) runtime: Handle,
    attempts: Attempts,
}

impl State {
    /// Must be called within the runtime that commands are done in.
    pub(super) fn new(operator: Operator, trusted_proxies: Vec<Network>) -> Self {
        Self {
            tenants: operator.tenants().clone(),
            operator,
            trusted_proxies,
            places: Arc::new(Semaphore::new(REQUESTS)),
            runtime: Handle::current(),
            attempts: Attempts::default(),
        }
    }

    /// The key in the header `Authorization`, if it is valid now.
    pub(super) async fn authenticate(&self, authorization: Option<&str>, sender: IpAddr) -> Result<ApiKey, Problem> {
        if let Some(seconds) = self.attempts.wait(sender, Instant::now()) {
            let detail =
                format!("too many requests from this address had no valid API key; try again in {seconds} seconds");
            return Err(Problem::new(Sort::TooMany, detail).retry_after(seconds));
        }
        let found = tokio::time::timeout(FINDING, self.find(authorization.and_then(bearer).unwrap_or_default())).await;
        match found.unwrap_or_else(|_| Err(Problem::unavailable()))? {
            Some(key) => Ok(key),
            None => {
                self.attempts.note(sender, Instant::now());
                let detail = "send a valid API key as Authorization: Bearer KEY; an operator makes one with `tenantry api-key create`";
                Err(Problem::new(Sort::Unauthorized, detail))
            }
        }
    }

    async fn find(&self, text: &str) -> Result<Option<ApiKey>, Problem> {
        let found = self.tenants.find_api_key(text, OffsetDateTime::now_utc()).await;
        found.map_err(|error| Problem::from(crate::Failure::from(error)))
    }
}

/// The scheme in any letter case (RFC 9110 section 11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}
