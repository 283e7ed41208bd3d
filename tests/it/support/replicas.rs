//! Several servers of one deployment.

use std::sync::Arc;

use super::{Client, Database, Redis, System, Tenant, until};

/// The key that all of them sign with.
pub(crate) const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Servers on one PostgreSQL database and one Redis.
#[derive(Clone)]
pub(crate) struct Replicas {
    systems: Vec<System>,
    redis: Arc<Redis>,
    url: String,
}

impl Replicas {
    /// Starts so many, with this lease.
    pub(crate) async fn start(count: usize, lease_ms: u32) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::start_on(count, lease_ms, &Database::Postgres.create(folder.path()).await).await
    }

    /// The same on a database that is there already.
    pub(crate) async fn start_on(count: usize, lease_ms: u32, url: &str) -> Self {
        let redis = Arc::new(Redis::start().await);
        let mut replicas = Self { systems: Vec::new(), redis, url: url.to_owned() };
        for _ in 0..count {
            replicas.add(lease_ms).await;
        }
        replicas
    }

    /// Starts one more.
    pub(crate) async fn add(&mut self, lease_ms: u32) {
        let (lease, redis) = (lease_ms.to_string(), self.redis.url());
        let system = System::start_on(&self.url, &replica_settings(&redis, &lease)).await;
        self.systems.push(system);
    }

    /// Takes one in that was started otherwise.
    pub(crate) fn join(&mut self, system: System) {
        self.systems.push(system);
    }

    /// Three, the last one started otherwise, on a Redis of their own.
    pub(crate) fn of_all(systems: Vec<System>, redis: Redis, url: &str) -> Self {
        Self { systems, redis: Arc::new(redis), url: url.to_owned() }
    }

    /// One of them.
    pub(crate) fn of(&self, number: usize) -> &System {
        &self.systems[number % self.systems.len()]
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[System] {
        &self.systems
    }

    /// Waits until a metric has this value at the first `count` of them.
    pub(crate) async fn until_metric(&self, count: usize, name: &str, value: f64) {
        for number in 0..count {
            let what = format!("{name} {value} of server {number}");
            until(&what, async || (self.metric(number, name).await == value).then_some(())).await;
        }
    }

    /// The Redis between them.
    pub(crate) fn redis(&self) -> &Redis {
        &self.redis
    }

    /// The database under them.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// How many changes were put in force through one of them so: `acknowledged` or `waited`.
    pub(crate) async fn changes(&self, number: usize, by: &str) -> u64 {
        let name = format!("tenantry_replication_changes_total{{by=\"{by}\"}}");
        self.metric(number, &name).await as u64
    }

    /// Nearly all changes were acknowledged by all of them. On a busy machine one may miss its moment.
    pub(crate) async fn check_acknowledged(&self, numbers: std::ops::Range<usize>) {
        let (mut acknowledged, mut waited) = (0, 0);
        for number in numbers {
            acknowledged += self.changes(number, "acknowledged").await;
            waited += self.changes(number, "waited").await;
        }
        assert!(acknowledged >= 9 * waited, "{acknowledged} changes were acknowledged, {waited} waited for a lease");
    }

    /// Replaces the token through one of them until all acknowledge it, so that nobody waits for a lease.
    pub(crate) async fn issue_acknowledged(&self, number: usize, tenant: &Tenant) -> Tenant {
        let mut tenant = tenant.clone();
        until("a change to be acknowledged", async || {
            let before = self.changes(number, "acknowledged").await;
            tenant = self.of(number).issue(&tenant);
            (self.changes(number, "acknowledged").await > before).then_some(())
        })
        .await;
        tenant
    }

    /// How many messages one of them could not send.
    pub(crate) async fn messages_lost(&self, number: usize) -> f64 {
        self.metric(number, "tenantry_replication_messages_lost_total").await
    }

    /// How often one of them has renewed its lease.
    pub(crate) async fn renewals(&self, number: usize) -> f64 {
        self.metric(number, "tenantry_replication_renewals_total{outcome=\"answered\"}").await
    }

    /// The value of a metric of one of them.
    pub(crate) async fn metric(&self, number: usize, name: &str) -> f64 {
        let url = format!("{}/metrics", self.of(number).server().operations());
        let text = reqwest::get(url).await.expect("the metrics").text().await.expect("their text");
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name} in {text}"));
        line.trim().parse().expect("a number")
    }

    /// A client of a tenant at one of them.
    pub(crate) fn client(&self, number: usize, tenant: &Tenant) -> Client {
        let base = format!("{}/t/{}/scim/v2", self.of(number).server().origin(), tenant.name);
        Client::new(base).with_token(&tenant.token)
    }
}

/// What each of them is set to.
pub(crate) fn replica_settings<'a>(redis: &'a str, lease_ms: &'a str) -> [(&'a str, &'a str); 3] {
    [
        ("TENANTRY_REPLICAS__REDIS_URL", redis),
        ("TENANTRY_REPLICAS__LEASE_MS", lease_ms),
        ("TENANTRY_TOKENS__SIGNING_KEY", KEY),
    ]
}
