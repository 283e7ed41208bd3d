//! What clients see while something is away, and that it comes back by itself.

use std::time::{Duration, Instant};

use crate::support::{Proxy, Recovery, Replicas, System, Tenant, database, replica_settings, until, user};

/// Without PostgreSQL nobody is told anything wrong: a replica goes on by what it knows as long as its lease lasts, and
/// then says that it cannot tell.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_database_a_replica_says_503_and_nothing_wrong() {
    let replicas = Replicas::start(2, 1000).await;
    let tenant = replicas.of(0).tenant("outage");
    let gone = Tenant { name: "nobody".to_owned(), ..tenant.clone() };
    replicas.client(0, &tenant).get("/Schemas").await.expect(200);
    database::cut(replicas.url()).await;
    for number in 0..2 {
        // Needs nothing of the database but the token.
        until("the lease to end", async || {
            let answer = replicas.client(number, &tenant).get("/Schemas").await;
            assert!(matches!(answer.status, 200 | 503), "{} {}", answer.status, answer.text);
            (answer.status == 503).then_some(())
        })
        .await;
        for client in [replicas.client(number, &tenant), replicas.client(number, &gone)] {
            for path in ["/Users", "/Schemas", "/Users/0190a5a4-0000-7000-8000-000000000000"] {
                let refused = client.get(path).await.expect(503);
                assert!(refused.header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().is_ok()));
            }
        }
        let refused = replicas.client(number, &tenant).with_token("wrong").get("/Schemas").await;
        assert_eq!(refused.status, 503, "it cannot be told whether the token is wrong");
    }
    database::restore(replicas.url()).await;
    let back = Recovery::begin();
    for number in 0..2 {
        until("the replica to serve again", async || {
            let answer = replicas.client(number, &tenant).get("/Users").await;
            assert!(matches!(answer.status, 200 | 503), "{} {}", answer.status, answer.text);
            (answer.status == 200).then_some(())
        })
        .await;
        replicas.client(number, &tenant).post("/Users", &user(&format!("u{number}"))).await.expect(201);
    }
    back.check("PostgreSQL is back");
    let renewed = replicas.of(0).issue(&tenant);
    replicas.client(1, &tenant).get("/Users").await.expect(401);
    replicas.client(1, &renewed).get("/Users").await.expect(200);
}

/// A database that takes its time is like one that is away: nobody waits for long, and nobody is told anything wrong.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_its_database_takes_its_time_a_replica_says_503_soon() {
    let replicas = Replicas::start(2, 1000).await;
    let tenant = replicas.of(0).tenant("slow");
    let held_up = database::hold_up(replicas.url()).await;
    until("the lease to end", async || {
        let answer = replicas.client(1, &tenant).get("/Users?count=0").await;
        assert!(matches!(answer.status, 200 | 503), "{} {}", answer.status, answer.text);
        (answer.status == 503).then_some(())
    })
    .await;
    let asked = Recovery::begin();
    let refused = replicas.client(1, &tenant).get("/Users?count=0").await.expect(503);
    assert!(refused.header("retry-after").is_some());
    asked.check("somebody is refused");
    held_up.rollback().await.expect("to let go");
    let back = Recovery::begin();
    until("the replica to serve again", async || {
        (replicas.client(1, &tenant).get("/Users?count=0").await.status == 200).then_some(())
    })
    .await;
    back.check("PostgreSQL answers in time again");
    let renewed = replicas.of(1).issue(&tenant);
    replicas.client(0, &tenant).get("/Users?count=0").await.expect(401);
    replicas.client(0, &renewed).get("/Users?count=0").await.expect(200);
}

/// Without Redis clients notice nothing, and changes are in force as before, only later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_clients_notice_nothing() {
    let mut replicas = Replicas::start(2, 1000).await;
    let tenant = replicas.of(0).tenant("redis");
    for signal in [true, false] {
        if signal {
            replicas.redis().signal("STOP")
        } else {
            replicas.redis().kill()
        }
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(1500) {
            replicas.client(0, &tenant).get("/Users?count=0").await.expect(200);
            replicas.client(1, &tenant).get("/Users?count=0").await.expect(200);
        }
        if signal {
            replicas.redis().signal("CONT");
        }
    }
    // One that starts meanwhile starts all the same.
    replicas.add(1000).await;
    let renewed = replicas.of(2).issue(&tenant);
    for number in 0..3 {
        replicas.client(number, &tenant).get("/Users?count=0").await.expect(401);
        replicas.client(number, &renewed).get("/Users?count=0").await.expect(200);
    }
    assert!(replicas.messages_lost(2).await > 0.0, "the metric tells");
    replicas.redis().start_again().await;
    let back = Recovery::begin();
    // Through Redis word comes at once: a rotation then needs no look at the list.
    replicas.issue_acknowledged(0, &renewed).await;
    back.check("Redis is back");
}

