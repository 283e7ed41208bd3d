//! The keys of issuers that clients are federated with: fetched when they are needed, and remembered for a while.

mod fetch;
mod guard;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tenancy::AssertionKeys;

use fetch::Fetcher;

/// How long keys are used.
const FRESH: Duration = Duration::from_mins(10);
/// How long nothing is fetched again from one address, whatever is asked and however the fetch went.
const PAUSE: Duration = Duration::from_secs(30);
/// More addresses than this are not remembered; they are those of clients, so there are few.
const MOST: usize = 1024;

/// Why there are no keys.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum JwksError {
    /// It is no address from which keys are fetched.
    #[error("the keys of the issuer are not fetched from {0}")]
    Forbidden(String),
    /// It does not answer with keys.
    #[error("the keys of the issuer cannot be fetched: {0}")]
    Failed(String),
    /// It did not a moment ago.
    #[error("the keys of the issuer could not be fetched a moment ago")]
    Pausing,
}

/// The keys of every issuer that was asked for lately.
pub(crate) struct Jwks {
    fetcher: Fetcher,
    known: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Known>>>>,
}

/// What is known of one address. Whoever wants its keys waits for the one who fetches them.
#[derive(Default)]
struct Known {
    keys: Option<(Arc<AssertionKeys>, Instant)>,
    tried: Option<Instant>,
}

impl Jwks {
    pub(crate) fn new(allow_private: bool) -> Self {
        Self { fetcher: Fetcher::new(allow_private), known: Mutex::default() }
    }

    /// The keys at an address, with the one of this id if it is there.
    pub(crate) async fn keys(&self, uri: &str, kid: Option<&str>) -> Result<Arc<AssertionKeys>, JwksError> {
        let known = self.known(uri);
        let mut known = known.lock().await;
        let fresh = known.fresh();
        if let Some(keys) = fresh.as_ref().filter(|keys| keys.has(kid)) {
            return Ok(Arc::clone(keys));
        }
        if known.tried.is_some_and(|tried| tried.elapsed() < PAUSE) {
            return fresh.ok_or(JwksError::Pausing);
        }
        known.tried = Some(Instant::now());
        match self.fetcher.fetch(uri).await {
            Ok(keys) => {
                let keys = Arc::new(keys);
                known.keys = Some((Arc::clone(&keys), Instant::now()));
                Ok(keys)
            }
            // A key that was not there before is the only reason to ask while others are fresh.
            Err(error) => fresh.ok_or(error),
        }
    }

    fn known(&self, uri: &str) -> Arc<tokio::sync::Mutex<Known>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST && !known.contains_key(uri) {
            known.clear();
        }
        Arc::clone(known.entry(uri.to_owned()).or_default())
    }
}

impl Known {
    fn fresh(&self) -> Option<Arc<AssertionKeys>> {
        let (keys, fetched) = self.keys.as_ref()?;
        (fetched.elapsed() < FRESH).then(|| Arc::clone(keys))
    }
}
