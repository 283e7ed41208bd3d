//! What a tenant may ask is counted over all servers.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::flood::Flood;
use crate::support::{Line, Proxy, Recovery, Replicas, System, Tenant, replica_settings, until, urn, user};

const RATE: u32 = 100;
const BURST: u32 = 100;

const ALL: [usize; 3] = [0, 1, 2];

/// How soon a changed limit is in force on every server.
const IN_FORCE: Duration = Duration::from_secs(1);

fn limited(replicas: &Replicas, per_second: u32, burst: u32) -> Tenant {
    replicas.of(0).tenant_with("flooded", &rate(per_second, burst))
}

fn rate(per_second: u32, burst: u32) -> Value {
    json!({ "rate_per_second": per_second, "rate_burst": burst })
}

/// Wherever the requests come to: one server after the other, or all at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_servers_let_through_what_one_would_while_traffic_moves() {
    let replicas = Replicas::start(3, 2000).await;
    // On a busy machine Redis may seem away for a moment; then shares are counted, and nothing is known.
    until("a time in which Redis is there", async || {
        let (tenant, before) = (limited(&replicas, RATE, BURST), missed(&replicas));
        let flood = Flood::begin();
        for on in [&[0][..], &[1], &[2], &ALL, &[0, 2], &[1]] {
            flood.ask(&replicas, &tenant, on, Duration::from_millis(900)).await;
            if missed(&replicas) != before || !flood.is_one() {
                return None;
            }
            flood.check_most(RATE, BURST);
        }
        flood.check_least(RATE, BURST, 0.95);
        Some(())
    })
    .await;
}

/// How often Redis was missed by any of them.
fn missed(replicas: &Replicas) -> usize {
    replicas.all().iter().map(|system| system.server().log().matches("limits: Redis is gone").count()).sum()
}

/// When the command has returned, which asked one of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_limit_is_in_force_on_all_servers_at_once() {
    let replicas = Replicas::start(3, 2000).await;
    let tenant = limited(&replicas, 5_000, 5_000);
    Flood::begin().ask(&replicas, &tenant, &ALL, Duration::from_millis(300)).await;
    for (number, (per_second, burst)) in [(40, 20), (400, 300), (20, 10)].into_iter().enumerate() {
        let (before, asked) = (missed(&replicas), Recovery::begin());
        replicas.of(number).set(&tenant, &rate(per_second, burst));
        let flood = Flood::begin();
        for number in ALL {
            let answer = replicas.client(number, &tenant).get("/ServiceProviderConfig").await;
            let expected = format!("\"requests\";q={burst};w={}", burst.div_ceil(per_second));
            let told = answer.header("ratelimit-policy");
            assert_eq!(told, Some(&*expected), "server {number}, as soon as the command has returned");
            if answer.status == 200 {
                flood.note_served();
            }
        }
        // From the call of the command on, and on all of them.
        asked.check_within(IN_FORCE, "a changed limit");
        flood.ask(&replicas, &tenant, &ALL, Duration::from_millis(1_500)).await;
        flood.check_most(per_second, burst);
        // On a busy machine Redis may seem away for a moment; then shares are counted.
        if missed(&replicas) == before {
            // What was taken before stays taken: there is no new burst.
            flood.check_least(per_second, 0, 0.8);
        }
    }
}

/// The same without Redis, and with the longest leases there may be: each server asks for what is new twice a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_a_changed_limit_is_in_force_soon_however_long_leases_are() {
    let replicas = Replicas::start(2, 60_000).await;
    let tenant = limited(&replicas, 1_000, 1_000);
    replicas.redis().kill();
    replicas.until_metric(2, "tenantry_limits_by_share", 1.0).await;
    // Each is in force when the command has returned; a machine that is busy may delay one.
    let mut quickest = Duration::MAX;
    for burst in 101..=108 {
        let asked = Instant::now();
        replicas.of(0).set(&tenant, &rate(1_000, burst));
        quickest = quickest.min(asked.elapsed());
        let answer = replicas.client(1, &tenant).get("/ServiceProviderConfig").await;
        assert_eq!(answer.header("ratelimit-policy"), Some(&*format!("\"requests\";q={burst};w=1")));
    }
    // By a quarter of the lease it would be seven seconds on average.
    assert!(quickest <= IN_FORCE, "{quickest:?}");
}

/// Redis is killed, a server comes while it is away and another ends; then Redis is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_the_shares_of_all_servers_add_up_to_the_limit() {
    let mut replicas = Replicas::start(3, 1000).await;
    let tenant = limited(&replicas, RATE, BURST);
    Flood::begin().ask(&replicas, &tenant, &ALL, Duration::from_millis(500)).await;
    replicas.until_metric(3, "tenantry_replication_living", 3.0).await;

    replicas.redis().kill();
    replicas.until_metric(3, "tenantry_limits_by_share", 1.0).await;
    let flood = Flood::begin();
    flood.ask(&replicas, &tenant, &ALL, Duration::from_millis(2_500)).await;
    // Each may use the burst of its share once.
    flood.check_most(RATE, BURST);
    flood.check_least(RATE, 0, 0.9);

    replicas.add(1000).await;
    replicas.until_metric(4, "tenantry_replication_living", 4.0).await;
    replicas.until_metric(4, "tenantry_limits_by_share", 1.0).await;
    let flood = Flood::begin();
    flood.ask(&replicas, &tenant, &[0, 1, 2, 3], Duration::from_millis(2_500)).await;
    flood.check_most(RATE, BURST);
    flood.check_least(RATE, 0, 0.9);
    assert!(replicas.of(3).server().log().contains("\"replicas\":4"), "{}", replicas.of(3).server().log());

    // One that was killed stays on the list, and is missed all the same.
    replicas.of(3).server().kill();
    replicas.until_metric(3, "tenantry_replication_living", 3.0).await;
    replicas.redis().start_again().await;
    let back = Recovery::begin();
    replicas.until_metric(3, "tenantry_limits_by_share", 0.0).await;
    back.check("Redis is back");
    let flood = Flood::begin();
    flood.ask(&replicas, &tenant, &ALL, Duration::from_millis(2_000)).await;
    flood.check_most(RATE, BURST);
    flood.check_least(RATE, 0, 0.9);
    for system in &replicas.all()[..3] {
        let told = |sentence: &str| system.server().log().matches(sentence).count();
        // The log is written right after the metric. A machine that stands still may let Redis seem away once more.
        until("the log to tell", async || {
            let (gone, back) = (told("limits: Redis is gone"), told("limits: Redis is back"));
            (gone >= 1 && gone == back).then_some(())
        })
        .await;
    }
}

