//! Buckets whose rate is changed while they are in use.

use std::time::{Duration, Instant};

use governor::clock::FakeRelativeClock;

use super::redis::{Replica, Server, until, until_alone};
use crate::{Bucket, Buckets, Rate};

const fn rate(per_second: u32, burst: u32) -> Rate {
    Rate { per_second, burst }
}

async fn count(bucket: &Bucket<FakeRelativeClock>) -> u32 {
    let mut count = 0;
    while bucket.take().await.is_ok() {
        count += 1;
    }
    count
}

/// The attack: the rate is changed to and fro, and each time there is a burst more.
#[tokio::test]
async fn what_was_taken_stays_taken_when_the_rate_changes() {
    let buckets = Buckets::of_one_process(FakeRelativeClock::default());
    let mut bucket = buckets.bucket("acme", rate(10, 20));
    for _ in 0..15 {
        bucket.take().await.unwrap();
    }
    bucket = buckets.changed("acme", rate(10, 100), &bucket);
    assert_eq!(count(&bucket).await, 85);
    bucket = buckets.changed("acme", rate(1, 30), &bucket);
    assert_eq!(count(&bucket).await, 0);
    // More than it held then is not owed.
    bucket = buckets.changed("acme", rate(10, 100), &bucket);
    assert_eq!(count(&bucket).await, 70);
}

/// The same where it is counted in Redis, and nothing comes back that would blur it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_taken_stays_taken_when_the_rate_changes_in_redis() {
    let server = Server::start().await;
    let replica = Replica::start(&server, 1);
    // On a machine that stands still Redis may seem away, and then nothing is known.
    let mut round = 0;
    until(async || {
        round += 1;
        let (before, name) = (replica.told(), format!("round {round}"));
        let (began, mut bucket) = (Instant::now(), replica.buckets.bucket(&name, rate(1, 8)));
        let mut taken = 0;
        for burst in [8, 12, 8, 12, 15, 3, 15] {
            bucket = replica.buckets.changed(&name, rate(1, burst), &bucket);
            while bucket.take().await.is_ok() {
                taken += 1;
            }
        }
        // Fifteen, the four that were not owed when it held eight, the twelve when it held three, and one in each second.
        let most = 15 + 4 + 12 + 1 + u32::try_from(began.elapsed().as_secs()).unwrap();
        let is_undisturbed = replica.told() == before;
        assert!(!is_undisturbed || taken <= most, "{taken} of {most}");
        is_undisturbed
    })
    .await;
}

/// The same without Redis.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_taken_stays_taken_when_the_rate_of_a_share_changes() {
    let server = Server::start().await;
    let replicas = [Replica::start(&server, 2)];
    server.kill();
    until_alone(&replicas, true).await;
    let [replica] = &replicas;
    let mut bucket = replica.buckets.bucket("acme", rate(1, 20));
    let (began, mut taken) = (Instant::now(), 0);
    for _ in 0..5 {
        while bucket.take().await.is_ok() {
            taken += 1;
        }
        bucket = replica.buckets.changed("acme", rate(1, 20), &bucket);
    }
    let most = 10 + 1 + began.elapsed().as_secs() / 2;
    assert!(taken <= most, "{taken} of {most}");
    assert!(began.elapsed() < Duration::from_secs(60));
}
