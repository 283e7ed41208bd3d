//! What every request needs.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use tenancy::{ApiKey, Network, Tenants};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::attempts::Attempts;
use super::places::Places;
use super::problem::{Problem, Sort};
use crate::Operator;

/// So many keys are looked for at once for addresses that have tried too often.
const LOOKUPS_OF_GUESSERS: usize = 4;

/// How long the database may take to find a key.
const FINDING: Duration = Duration::from_secs(5);

/// What every request needs.
pub(super) struct State {
    pub(super) operator: Operator,
    pub(super) tenants: Tenants,
    pub(super) trusted_proxies: Vec<Network>,
    pub(super) places: Places,
    /// Where commands are done, apart from the threads that serve.
    pub(super) runtime: Handle,
    attempts: Attempts,
    of_guessers: Semaphore,
}

impl State {
    /// Must be called within the runtime that commands are done in.
    pub(super) fn new(operator: Operator, trusted_proxies: Vec<Network>) -> Self {
        Self {
            tenants: operator.tenants().clone(),
            operator,
            trusted_proxies,
            places: Places::default(),
            runtime: Handle::current(),
            attempts: Attempts::default(),
            of_guessers: Semaphore::new(LOOKUPS_OF_GUESSERS),
        }
    }

    /// The key in the header `Authorization`, if it is valid now.
    pub(super) async fn authenticate(&self, authorization: Option<&str>, sender: IpAddr) -> Result<ApiKey, Problem> {
        let wait = self.attempts.wait(sender, Instant::now());
        // Others behind the same address have right keys; but who guesses keeps the database from nobody.
        let _place = match wait {
            Some(seconds) => Some(self.of_guessers.try_acquire().map_err(|_| too_often(seconds))?),
            None => None,
        };
        let found = tokio::time::timeout(FINDING, self.find(authorization.and_then(bearer).unwrap_or_default())).await;
        match (found.unwrap_or_else(|_| Err(Problem::unavailable()))?, wait) {
            (Some(key), _) => Ok(key),
            (None, Some(seconds)) => Err(too_often(seconds)),
            (None, None) => {
                self.attempts.note(sender, Instant::now());
                Err(Problem::no_key())
            }
        }
    }

    async fn find(&self, text: &str) -> Result<Option<ApiKey>, Problem> {
        let found = self.tenants.find_api_key(text, self.tenants.now()).await;
        found.map_err(|error| Problem::from(crate::Failure::from(error)))
    }
}

fn too_often(seconds: u64) -> Problem {
    let detail = format!("too many requests from this address had no valid API key; try again in {seconds} seconds");
    Problem::new(Sort::TooMany, detail).retry_after(seconds)
}

/// The scheme in any letter case (RFC 9110 section 11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}
