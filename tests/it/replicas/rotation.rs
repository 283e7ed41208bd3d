//! A replaced token is dead everywhere when the call that replaced it has returned.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::load::{Load, Seen};
use crate::support::{Recovery, Replicas, Wire, database};

/// Nothing was let in that should not be, and the clients did get in otherwise.
fn check(seen: &Seen) {
    assert_eq!(seen.wrongly_accepted, 0, "{seen:?}");
    assert_eq!(seen.strange, Vec::<String>::new(), "{seen:?}");
    assert!(seen.accepted > 20 && seen.refused > 20, "the tokens were in use: {seen:?}");
}

/// A hundred rotations under load, through each replica in turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_replaced_tokens_none_is_accepted_by_any_replica() {
    let replicas = Replicas::start(3, 2000).await;
    let tenant = replicas.of(0).tenant("strict");
    let load = Load::start(&replicas, &tenant, 3);
    for number in 0..100 {
        load.rotate(number).await;
    }
    check(&load.end().await);
    replicas.check_acknowledged(0..3).await;
}

/// A replica that was stopped in the middle of it all wakes up with a lease that has run out. What waits in its
/// connections was sent after the token's end, and is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_was_stopped_across_a_rotation_accepts_nothing_old() {
    let replicas = Replicas::start(3, 1000).await;
    let tenant = replicas.of(0).tenant("stopped");
    let load = Load::start(&replicas, &tenant, 2);
    for round in 0..4 {
        let stopped = replicas.of(2).server();
        stopped.signal("STOP");
        load.rotate(round % 2).await;
        let old = load.last_retired();
        // Sent while it sleeps: the first thing that it reads when it wakes.
        let mut waiting = Wire::connect(stopped.port()).await;
        let request = format!(
            "GET /t/{}/scim/v2/Users?count=0 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
            old.name, old.token
        );
        assert!(waiting.send(request).await);
        stopped.signal("CONT");
        let back = Recovery::begin();
        waiting.answer().await.expect(401);
        replicas.client(2, &old).get("/Users?count=0").await.expect(401);
        replicas.client(2, &load.current()).get("/Users?count=0").await.expect(200);
        back.check("the replica goes on");
    }
    check(&load.end().await);
}

/// Redis carries messages and nothing else: whatever becomes of it, and whenever, no replaced token is accepted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_becomes_of_redis_nothing_old_is_accepted() {
    let replicas = Replicas::start(3, 1000).await;
    let tenant = replicas.of(0).tenant("redis");
    let load = Load::start(&replicas, &tenant, 2);
    for round in 0..2 {
        // Before.
        replicas.redis().kill();
        load.rotate(round).await;
        load.rotate(round + 1).await;
        // It comes back in the middle of one, and goes in the middle of the next.
        tokio::join!(load.rotate(round), replicas.redis().start_again());
        let during = replicas.clone();
        let killed = tokio::task::spawn_blocking(move || during.redis().kill());
        load.rotate(round + 2).await;
        killed.await.expect("Redis is gone");
        replicas.redis().start_again().await;
        // After.
        load.rotate(round).await;
        replicas.redis().kill();
        load.rotate(round + 1).await;
        replicas.redis().start_again().await;
        // Silent, with open connections.
        replicas.redis().signal("STOP");
        load.rotate(round).await;
        replicas.redis().signal("CONT");
        load.rotate(round + 1).await;
    }
    check(&load.end().await);
}

/// Who can write to Redis cannot say that a stopped replica knows of the new token.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acknowledgement_cannot_be_forged() {
    let replicas = Replicas::start(2, 1000).await;
    let tenant = replicas.of(0).tenant("forged");
    let channels = replicas.redis().command("PUBSUB CHANNELS tenantry:*");
    let channel = channels.iter().find(|line| line.ends_with(":tenants")).expect("the channel").clone();
    let ids = database::texts(replicas.url(), "SELECT id FROM replicas").await;
    assert_eq!(ids.len(), 2);
    let is_over = Arc::new(AtomicBool::new(false));
    let forging = tokio::task::spawn_blocking({
        let (replicas, is_over) = (replicas.clone(), Arc::clone(&is_over));
        move || {
            while !is_over.load(Ordering::SeqCst) {
                for id in &ids {
                    for seal in ["", " 00", &format!(" {}", "0".repeat(64))] {
                        replicas.redis().command(&format!("PUBLISH {channel} \"holds 1000000 {id}{seal}\""));
                    }
                }
            }
        }
    });
    replicas.of(1).server().signal("STOP");
    let renewed = replicas.of(0).issue(&tenant);
    is_over.store(true, Ordering::SeqCst);
    forging.await.expect("the forger");
    assert_eq!(replicas.changes(0, "waited").await, 1, "the lease of the stopped replica was waited for");
    replicas.of(1).server().signal("CONT");
    replicas.client(1, &tenant).get("/Users?count=0").await.expect(401);
    replicas.client(1, &renewed).get("/Users?count=0").await.expect(200);
}

/// A replica that was killed is waited for once. One that ends in order is waited for by nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_replica_delays_one_rotation_by_its_lease() {
    // So long that none runs out between two commands.
    let replicas = Replicas::start(3, 4000).await;
    let tenant = replicas.of(0).tenant("killed");
    assert!(replicas.of(1).server().stop().await.success());
    // It said goodbye.
    let tenant = replicas.issue_acknowledged(0, &tenant).await;
    let waited = replicas.changes(0, "waited").await;
    replicas.of(2).server().kill();
    // It could not.
    let tenant = replicas.of(0).issue(&tenant);
    assert_eq!(replicas.changes(0, "waited").await, waited + 1);
    let renewed = replicas.issue_acknowledged(0, &tenant).await;
    // They come back by themselves, and know everything.
    replicas.of(1).server().start_again().await;
    replicas.of(2).server().start_again().await;
    for number in 0..3 {
        replicas.client(number, &tenant).get("/Users?count=0").await.expect(401);
        replicas.client(number, &renewed).get("/Users?count=0").await.expect(200);
    }
    let last = replicas.issue_acknowledged(1, &renewed).await;
    for number in 0..3 {
        replicas.client(number, &renewed).get("/Users?count=0").await.expect(401);
        replicas.client(number, &last).get("/Users?count=0").await.expect(200);
    }
}
