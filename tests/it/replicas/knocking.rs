//! Clients that send one token over and over, to each replica.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::task::JoinSet;

use crate::support::{Client, Replicas, Request, Tenant, until};

/// The clients, one at each replica.
pub(super) struct Knocking {
    shared: Arc<Shared>,
    clients: JoinSet<()>,
}

struct Shared {
    /// How many answers each replica has given.
    answers: Vec<AtomicUsize>,
    /// When the requests were sent that were let in, and to which replica.
    let_in: Mutex<Vec<(Instant, usize)>>,
    /// Answers that nobody may get.
    strange: Mutex<Vec<String>>,
    is_over: AtomicBool,
}

impl Knocking {
    /// Begins with the token of this tenant. What they ask for needs nothing but the token.
    pub(super) fn start(replicas: &Replicas, tenant: &Tenant) -> Self {
        let count = replicas.all().len();
        let shared = Arc::new(Shared {
            answers: (0..count).map(|_| AtomicUsize::new(0)).collect(),
            let_in: Mutex::default(),
            strange: Mutex::default(),
            is_over: AtomicBool::new(false),
        });
        let mut clients = JoinSet::new();
        for number in 0..count {
            clients.spawn(knock(number, replicas.client(number, tenant), Arc::clone(&shared)));
        }
        Self { shared, clients }
    }

    /// Waits until each replica has answered so many requests more, except those that have ended.
    pub(super) async fn more(&self, count: usize, ended: &[usize]) {
        let now = || self.shared.answers.iter().map(|answers| answers.load(Ordering::SeqCst)).collect::<Vec<_>>();
        let before = now();
        until("more answers", async || {
            let all = now()
                .iter()
                .zip(&before)
                .enumerate()
                .all(|(number, (now, before))| ended.contains(&number) || *now >= before + count);
            all.then_some(())
        })
        .await;
    }

    /// How many requests this replica has let in that were sent between two moments.
    pub(super) fn let_in_between(&self, replica: usize, from: Instant, to: Instant) -> usize {
        let let_in = self.shared.let_in.lock().expect("the requests");
        let_in.iter().filter(|(sent, at)| *at == replica && *sent >= from && *sent < to).count()
    }

    /// Stops the clients. Each that was answered was let in.
    pub(super) async fn everybody_was_let_in(self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        self.clients.join_all().await;
        let answers: usize = self.shared.answers.iter().map(|answers| answers.load(Ordering::SeqCst)).sum();
        assert_eq!(self.shared.let_in.lock().expect("the requests").len(), answers);
    }

    /// Stops the clients. Nobody was let in with a request that was sent after this moment, and all answers were good ones.
    pub(super) async fn nobody_was_let_in_since(self, moment: Instant) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        self.clients.join_all().await;
        let let_in = self.shared.let_in.lock().expect("the requests");
        let wrong: Vec<_> = let_in.iter().filter(|(sent, _)| *sent >= moment).map(|(_, at)| *at).collect();
        assert_eq!(wrong, Vec::<usize>::new(), "let in at these replicas, of {} in all", let_in.len());
        let strange = self.shared.strange.lock().expect("the answers");
        assert_eq!(*strange, Vec::<String>::new());
    }
}

async fn knock(number: usize, client: Client, shared: Arc<Shared>) {
    while !shared.is_over.load(Ordering::SeqCst) {
        let sent = Instant::now();
        let Some(answer) = client.try_send(Request::new("GET", "/ServiceProviderConfig")).await else { continue };
        match answer.status {
            200 => shared.let_in.lock().expect("the requests").push((sent, number)),
            401 | 403 => {}
            503 if answer.header("retry-after").is_some() => {}
            _ => shared.strange.lock().expect("the answers").push(format!("{} {}", answer.status, answer.text)),
        }
        shared.answers[number].fetch_add(1, Ordering::SeqCst);
    }
}
