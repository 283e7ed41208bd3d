//! Clients that ask more than they may.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::support::{Client, Replicas, Tenant};

/// Clients at each server.
const CLIENTS: usize = 4;

/// How long a client rests after a refusal, so that the processors are not busy with refusals alone.
const REST: Duration = Duration::from_millis(5);

/// What a tenant was let through, from the first request on.
pub(super) struct Flood {
    began: Instant,
    served: Arc<AtomicU64>,
    refused: Arc<AtomicU64>,
}

impl Flood {
    /// Nothing was asked yet.
    pub(super) fn begin() -> Self {
        Self { began: Instant::now(), served: Arc::default(), refused: Arc::default() }
    }

    /// Asks at some servers for so long, without heeding what it is told.
    pub(super) async fn ask(&self, replicas: &Replicas, tenant: &Tenant, on: &[usize], length: Duration) {
        let (began, mut asking) = (Instant::now(), JoinSet::new());
        for client in on.iter().flat_map(|number| [(); CLIENTS].map(|()| replicas.client(*number, tenant))) {
            let (served, refused) = (Arc::clone(&self.served), Arc::clone(&self.refused));
            asking.spawn(async move {
                while began.elapsed() < length {
                    ask_once(&client, &served, &refused).await;
                }
            });
        }
        asking.join_all().await;
    }

    /// One more was served, which was asked in another way.
    pub(super) fn note_served(&self) {
        self.served.fetch_add(1, Relaxed);
    }

    /// Whether so much was asked that something was refused.
    pub(super) fn is_one(&self) -> bool {
        self.refused.load(Relaxed) > 0
    }

    /// How many were served.
    pub(super) fn served(&self) -> u64 {
        self.served.load(Relaxed)
    }

    /// What a rate and a burst let through from the beginning on.
    pub(super) fn yielded(&self, per_second: u32, burst: u32) -> f64 {
        f64::from(per_second) * self.began.elapsed().as_secs_f64() + f64::from(burst)
    }

    /// No more was served than the limit and a twentieth of the rate.
    #[track_caller]
    pub(super) fn check_most(&self, per_second: u32, burst: u32) {
        let most = self.yielded(per_second, burst) + 0.05 * self.yielded(per_second, 0);
        let (served, refused) = (self.served(), self.refused.load(Relaxed));
        assert!(served as f64 <= most, "{served} were served, {refused} refused; {most:.0} may be served");
        assert!(refused > 0, "{served} of {most:.0} were asked for: no flood");
    }

    /// Nearly everything was served that the limit yields, if so much was asked. What is leased to servers that are not asked
    /// any more is given back, so nothing is missing for that.
    #[track_caller]
    pub(super) fn check_least(&self, per_second: u32, burst: u32, part: f64) {
        let (served, refused) = (self.served(), self.refused.load(Relaxed));
        let least = part * self.yielded(per_second, burst).min((served + refused) as f64);
        assert!(served as f64 >= least, "{served} were served, {refused} refused; {least:.0} have to be served");
    }
}

async fn ask_once(client: &Client, served: &AtomicU64, refused: &AtomicU64) {
    // It needs the token, and no database.
    let answer = client.get("/ServiceProviderConfig").await;
    match answer.status {
        200 => drop(served.fetch_add(1, Relaxed)),
        429 => {
            let seconds = answer.header("retry-after").and_then(|seconds| seconds.parse::<u64>().ok());
            assert!(seconds.is_some_and(|seconds| seconds >= 1), "{answer:?}");
            refused.fetch_add(1, Relaxed);
            tokio::time::sleep(REST).await;
        }
        _ => panic!("neither served nor refused: {answer:?}"),
    }
}
