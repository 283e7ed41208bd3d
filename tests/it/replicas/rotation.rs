//! A replaced token is dead everywhere when the call that replaced it has returned.

use super::load::{Load, Seen};
use crate::support::Replicas;

/// Nothing was let in that should not be, and the clients did get in otherwise.
fn check(seen: &Seen) {
    assert_eq!(seen.wrongly_accepted, 0, "{seen:?}");
    assert_eq!(seen.strange, Vec::<String>::new(), "{seen:?}");
    assert!(seen.accepted > 100 && seen.refused > 100, "the tokens were in use: {seen:?}");
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
}
