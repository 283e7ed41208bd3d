//! Many stores, and several processes.

use std::collections::BTreeSet;

use serde_json::json;

use super::kind::Behaviour;
use super::on_both;
use super::support::{System, until};
use crate::Start;

on_both! {
    /// More stores hang than there are places for quick ones: nobody waits for them.
    async fn stores_that_hang_keep_nobody_waiting(system: System) {
        let mut books = Vec::new();
        for number in 0..10 {
            let tenant = system.new_tenant(&format!("tenant-{number}")).await;
            for store in 0..30 {
                let book = tenant.add(&format!("store-{store}"), Start::First, json!({})).await;
                if store < 26 {
                    book.behave(Behaviour::Hangs);
                } else {
                    books.push(book);
                }
            }
            tenant.user("ada").await;
        }
        let dispatching = system.dispatch();
        for book in &books {
            until("the others to be fed", async || (book.numbers() == [1]).then_some(())).await;
        }
        // Those who hang are still there, and keep the end of the process waiting no longer than the last deliveries may take.
        assert!(system.stores.running().numbers().all >= 260);
        dispatching.end().await;
    }

    /// More stores always have something to get than there are places: each has its turn.
    async fn stores_that_are_always_busy_keep_nobody_from_a_place(system: System) {
        let mut books = Vec::new();
        for number in 0..10 {
            let tenant = system.new_tenant(&format!("tenant-{number}")).await;
            for store in 0..27 {
                books.push(tenant.add(&format!("store-{store}"), Start::First, json!({})).await);
            }
            tenant.user("ada").await;
        }
        let dispatching = system.dispatch();
        let busy = tokio::spawn({
            let system = system.of_tenant("tenant-0");
            async move {
                for name in 0.. {
                    for number in 0..10 {
                        system.of_tenant(&format!("tenant-{number}")).user(&format!("user-{name}")).await;
                    }
                    // Often enough that no store rests, and seldom enough that a busy machine comes after.
                    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
                }
            }
        });
        for book in &books {
            until("each to be fed", async || (!book.numbers().is_empty()).then_some(())).await;
        }
        busy.abort();
        dispatching.end().await;
    }

    /// When a process is killed, its stores are another's as soon as its leases are over.
    async fn processes_share_the_stores(system: System) {
        let mut books = Vec::new();
        for store in 0..12 {
            books.push(system.add(&format!("store-{store}"), Start::First, json!({})).await);
        }
        let others = [system.of_another_process(), system.of_another_process()];
        let killed = others[0].dispatch();
        system.users(20).await;
        let going = others[1].dispatch();
        for book in &books {
            until("everything", async || (book.numbers().len() >= 20).then_some(())).await;
        }
        killed.kill().await;
        system.users_from(20, 20).await;
        let all: BTreeSet<i64> = (1..=40).collect();
        for (book, store) in books.iter().zip(0..) {
            system.caught_up(&format!("store-{store}")).await;
            let numbers = book.numbers();
            assert_eq!(numbers.iter().copied().collect::<BTreeSet<_>>(), all);
            let first_of_each: Vec<i64> = {
                let mut seen = BTreeSet::new();
                numbers.into_iter().filter(|number| seen.insert(*number)).collect()
            };
            assert!(first_of_each.is_sorted(), "{first_of_each:?}");
        }
        going.end().await;
    }
}
