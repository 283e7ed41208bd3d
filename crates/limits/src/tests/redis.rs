//! Three limiters of one deployment on a real Redis, which is stopped, killed and filled up.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use replicas::{Living, Redis};
use tokio::task::JoinSet;

use crate::{Bucket, Buckets, Rate};

pub(super) const RATE: Rate = Rate { per_second: 200, burst: 100 };
const REPLICAS: usize = 3;

/// How long a condition may take before the test gives up.
const LONGEST: Duration = Duration::from_secs(60);

/// A Redis of its own, which ends with this value.
pub(super) struct Server {
    pub(super) port: u16,
    child: Mutex<Child>,
}

impl Server {
    pub(super) async fn start() -> Self {
        loop {
            let port = free_port();
            let server = Self { port, child: Mutex::new(spawn(port)) };
            if server.listens().await {
                return server;
            }
        }
    }

    /// Begins anew after it was killed: with nothing of what it knew.
    async fn begin_anew(&self) {
        until(async || {
            *self.child.lock().unwrap() = spawn(self.port);
            self.listens().await
        })
        .await;
    }

    /// Waits until it listens; false if it has ended, because somebody else has the port.
    async fn listens(&self) -> bool {
        let mut has_ended = false;
        until(async || {
            has_ended = self.child.lock().unwrap().try_wait().unwrap().is_some();
            has_ended || tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_ok()
        })
        .await;
        // Somebody else may be the one who listens.
        !has_ended && self.child.lock().unwrap().try_wait().unwrap().is_none()
    }

    pub(super) fn kill(&self) {
        let mut child = self.child.lock().unwrap();
        // It may have ended.
        let _ = child.kill();
        child.wait().unwrap();
    }

