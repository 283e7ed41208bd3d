//! The keys of issuers that clients are federated with: fetched when they are needed, and remembered for a while.

mod fetch;
mod issuers;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tenancy::AssertionKeys;
use tokio::sync::Semaphore;

use fetch::Fetcher;
use issuers::Issuers;

/// How long keys are used.
const FRESH: Duration = Duration::from_mins(10);
/// How long nothing is fetched again from one address that has answered, whatever key is asked for.
const PAUSE: Duration = Duration::from_secs(30);
/// The same after a failure: as long as the `Retry-After` of the refusals says.
const FAILURE_PAUSE: Duration = Duration::from_secs(5);
/// How many requests may wait for one issuer: one that is slow holds up its own clients and nobody else's.
const WAITING: usize = 32;

/// Why there are no keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
    /// It did a moment ago, and this key was not among them: it may have been published since.
    #[error("the keys of the issuer were fetched a moment ago, and the one that is named was not among them")]
    Unknown {
        /// How long until they are fetched again.
        wait: Duration,
    },
    /// Too many wait for them already.
    #[error("too many requests wait for the keys of the issuer")]
    Busy,
}

/// The keys of every issuer that was asked for lately.
pub(crate) struct Jwks {
    fetcher: Arc<Fetcher>,
    issuers: Mutex<Issuers>,
}

/// One address of keys.
struct Issuer {
    known: Mutex<Known>,
    /// Whoever fetches has it, and the others wait for it.
    turn: Arc<tokio::sync::Mutex<()>>,
    waiting: Semaphore,
}

/// What is known of one address.
#[derive(Default)]
struct Known {
    keys: Option<(Arc<AssertionKeys>, Instant)>,
    /// When the last fetch came to its end, and for how long there is none after it. One that was broken off has none.
    tried: Option<(Instant, Duration)>,
}

type Answer = Result<Arc<AssertionKeys>, JwksError>;

impl Jwks {
    pub(crate) fn new(allow_private: bool) -> Self {
        Self { fetcher: Arc::new(Fetcher::new(allow_private)), issuers: Mutex::default() }
    }

    /// The keys at an address, with the one of this id if it is there.
    pub(crate) async fn keys(&self, uri: &str, kid: Option<&str>) -> Answer {
        let issuer = self.issuer(uri);
        if let Some(answer) = issuer.known().answer(kid) {
            return answer;
        }
        let _waiting = issuer.waiting.try_acquire().map_err(|_| JwksError::Busy)?;
        let turn = Arc::clone(&issuer.turn).lock_owned().await;
        if let Some(answer) = issuer.known().answer(kid) {
            return answer;
        }
        let (issuer, fetcher, uri) = (Arc::clone(&issuer), Arc::clone(&self.fetcher), uri.to_owned());
        // A task of its own: whoever asked may go, and the others still get what is fetched.
        let fetching = tokio::spawn(async move {
            let fetched = fetcher.fetch(&uri).await;
            let answer = issuer.known().learn(fetched);
            drop(turn);
            answer
        });
        fetching.await.unwrap_or_else(|error| Err(JwksError::Failed(error.to_string())))
    }

    fn issuer(&self, uri: &str) -> Arc<Issuer> {
        self.issuers.lock().unwrap_or_else(PoisonError::into_inner).of(uri)
    }
}

impl Default for Issuer {
    fn default() -> Self {
        Self { known: Mutex::default(), turn: Arc::default(), waiting: Semaphore::new(WAITING) }
    }
}

impl Issuer {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// What can be said without a fetch.
    fn answer(&self, kid: Option<&str>) -> Option<Answer> {
        let fresh = self.fresh();
        if let Some(keys) = fresh.as_ref().filter(|keys| keys.has(kid)) {
            return Some(Ok(Arc::clone(keys)));
        }
        let (tried, pause) = self.tried?;
        let wait = pause.checked_sub(tried.elapsed()).filter(|wait| !wait.is_zero())?;
        // Nothing is said against who names a key that nobody has looked for since: it may be a new one.
        Some(Err(if fresh.is_some() { JwksError::Unknown { wait } } else { JwksError::Pausing }))
    }

    fn learn(&mut self, fetched: Result<AssertionKeys, JwksError>) -> Answer {
        let now = Instant::now();
        self.tried = Some((now, if fetched.is_ok() { PAUSE } else { FAILURE_PAUSE }));
        match fetched {
            Ok(keys) => {
                let keys = Arc::new(keys);
                self.keys = Some((Arc::clone(&keys), now));
                Ok(keys)
            }
            // A key that was not there before is the only reason to ask while others are fresh.
            Err(error) => self.fresh().ok_or(error),
        }
    }

    fn fresh(&self) -> Option<Arc<AssertionKeys>> {
        let (keys, fetched) = self.keys.as_ref()?;
        (fetched.elapsed() < FRESH).then(|| Arc::clone(keys))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::task::JoinHandle;

    /// An issuer that answers when it is told to.
    struct Slow {
        listener: TcpListener,
        uri: String,
        jwks: Arc<Jwks>,
    }

    impl Slow {
        async fn start() -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let uri = format!("http://{}/keys", listener.local_addr().unwrap());
            Self { listener, uri, jwks: Arc::new(Jwks::new(true)) }
        }

        fn ask(&self) -> JoinHandle<Answer> {
            let (jwks, uri) = (Arc::clone(&self.jwks), self.uri.clone());
            tokio::spawn(async move { jwks.keys(&uri, None).await })
        }

        /// The question of one fetch.
        async fn asked(&self) -> TcpStream {
            let (mut stream, _) = self.listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            stream
        }

        /// Until so many wait for the keys.
        async fn waited_for_by(&self, count: usize) {
            while self.jwks.issuer(&self.uri).waiting.available_permits() > WAITING - count {
                tokio::task::yield_now().await;
            }
        }
    }

    async fn answer(mut stream: TcpStream) {
        const KEYS: &str = r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#;
        let length = KEYS.len();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{KEYS}");
        stream.write_all(answer.as_bytes()).await.unwrap();
    }

    /// The attack: who caused the fetch hangs up before the issuer has answered.
    #[tokio::test]
    async fn whoever_asked_may_go_and_the_others_get_the_keys() {
        let issuer = Slow::start().await;
        let first = issuer.ask();
        let stream = issuer.asked().await;
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        let second = issuer.ask();
        issuer.waited_for_by(1).await;
        answer(stream).await;
        assert!(second.await.unwrap().is_ok(), "without a fetch of its own, which nobody answers here");
        assert!(issuer.ask().await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn a_slow_issuer_is_waited_for_by_few() {
        let issuer = Slow::start().await;
        let waiting: Vec<_> = (0..WAITING).map(|_| issuer.ask()).collect();
        let stream = issuer.asked().await;
        issuer.waited_for_by(WAITING).await;
        assert_eq!(issuer.ask().await.unwrap().err(), Some(JwksError::Busy));
        answer(stream).await;
        for task in waiting {
            assert!(task.await.unwrap().is_ok());
        }
        assert!(issuer.ask().await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn after_a_failure_nobody_is_asked_for_a_while() {
        let issuer = Slow::start().await;
        let first = issuer.ask();
        drop(issuer.asked().await);
        assert!(matches!(first.await.unwrap(), Err(JwksError::Failed(_))));
        assert_eq!(issuer.ask().await.unwrap().err(), Some(JwksError::Pausing));
    }
}
