//! A Redis without memory, and one that makes room by forgetting.

use std::time::{Duration, Instant};

use serde_json::json;

use super::flood::Flood;
use super::knocking::Knocking;
use crate::support::{Database, Recovery, Redis, Replicas, System, replica_settings, until};

const BY_SHARE: &str = "tenantry_limits_by_share";
const RATE: u32 = 100;
const BURST: u32 = 100;

/// Redis refuses every write. Rotations through each replica are as strict as ever, a tenant gets its rate and no more, and with memory
/// again rates are counted together again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_without_memory_changes_no_rotation_and_no_limit() {
    let replicas = Replicas::start(3, 1000).await;
    let mut tenant = replicas.of(0).tenant("memory");
    let limited = replicas.of(0).tenant_with("limited", &json!({ "rate_per_second": RATE, "rate_burst": BURST }));
    replicas.until_metric(3, "tenantry_replication_living", 3.0).await;
    assert_eq!(replicas.redis().command("CONFIG SET maxmemory 1"), ["+OK", "+OK"]);
    assert!(replicas.redis().command("SET any thing")[0].starts_with("-OOM"), "it refuses");
    replicas.until_metric(3, BY_SHARE, 1.0).await;
    let flood = Flood::begin();
    flood.ask(&replicas, &limited, &[0, 1, 2], Duration::from_millis(2_500)).await;
    flood.check_most(RATE, BURST);
    flood.check_least(RATE, 0, 0.9);
    for number in 0..3 {
        let knocking = Knocking::start(&replicas, &tenant);
        knocking.more(3, &[]).await;
        let new = replicas.of(number).issue(&tenant);
        let returned = Instant::now();
        for other in 0..3 {
            replicas.client(other, &tenant).get("/ServiceProviderConfig").await.expect(401);
            replicas.client(other, &new).get("/Users?count=0").await.expect(200);
        }
        knocking.more(10, &[]).await;
        knocking.nobody_was_let_in_since(returned).await;
        tenant = new;
    }
    assert_eq!(replicas.redis().command("CONFIG SET maxmemory 0"), ["+OK", "+OK"]);
    let back = Recovery::begin();
    replicas.until_metric(3, BY_SHARE, 0.0).await;
    back.check("Redis has memory again");
    let flood = Flood::begin();
    flood.ask(&replicas, &limited, &[0, 1, 2], Duration::from_millis(2_000)).await;
    flood.check_most(RATE, BURST);
    replicas.issue_acknowledged(0, &tenant).await;
}

const WARNING: &str = "limits: Redis may forget what tenants have asked";

/// A server on a Redis that was told these commands before.
async fn start_on(redis: &Redis, commands: &[&str]) -> System {
    for command in commands {
        assert_eq!(redis.command(command), ["+OK", "+OK"], "{command}");
    }
    let url = Database::Postgres.create(std::path::Path::new("")).await;
    System::start_on(&url, &replica_settings(&redis.url(), "1000")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_may_evict_is_warned_of() {
    let redis = Redis::start().await;
    let system = start_on(&redis, &["CONFIG SET maxmemory 100mb", "CONFIG SET maxmemory-policy allkeys-lru"]).await;
    until("the warning", async || system.server().log().contains(WARNING).then_some(())).await;
    let log = system.server().log();
    assert_eq!(log.matches(WARNING).count(), 1, "{log}");
    assert!(log.contains("allkeys-lru") && log.contains("noeviction"), "{log}");
    // It is looked again within a minute, and said once that it is over.
    assert_eq!(redis.command("CONFIG SET maxmemory-policy noeviction"), ["+OK", "+OK"]);
    until("the end of it", async || system.server().log().contains("limits: Redis forgets nothing").then_some(()))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_tells_nothing_is_not_complained_about() {
    let redis = Redis::start().await;
    let forgetful = ["CONFIG SET maxmemory 100mb", "CONFIG SET maxmemory-policy allkeys-lru"];
    let system = start_on(&redis, &[&forgetful[..], &["ACL SETUSER default -info -config"]].concat()).await;
    assert!(redis.command("INFO memory")[0].starts_with("-NOPERM"), "it does not tell");
    let tenant = system.tenant_with("quiet", &json!({ "rate_per_second": 5, "rate_burst": 5 }));
    // It goes on counting. (Redis may be slow where other tests run.)
    until("a refusal", async || (tenant.client().get("/Users?count=0").await.status == 429).then_some(())).await;
    let log = system.server().log();
    assert!(!log.contains(WARNING) && !log.contains("NOPERM"), "{log}");
}
