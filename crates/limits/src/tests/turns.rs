//! What waits for its turn at one replica is known at the others.

use super::redis::{Replica, Server, until};
use crate::Rate;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_its_turn_elsewhere_is_known_until_it_is_done() {
    let server = Server::start().await;
    let replicas = [Replica::start(&server, 2), Replica::start(&server, 2)];
    let [here, there] =
        replicas.each_ref().map(|replica| replica.buckets.bucket("bulky", Rate { per_second: 5, burst: 2 }));
    for (waiting, known) in [(30, 30), (7, 7), (0, 0)] {
        until(async || {
            here.note_turns(waiting);
            here.tell_turns();
            // Whoever asks learns of it, also if it is refused.
            let _ = there.take().await;
            there.turns_elsewhere() == known
        })
        .await;
        assert_eq!(here.turns_elsewhere(), 0, "its own are none of others");
    }
    // Who is gone waits for nothing any more.
    here.note_turns(9);
    until(async || {
        here.tell_turns();
        let _ = there.take().await;
        there.turns_elsewhere() == 9
    })
    .await;
    until(async || {
        let _ = there.take().await;
        there.turns_elsewhere() == 0
    })
    .await;
}