    fn signal(&self, name: &str) {
        let id = self.child.lock().unwrap().id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    fn connect(&self) -> Redis {
        connect(self.port)
    }

    async fn run(&self, words: &[&str]) {
        let mut command = redis::Cmd::new();
        command.arg(words);
        self.connect().run::<redis::Value>(&command).await.unwrap();
    }
}

fn connect(port: u16) -> Redis {
    Redis::new(&format!("redis://127.0.0.1:{port}"), "tests of limits").unwrap()
}

/// A port that nobody listens on, outside the range the system takes for outgoing connections.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 100).unwrap() * 10;
    loop {
        let port = 31_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 1_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn spawn(port: u16) -> Child {
    let arguments = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"];
    let mut command = Command::new("redis-server");
    command.args(arguments).arg(port.to_string()).stdin(Stdio::null()).stdout(Stdio::null());
    command.spawn().expect("run `tests/run`, which installs Redis")
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// One process, as far as limits are concerned.
pub(super) struct Replica {
    pub(super) bucket: Arc<Bucket>,
    pub(super) buckets: Buckets,
    /// How many there are, as far as it knows.
    pub(super) living: Living,
    /// How often it was told that Redis is gone, and that it is back.
    told: Arc<(AtomicU32, AtomicU32)>,
}

impl Replica {
    pub(super) fn start(server: &Server, living: u32) -> Self {
        Self::start_at(server.port, living)
    }

    /// One that reaches Redis at this port.
    pub(super) fn start_at(port: u16, living: u32) -> Self {
        let told = Arc::<(AtomicU32, AtomicU32)>::default();
        let (counts, living) = (Arc::clone(&told), Living::of(living));
        let buckets = Buckets::shared(connect(port), living.clone(), move |alone| {
            let count = if alone { &counts.0 } else { &counts.1 };
            count.fetch_add(1, Ordering::Relaxed);
        });
        Self { bucket: Arc::new(buckets.bucket("acme", RATE)), buckets, living, told }
    }

    pub(super) fn told(&self) -> (u32, u32) {
        (self.told.0.load(Ordering::Relaxed), self.told.1.load(Ordering::Relaxed))
    }

    /// Whether it goes by its share.
    pub(super) fn is_alone(&self) -> bool {
        let (gone, back) = self.told();
        gone > back
    }
}

/// Waits until all go by their shares, or none does. A machine that stands still may let Redis seem away, so how often they
/// have changed over is not told.
pub(super) async fn until_alone(replicas: &[Replica], alone: bool) {
    until(async || replicas.iter().all(|replica| replica.is_alone() == alone)).await;
}

fn three(server: &Server) -> Vec<Replica> {
    (0..REPLICAS).map(|_| Replica::start(server, 3)).collect()
}

/// What was let through while everybody asked as fast as they could, and how long that was.
pub(super) struct Flood {
    pub(super) admitted: usize,
    pub(super) passed: f64,
    /// None has changed over meanwhile.
    pub(super) is_undisturbed: bool,
}

/// Asks at some replicas, far beyond the limit.
pub(super) async fn flood(replicas: &[Replica], on: &[usize], length: Duration) -> Flood {
    let told = || replicas.iter().map(Replica::told).collect::<Vec<_>>();
    let (admitted, before) = (Arc::new(AtomicUsize::new(0)), told());
    let (started, mut asking) = (Instant::now(), JoinSet::new());
    for replica in on.iter().map(|number| &replicas[*number]) {
        for _ in 0..4 {
            let (bucket, admitted) = (Arc::clone(&replica.bucket), Arc::clone(&admitted));
            asking.spawn(async move {
                while started.elapsed() < length {
                    match bucket.take().await {
                        Ok(_) => drop(admitted.fetch_add(1, Ordering::Relaxed)),
                        Err(_) => tokio::time::sleep(Duration::from_millis(2)).await,
                    }
                }
            });
        }
    }
    asking.join_all().await;
    let passed = started.elapsed().as_secs_f64();
    Flood { admitted: admitted.load(Ordering::Relaxed), passed, is_undisturbed: told() == before }
}

/// Asks until nobody has changed over meanwhile.
pub(super) async fn flood_undisturbed(replicas: &[Replica], on: &[usize], length: Duration) -> Flood {
    let started = Instant::now();
    loop {
        let flood = flood(replicas, on, length).await;
        if flood.is_undisturbed {
            return flood;
        }
        assert!(started.elapsed() < LONGEST, "Redis comes and goes");
    }
}

pub(super) async fn until(mut condition: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !condition().await {
        assert!(started.elapsed() < LONGEST, "waited in vain");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(super) fn yielded(seconds: f64) -> f64 {
    f64::from(RATE.per_second) * seconds
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_together_let_through_what_one_would_also_while_traffic_moves() {
    let server = Server::start().await;
    let replicas = three(&server);
    // What there is at first is not counted.
    flood(&replicas, &[0, 1, 2], Duration::from_millis(700)).await;
    let beginning = Instant::now();
    loop {
        let (started, before) = (Instant::now(), replicas.iter().map(Replica::told).collect::<Vec<_>>());
        let mut admitted = 0;
        for on in [&[0][..], &[1], &[0, 1, 2], &[2], &[0, 1]] {
            admitted += flood(&replicas, on, Duration::from_millis(700)).await.admitted;
        }
        let most = yielded(started.elapsed().as_secs_f64());
        if replicas.iter().map(Replica::told).eq(before) {
            let part = admitted as f64 / most;
            assert!((0.95..=1.05).contains(&part), "{admitted} of {most}");
            return;
        }
        assert!(beginning.elapsed() < LONGEST, "Redis comes and goes");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_each_goes_by_its_share_and_says_so_once() {
    let server = Server::start().await;
    let replicas = three(&server);
    flood(&replicas, &[0, 1, 2], Duration::from_millis(500)).await;
    server.kill();
    until_alone_under_flood(&replicas).await;
    let told: Vec<_> = replicas.iter().map(Replica::told).collect();
    let alone = flood(&replicas, &[0, 1, 2], Duration::from_secs(3)).await;
    // Each may use the burst of its share once.
    let (least, most) = (yielded(alone.passed) * 0.9, yielded(alone.passed) * 1.05 + f64::from(RATE.burst) + 30.0);
    assert!((least..=most).contains(&(alone.admitted as f64)), "{} of {least} to {most}", alone.admitted);
    // Nobody asks a Redis that is gone.
    for replica in &replicas {
        assert!(is_ready(std::pin::pin!(replica.bucket.take())));
    }
    assert!(replicas.iter().map(Replica::told).eq(told), "said once");
    server.begin_anew().await;
    until_alone(&replicas, false).await;
    let together = flood_undisturbed(&replicas, &[0, 1, 2], Duration::from_secs(2)).await;
    let most = yielded(together.passed) * 1.05 + f64::from(RATE.burst);
    assert!((together.admitted as f64) <= most, "{} of {most}", together.admitted);
}

/// While everybody asks, it is noticed soon.
pub(super) async fn until_alone_under_flood(replicas: &[Replica]) {
    until(async || {
        flood(replicas, &[0, 1, 2], Duration::from_millis(50)).await;
        replicas.iter().all(Replica::is_alone)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_start_without_redis_let_through_no_more_together_than_one() {
    let server = Server::start().await;
    server.kill();
    let replicas = three(&server);
    let flooded = flood(&replicas, &[0, 1, 2], Duration::from_secs(3)).await;
    let (least, most) = (yielded(flooded.passed) * 0.9, yielded(flooded.passed) * 1.05 + f64::from(RATE.burst) + 3.0);
    assert!((least..=most).contains(&(flooded.admitted as f64)), "{} of {least} to {most}", flooded.admitted);
    // It was never there.
    assert!(replicas.iter().all(|replica| replica.told() == (1, 0)));
    server.begin_anew().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_comes_or_goes_without_redis_changes_the_shares_and_refills_nothing() {
    let server = Server::start().await;
    server.kill();
    let replicas = three(&server);
    let (mut admitted, started) = (0, Instant::now());
    for round in 0..6 {
        // Two and four in turn, of which two are asked.
        let living = if round % 2 == 0 { 2 } else { 4 };
        replicas.iter().for_each(|replica| replica.living.set(living, 0));
        admitted += flood(&replicas, &[0, 1], Duration::from_millis(500)).await.admitted;
    }
    // Half the time they have the whole rate together, and half the time half of it; the burst is there once.
    let most = yielded(started.elapsed().as_secs_f64()) * 0.75 * 1.05 + f64::from(RATE.burst);
    assert!((admitted as f64) <= most, "{admitted} of {most}");
    server.begin_anew().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_hangs_holds_up_nobody() {
    let server = Server::start().await;
    let replicas = three(&server);
    flood(&replicas, &[0, 1], Duration::from_millis(300)).await;
    server.signal("-STOP");
    let hanging = flood(&replicas, &[0, 1, 2], Duration::from_secs(2)).await;
    until_alone_under_flood(&replicas).await;
    for replica in &replicas {
        assert!(is_ready(std::pin::pin!(replica.bucket.take())), "nobody waits");
    }
    server.signal("-CONT");
    assert!(hanging.admitted as f64 >= yielded(hanging.passed) * 0.8, "{}", hanging.admitted);
    until_alone(&replicas, false).await;
    let together = flood_undisturbed(&replicas, &[0, 1, 2], Duration::from_secs(2)).await;
    let most = yielded(together.passed) * 1.05 + f64::from(RATE.burst);
    assert!((together.admitted as f64) <= most, "{} of {most}", together.admitted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_without_memory_is_as_good_as_none() {
    let server = Server::start().await;
    let replicas = three(&server);
    server.run(&["CONFIG", "SET", "maxmemory", "1"]).await;
    until(async || replicas[0].is_alone()).await;
    let alone = flood(&replicas[..1], &[0], Duration::from_secs(2)).await;
    assert!(alone.admitted as f64 >= yielded(alone.passed) / 3.0 * 0.9, "{}", alone.admitted);
    server.run(&["CONFIG", "SET", "maxmemory", "0"]).await;
    until_alone(&replicas, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_was_set_back_by_an_hour_stops_nobody() {
    let server = Server::start().await;
    let replicas = [Replica::start(&server, 1)];
    let in_an_hour = std::time::SystemTime::now() + Duration::from_secs(3_600);
    let micros = in_an_hour.duration_since(std::time::UNIX_EPOCH).unwrap().as_micros().to_string();
    let (key, lease) = (server.connect().key("limit:acme"), format!("12 {micros} 1 0"));
    server.run(&["HSET", &key, "tat", &micros, "somebody", &lease]).await;
    let flooded = flood_undisturbed(&replicas, &[0], Duration::from_secs(2)).await;
    assert!(flooded.admitted as f64 >= yielded(flooded.passed) * 0.9 - 10.0, "{}", flooded.admitted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn most_requests_ask_nobody_and_an_unused_lease_is_given_back() {
    let server = Server::start().await;
    let replica = Replica::start(&server, 1);
    let bucket = replica.buckets.bucket("steady", Rate { per_second: 2_000, burst: 2_000 });
    let (mut quick, mut all) = (0, 0);
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(2) {
        let mut taking = std::pin::pin!(bucket.take());
        let at_once = is_ready(taking.as_mut());
        if !at_once {
            taking.await.unwrap();
        }
        all += 1;
        quick += u32::from(at_once);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!(f64::from(quick) >= f64::from(all) * 0.9, "{quick} of {all}");
    until(async || bucket.is_settled()).await;
}

/// Whether a future is ready when it is first asked.
fn is_ready<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> bool {
    future.poll(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_ready()
}
