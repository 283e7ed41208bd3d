//! The line of one replica to Redis is gone, while the others keep theirs.

use std::time::Instant;

use super::knocking::Knocking;
use crate::support::{Line, Proxy, Replicas, System, replica_settings};

/// Two replicas, and a third one whose line to Redis is in the test's hands.
async fn replicas_and_line() -> (Replicas, Proxy) {
    let mut replicas = Replicas::start(2, 1000).await;
    let target = replicas.redis().url().trim_start_matches("redis://").parse().expect("an address");
    let line = Proxy::before(target).await;
    let redis = format!("redis://{}", line.address());
    replicas.join(System::start_on(replicas.url(), &replica_settings(&redis, "1000")).await);
    (replicas, line)
}

/// Rotations through each replica, also through the one that can tell nobody and hears nothing, while its line is dead, while
/// it is silent, and when it is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_one_replica_has_lost_redis_no_replaced_token_is_accepted_anywhere() {
    let (replicas, line) = replicas_and_line().await;
    let mut tenant = replicas.of(0).tenant("line");
    for state in [Line::Cut, Line::Silent, Line::Open] {
        line.turn(state);
        for number in 0..3 {
            let knocking = Knocking::start(&replicas, &tenant);
            knocking.more(3, &[]).await;
            let new = replicas.of(number).issue(&tenant);
            let returned = Instant::now();
            for other in 0..3 {
                replicas.client(other, &new).get("/ServiceProviderConfig").await.expect(200);
            }
            knocking.more(10, &[]).await;
            knocking.nobody_was_let_in_since(returned).await;
            tenant = new;
        }
    }
    // It is heard again.
    replicas.issue_acknowledged(2, &tenant).await;
}
