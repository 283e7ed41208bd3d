//! Limits that are counted in Redis, and the line to Redis that dies, falls silent and comes back.

use std::net::ToSocketAddrs as _;

use serde_json::json;

use crate::support::{Client, Database, Line, Proxy, Recovery, System, Tenant, until};

/// The variable in which `tests/run` tells where its Redis listens.
const REDIS_VARIABLE: &str = "TESTS_REDIS_URL";

async fn line_to_redis() -> Proxy {
    let url =
        std::env::var_os(REDIS_VARIABLE).and_then(|url| url.into_string().ok()).expect("the Redis of `tests/run`");
    let host = url.trim_start_matches("redis://").to_socket_addrs().expect("host and port").next();
    Proxy::before(host.expect("an address")).await
}

async fn start(line: &Proxy) -> System {
    let url = format!("redis://{}", line.address());
    System::start_unlimited_with(Database::Postgres, &[("TENANTRY_REPLICAS__REDIS_URL", &url)]).await
}

/// What the metric says: whether this process goes by its share.
async fn goes_by_share(system: &System) -> bool {
    let metrics = reqwest::get(format!("{}/metrics", system.server().operations())).await.expect("the metrics");
    metrics.text().await.expect("a text").lines().any(|line| line == "tenantry_limits_by_share 1")
}

async fn becomes(system: &System, by_share: bool) {
    until("the metric to tell", async || (goes_by_share(system).await == by_share).then_some(())).await;
}

/// Asks until it is refused, and again when it was told to: then it is served.
async fn obeys_and_is_served(client: &Client) {
    let refused = until("a refusal", async || {
        let answer = client.get("/Users?count=0").await;
        assert!(matches!(answer.status, 200 | 429), "{answer:?}");
        (answer.status == 429).then_some(answer)
    })
    .await;
    refused.obey().await;
    client.get("/Users?count=0").await.expect(200);
}

fn limited(system: &System) -> Tenant {
    system.tenant_with("shared", &json!({ "rate_per_second": 2, "rate_burst": 6, "write_per_second": 50 }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_in_redis_are_those_of_the_tenant() {
    let line = line_to_redis().await;
    let system = start(&line).await;
    let tenant = limited(&system);
    obeys_and_is_served(&tenant.client()).await;
    system.set(&tenant, &json!({ "rate_per_second": 1_000, "rate_burst": 1_000 }));
    for _ in 0..50 {
        tenant.client().get("/Users?count=0").await.expect(200);
    }
    assert!(!goes_by_share(&system).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_redis_the_server_goes_by_share_and_says_so_once() {
    let line = line_to_redis().await;
    let system = start(&line).await;
    let tenant = limited(&system);
    tenant.client().get("/Users").await.expect(200);
    for (round, outage) in [(1, Line::Cut), (2, Line::Silent)] {
        line.turn(outage);
        becomes(&system, true).await;
        obeys_and_is_served(&tenant.client()).await;
        line.turn(Line::Open);
        let back = Recovery::begin();
        becomes(&system, false).await;
        back.check("the line to Redis is open");
        obeys_and_is_served(&tenant.client()).await;
        let told = |sentence: &str| system.server().log().matches(sentence).count();
        // The log is written right after the metric.
        until("the log to tell", async || (told("limits: Redis is back") == round).then_some(())).await;
        assert_eq!(told("limits: Redis is gone"), round, "{}", system.server().log());
    }
}

/// The connections to Redis are forgotten on the way and never closed: new ones are made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_to_redis_that_were_forgotten_are_made_again() {
    let line = line_to_redis().await;
    let system = start(&line).await;
    let tenant = limited(&system);
    tenant.client().get("/Users").await.expect(200);
    line.turn(Line::Silent);
    becomes(&system, true).await;
    line.forget_connections();
    line.turn(Line::Open);
    let back = Recovery::begin();
    becomes(&system, false).await;
    back.check("the line to Redis is open");
    obeys_and_is_served(&tenant.client()).await;
}
