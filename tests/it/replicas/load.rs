//! Clients that send as fast as they can while tokens are replaced.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};

use tokio::task::JoinSet;

use crate::support::{Client, Replicas, Request, Tenant};

/// The tokens of one tenant, one after the other, and clients that use them.
pub(super) struct Load {
    replicas: Replicas,
    tenant: Tenant,
    shared: Arc<Shared>,
    clients: JoinSet<Seen>,
}

struct Shared {
    /// Every token there was; the last is the current one.
    tokens: RwLock<Vec<String>>,
    /// How many of them were replaced by a call that has returned.
    retired: AtomicUsize,
    is_over: AtomicBool,
}

/// What a client has seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Requests with a replaced token that were let in although they were sent after its replacement had returned.
    pub(super) wrongly_accepted: usize,
    /// Requests that were let in with the current token.
    pub(super) accepted: usize,
    /// Requests with a replaced token that were refused as they should.
    pub(super) refused: usize,
    /// Answers that nobody may get: neither let in nor refused for the token nor told to come back.
    pub(super) strange: Vec<String>,
}

impl Load {
    /// Starts so many clients at each replica.
    pub(super) fn start(replicas: &Replicas, tenant: &Tenant, clients: usize) -> Self {
        let shared = Arc::new(Shared {
            tokens: RwLock::new(vec![tenant.token.clone()]),
            retired: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        });
        let mut running = JoinSet::new();
        for number in 0..clients * replicas.all().len() {
            let client = replicas.client(number, tenant);
            running.spawn(send(client, Arc::clone(&shared)));
        }
        Self { replicas: replicas.clone(), tenant: tenant.clone(), shared, clients: running }
    }

    /// Replaces the token at one of the replicas. When this returns, the one before must be dead everywhere.
    pub(super) async fn rotate(&self, at: usize) {
        let (system, tenant) = (self.replicas.of(at).clone(), self.tenant.clone());
        let renewed = tokio::task::spawn_blocking(move || system.issue(&tenant)).await.expect("a token");
        let mut tokens = self.shared.tokens.write().expect("the tokens");
        tokens.push(renewed.token);
        self.shared.retired.store(tokens.len() - 1, Ordering::SeqCst);
    }

    /// The last token that was replaced.
    pub(super) fn last_retired(&self) -> Tenant {
        let retired = self.shared.retired.load(Ordering::SeqCst);
        Tenant { token: self.shared.tokens.read().expect("the tokens")[retired - 1].clone(), ..self.tenant.clone() }
    }

    /// The token that is valid.
    pub(super) fn current(&self) -> Tenant {
        let tokens = self.shared.tokens.read().expect("the tokens");
        Tenant { token: tokens[tokens.len() - 1].clone(), ..self.tenant.clone() }
    }

    /// Stops the clients; what all of them have seen.
    pub(super) async fn end(self) -> Seen {
        self.shared.is_over.store(true, Ordering::SeqCst);
        let mut all = Seen::default();
        for seen in self.clients.join_all().await {
            all.wrongly_accepted += seen.wrongly_accepted;
            all.accepted += seen.accepted;
            all.refused += seen.refused;
            all.strange.extend(seen.strange);
        }
        all
    }
}

/// Sends the newest token, and the one that was replaced last, over and over.
async fn send(client: Client, shared: Arc<Shared>) -> Seen {
    let mut seen = Seen::default();
    while !shared.is_over.load(Ordering::SeqCst) {
        // Read before the request is sent: what is retired now was retired before.
        let retired = shared.retired.load(Ordering::SeqCst);
        for number in [retired.checked_sub(1), Some(retired)].into_iter().flatten() {
            let token = shared.tokens.read().expect("the tokens")[number].clone();
            let answer = client.clone().with_token(&token).try_send(Request::new("GET", "/Users?count=0")).await;
            // Nobody answers where a replica was killed.
            let Some(answer) = answer else { continue };
            match answer.status {
                200 if number < retired => seen.wrongly_accepted += 1,
                200 => seen.accepted += 1,
                401 if number < retired => seen.refused += 1,
                // The current token was replaced meanwhile.
                401 if shared.is_replaced(&token).await => {}
                503 if answer.header("retry-after").is_some() => {}
                _ => seen.strange.push(format!("{} {}", answer.status, answer.text)),
            }
        }
    }
    seen
}

impl Shared {
    /// Whether a token is being replaced, or was: the change may be in force before the call has returned. Then the
    /// answer to the call tells a newer one, which is waited for.
    async fn is_replaced(&self, token: &str) -> bool {
        for _ in 0..1000 {
            if self.tokens.read().expect("the tokens").last().is_some_and(|last| last != token) {
                return true;
            }
            if self.is_over.load(Ordering::SeqCst) {
                return true;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        false
    }
}
