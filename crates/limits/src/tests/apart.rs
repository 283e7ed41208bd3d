//! Some replicas reach Redis, and others do not.

use std::time::Duration;

use super::redis::{Replica, Server, flood, flood_undisturbed, yielded};

/// The attack: the line of one of three is cut. It goes by its share; the others must not have the whole rate beside it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_left_to_those_who_are_apart_is_not_leased_to_the_others() {
    let server = Server::start().await;
    let replicas: Vec<_> = (0..3).map(|_| Replica::start(&server, 3)).collect();
    flood(&replicas, &[0, 1], Duration::from_millis(700)).await;
    for (apart, part) in [(1, 2.0 / 3.0), (2, 1.0 / 3.0), (0, 1.0)] {
        replicas.iter().for_each(|replica| replica.living.set(3, apart));
        // What was taken before by another part.
        flood(&replicas, &[0, 1], Duration::from_millis(1_000)).await;
        let flooded = flood_undisturbed(&replicas, &[0, 1], Duration::from_secs(3)).await;
        let of_rate = flooded.admitted as f64 / yielded(flooded.passed);
        assert!((part * 0.93..=part * 1.05).contains(&of_rate), "{of_rate} of the rate, {part} is right");
    }
}

/// Replicas do not change over in the same moment, and each says another part for a while: that refills nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_disagrees_about_the_part_gets_no_more_than_the_rate() {
    let server = Server::start().await;
    let replicas: Vec<_> = (0..3).map(|_| Replica::start(&server, 3)).collect();
    replicas[1].living.set(3, 1);
    flood(&replicas, &[0, 1], Duration::from_millis(1_000)).await;
    let flooded = flood_undisturbed(&replicas, &[0, 1], Duration::from_secs(3)).await;
    let of_rate = flooded.admitted as f64 / yielded(flooded.passed);
    assert!((0.6..=1.05).contains(&of_rate), "{of_rate} of the rate");
}