/// The attack: one of three servers does not reach Redis, and more than the limit is asked at all of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_one_server_has_lost_redis_all_together_let_through_the_limit() {
    let mut replicas = Replicas::start(2, 1000).await;
    let redis: std::net::SocketAddr =
        replicas.redis().url().trim_start_matches("redis://").parse().expect("host and port");
    let line = Proxy::before(redis).await;
    let url = format!("redis://{}", line.address());
    replicas.join(System::start_on(replicas.url(), &replica_settings(&url, "1000")).await);
    let tenant = limited(&replicas, RATE, BURST);
    replicas.until_metric(3, "tenantry_replication_living", 3.0).await;
    // On a busy machine Redis may seem away for a moment, also to the others.
    until("a time in which the others reach Redis", async || {
        line.turn(Line::Cut);
        replicas.until_metric(2, "tenantry_replication_by_share", 1.0).await;
        // The burst of each is gone by then.
        Flood::begin().ask(&replicas, &tenant, &ALL, Duration::from_millis(1_500)).await;
        let (flood, before) = (Flood::begin(), missed(&replicas));
        flood.ask(&replicas, &tenant, &ALL, Duration::from_millis(4_000)).await;
        if missed(&replicas) != before {
            return None;
        }
        // What is leased ahead, and some that come back while nobody asks.
        flood.check_most(RATE, BURST / 4);
        flood.check_least(RATE, 0, 0.85);
        Some(())
    })
    .await;
    line.turn(Line::Open);
    let back = Recovery::begin();
    replicas.until_metric(2, "tenantry_replication_by_share", 0.0).await;
    back.check("it reaches Redis again");
}

/// The attack: a bulk request at one server takes each turn of the rate, and who is refused at another comes back in vain.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_refused_beside_a_bulk_request_of_another_server_is_told_when_that_is_done() {
    let replicas = Replicas::start(2, 2000).await;
    let tenant = limited(&replicas, 2, 2);
    let operation = |number| json!({ "method": "POST", "path": "/Users", "bulkId": format!("b{number}"), "data": user(&format!("u{number}")) });
    let body = json!({ "schemas": [urn::BULK], "Operations": (0..24).map(operation).collect::<Vec<_>>() });
    let (client, there) = (replicas.client(0, &tenant), replicas.client(1, &tenant));
    let running = tokio::spawn(async move { client.post("/Bulk", &body).await });
    until("some of its operations", async || {
        assert!(!running.is_finished(), "it takes ten seconds at least");
        (replicas.of(1).events(&tenant, 1).len() >= 3).then_some(())
    })
    .await;
    let refused = until("a refusal that knows of it", async || {
        assert!(!running.is_finished(), "it takes ten seconds at least");
        let answer = there.get("/ServiceProviderConfig").await;
        (answer.status == 429 && answer.retry_after() > 1).then_some(answer)
    })
    .await;
    let done = u64::try_from(replicas.of(1).events(&tenant, 1).len()).expect("a few");
    // Two in a second, and those that were done meanwhile.
    let left = 24_u64.saturating_sub(done);
    assert!(refused.retry_after() >= left / 2, "{left} are left: {refused:?}");
    refused.obey().await;
    let after = there.get("/ServiceProviderConfig").await;
    assert!(
        after.status == 200 || !running.is_finished(),
        "on a machine that is slow itself it takes longer: {after:?}"
    );
    running.await.expect("an answer").expect(200);
}

/// The operations that are still to be done go by the new limit, which was set at another server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bulk_request_under_way_goes_by_a_limit_that_was_changed_at_another_server() {
    let replicas = Replicas::start(2, 2000).await;
    let tenant = limited(&replicas, 1, 1);
    let operation = |number| json!({ "method": "POST", "path": "/Users", "bulkId": format!("b{number}"), "data": user(&format!("u{number}")) });
    let body = json!({ "schemas": [urn::BULK], "Operations": (0..45).map(operation).collect::<Vec<_>>() });
    let (started, client) = (Instant::now(), replicas.client(0, &tenant));
    let running = tokio::spawn(async move { client.post("/Bulk", &body).await });
    // Its first operation is an event.
    until("the bulk request to begin", async || (!replicas.of(1).events(&tenant, 1).is_empty()).then_some(())).await;
    replicas.of(1).set(&tenant, &rate(1_000, 1_000));
    let done = running.await.expect("an answer").expect(200);
    assert_eq!(done.body["Operations"].as_array().map(Vec::len), Some(45));
    let took = started.elapsed();
    assert!(took < Duration::from_secs(44), "{took:?}: by the limit it began with it takes 44 seconds at least");
}