/// A change that cannot be made holds up no request, and fails in the end; then everything is as before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_changes_are_held_up_requests_go_on_and_commands_fail() {
    let replicas = Replicas::start(1, 1000).await;
    let old = replicas.of(0).tenant("held-up");
    let arguments = ["token", "issue", &old.name, "--mode", "first-use", "--json"];
    let issued = replicas.of(0).tenantry(&arguments).expect(0).json();
    let new = Tenant { token: issued["token"].as_str().expect("a token").to_owned(), ..old.clone() };
    let held_up = database::hold_changes(replicas.url()).await;
    let failing = tokio::task::spawn_blocking({
        let (system, name) = (replicas.of(0).clone(), old.name.clone());
        move || system.tenantry(&["tenant", "set", &name, "strict=true"])
    });
    let refused = replicas.client(0, &new).get("/ServiceProviderConfig").await.expect(503);
    assert!(refused.header("retry-after").is_some());
    while !failing.is_finished() {
        replicas.client(0, &old).get("/Users?count=0").await.expect(200);
    }
    failing.await.expect("a command").expect(5);
    held_up.rollback().await.expect("to let go");
    let back = Recovery::begin();
    until("the first use", async || {
        (replicas.client(0, &new).get("/ServiceProviderConfig").await.status == 200).then_some(())
    })
    .await;
    back.check("changes are made again");
    replicas.client(0, &old).get("/Users?count=0").await.expect(401);
}

/// A server is stopped while it has a directory locked: who changes it at another one waits for a moment and is served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_is_stopped_in_the_middle_of_a_batch_holds_up_its_tenant_for_a_moment() {
    let replicas = Replicas::start(2, 1000).await;
    let tenant = replicas.of(0).tenant("stopped");
    let held_up = database::hold_up_changes(replicas.url()).await;
    let client = replicas.client(0, &tenant);
    // The first change of a directory takes its lock.
    let stuck = tokio::spawn(async move { client.post("/Users", &user("stuck")).await.status });
    let waits = "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' \
                 AND query NOT LIKE 'LOCK TABLE%'";
    until("the batch to wait", async || (!database::texts(replicas.url(), waits).await.is_empty()).then_some(())).await;
    replicas.of(0).server().signal("STOP");
    held_up.rollback().await.expect("to let go");
    // At its first try, which the writer gives up after ten seconds.
    replicas.client(1, &tenant).post("/Users", &user("other")).await.expect(201);
    replicas.of(0).server().signal("CONT");
    let status = stuck.await.expect("an answer");
    assert!(matches!(status, 201 | 503), "{status}");
    let found = replicas.client(1, &tenant).find("Users", "userName eq \"stuck\"").await.expect(200);
    assert!(status == 503 || found.total() == 1, "what was answered is there");
}

/// The connections of a replica to the database are forgotten on the way and never closed: its lease is renewed over new
/// ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_whose_connections_were_forgotten_renews_its_lease_over_new_ones() {
    let mut replicas = Replicas::start(1, 1000).await;
    let (authority, name) = replicas.url().rsplit_once('/').expect("a database");
    let (user, target) = authority.rsplit_once('@').expect("a user");
    let line = Proxy::before(target.parse().expect("an address")).await;
    let (url, redis) = (format!("{user}@{}/{name}", line.address()), replicas.redis().url());
    replicas.join(System::start_on(&url, &replica_settings(&redis, "1000")).await);
    let tenant = replicas.of(0).tenant("forgotten");
    replicas.client(1, &tenant).get("/Schemas").await.expect(200);
    line.forget_connections();
    let trusted = "tenantry_replication_trusted";
    until("the lease to end", async || (replicas.metric(1, trusted).await < 0.5).then_some(())).await;
    let began = Recovery::begin();
    until("a lease", async || (replicas.metric(1, trusted).await > 0.5).then_some(())).await;
    // The connections that were idle are not tried one after the other, let alone until the system gives them up.
    began.check("its connections are forgotten");
    until("reads", async || (replicas.client(1, &tenant).get("/Users").await.status == 200).then_some(())).await;
}
