//! A new or rebuilt store gets the directory, and then what comes.

use std::collections::BTreeSet;

use serde_json::json;

use super::kind::{Behaviour, Book, Entry};
use super::on_both;
use super::support::System;
use crate::Start;

/// The last snapshot in a book: its number, its entries, and what came after it.
fn last_snapshot(book: &Book) -> (i64, Vec<Entry>, Vec<i64>) {
    let mut entries = book.entries();
    let started = entries.iter().rposition(|entry| entry.event_type.as_str() == "snapshot.started").unwrap();
    let mut entries = entries.split_off(started);
    let completed = entries.iter().position(|entry| entry.event_type.as_str() == "snapshot.completed").unwrap();
    let tail = entries.split_off(completed + 1);
    (entries[0].sequence, entries, tail.iter().map(|entry| entry.sequence).collect())
}

fn subjects(entries: &[Entry], event_type: &str) -> Vec<String> {
    let of_type = entries.iter().filter(|entry| entry.event_type.as_str() == event_type);
    of_type.map(|entry| entry.subject.clone()).collect()
}

on_both! {
    /// A snapshot that waits for a store takes room until the store is deleted, and no longer.
    async fn a_snapshot_that_waits_is_gone_with_its_store(system: System) {
        system.users(3).await;
        let mut waiting = Vec::new();
        for name in ["kept", "deleted"] {
            let book = system.add(name, Start::Snapshot, json!({ "retry_seconds": [3600] })).await;
            book.behave(Behaviour::BusyAfter(1));
        }
        let dispatching = system.dispatch();
        for name in ["kept", "deleted"] {
            let record = system.until(name, "a failure", |record| record.attempts == 1).await;
            waiting.push((record.at(), record.snapshot.map(|wish| wish.id).unwrap()));
        }
        system.stores.delete(&system.tenant, "deleted").await.unwrap();
        let kept: Vec<bool> = waiting.iter().map(|(at, wish)| system.stores.running().kept(*at, *wish).is_some()).collect();
        assert_eq!(kept, [true, false]);
        dispatching.end().await;
    }

    /// Users come before groups, what is gone does not come, and the tail begins with the next number.
    async fn a_new_store_gets_the_directory_and_then_what_comes(system: System) {
        let (ada, bob) = (system.user("ada").await, system.user("bob").await);
        let team = system.group("team", std::slice::from_ref(&ada)).await;
        let book = system.add("users", Start::Snapshot, json!({})).await;
        let dispatching = system.dispatch();
        system.caught_up("users").await;
        for name in ["cleo", "dan"] {
            system.user(name).await;
        }
        let record = system.caught_up("users").await;
        let (sequence, entries, tail) = last_snapshot(&book);
        assert_eq!((sequence, tail), (3, vec![4, 5]));
        assert_eq!(record.position, 5);
        assert_eq!(subjects(&entries, "user.snapshot"), [format!("Users/{ada}"), format!("Users/{bob}")]);
        assert_eq!(subjects(&entries, "group.snapshot"), [format!("Groups/{team}")]);
        let types: Vec<&str> = entries.iter().map(|entry| entry.event_type.as_str()).collect();
        assert_eq!(
            types,
            ["snapshot.started", "user.snapshot", "user.snapshot", "group.snapshot", "snapshot.completed"]
        );
        assert_eq!(entries.iter().map(|entry| entry.members).sum::<usize>(), 1);
        dispatching.end().await;
    }

    async fn a_large_group_comes_in_parts(system: System) {
        let users = system.users(1001).await;
        let team = system.group("everyone", &users).await;
        let book = system.add("users", Start::Snapshot, json!({ "batch": 1000 })).await;
        let dispatching = system.dispatch();
        system.caught_up("users").await;
        let (_, entries, _) = last_snapshot(&book);
        let parts: Vec<&Entry> = entries.iter().filter(|entry| entry.subject == format!("Groups/{team}")).collect();
        assert_eq!(parts.iter().map(|part| part.members).collect::<Vec<_>>(), [1000, 1]);
        let ids: BTreeSet<_> = entries.iter().map(|entry| entry.id).collect();
        assert_eq!(ids.len(), entries.len(), "every event has an id of its own");
        assert_eq!(subjects(&entries, "user.snapshot").len(), 1001);
        dispatching.end().await;
    }

    /// What was brought is not brought again while the same process goes on.
    async fn a_store_that_failed_in_a_snapshot_goes_on_with_it(system: System) {
        system.users(20).await;
        let book = system.add("users", Start::Snapshot, json!({ "batch": 5 })).await;
        book.behave(Behaviour::BusyAfter(8));
        let dispatching = system.dispatch();
        let failing = system.until("users", "the store to fail", |record| record.attempts > 0).await;
        let snapshot = failing.snapshot.expect("a snapshot under way");
        assert_eq!((snapshot.done, snapshot.total, snapshot.sequence), (7, 20, Some(20)));
        book.behave(Behaviour::Takes);
        system.caught_up("users").await;
        assert_eq!(book.entries().len(), 22);
        assert_eq!(book.entries().iter().map(|entry| entry.id).collect::<BTreeSet<_>>().len(), 22);
        dispatching.end().await;
    }

    /// Another process begins anew: nothing is missing, and what comes twice has the same id.
    async fn a_killed_snapshot_begins_again(system: System) {
        system.users(20).await;
        let book = system.add("users", Start::Snapshot, json!({ "batch": 5 })).await;
        book.behave(Behaviour::BusyAfter(8));
        let dispatching = system.dispatch();
        system.until("users", "the store to fail", |record| record.attempts > 0).await;
        dispatching.kill().await;
        book.behave(Behaviour::Takes);
        let other = system.of_another_process();
        let dispatching = other.dispatch();
        system.caught_up("users").await;
        let (sequence, entries, tail) = last_snapshot(&book);
        assert_eq!((sequence, entries.len(), tail), (20, 22, vec![]));
        let all: BTreeSet<_> = book.entries().iter().map(|entry| entry.id).collect();
        assert_eq!((book.entries().len(), all.len()), (30, 22));
        dispatching.end().await;
    }

    /// The events of another snapshot have other ids, even if nothing has changed.
    async fn a_store_is_rebuilt(system: System) {
        system.users(3).await;
        let book = system.add("users", Start::First, json!({})).await;
        let dispatching = system.dispatch();
        system.caught_up("users").await;
        assert_eq!(book.numbers(), [1, 2, 3]);
        for _ in 0..2 {
            system.stores.rebuild(&system.tenant, "users").await.unwrap();
            system.caught_up("users").await;
        }
        system.user("zoe").await;
        system.caught_up("users").await;
        let (sequence, entries, tail) = last_snapshot(&book);
        assert_eq!((sequence, entries.len(), tail), (3, 5, vec![4]));
        assert_eq!(book.entries().iter().map(|entry| entry.id).collect::<BTreeSet<_>>().len(), 3 + 5 + 5 + 1);
        dispatching.end().await;
    }

    async fn a_store_without_snapshots_gets_what_comes(system: System) {
        system.users(3).await;
        let now = system.add("now", Start::Now, json!({})).await;
        let some = system.add("some", Start::Snapshot, json!({ "types": ["user.created"] })).await;
        let dispatching = system.dispatch();
        system.caught_up("some").await;
        system.user("zoe").await;
        system.caught_up("now").await;
        system.caught_up("some").await;
        assert_eq!((now.numbers(), some.numbers()), (vec![4], vec![4]));
        let refused = system.stores.rebuild(&system.tenant, "some").await.unwrap_err();
        assert!(refused.to_string().contains("types"), "{refused}");
        dispatching.end().await;
    }

    /// Where events are gone from the log, a snapshot takes their place, and that is told.
    async fn a_store_behind_the_log_gets_a_snapshot(system: System) {
        system.users(3).await;
        let book = system.add("users", Start::First, json!({})).await;
        let some = system.add("some", Start::First, json!({ "types": ["user.created"] })).await;
        system.stores.prune(system.tenant.tenant(), i64::MAX).await.unwrap();
        assert_eq!(system.environment.events.oldest(system.tenant.tenant()).await.unwrap(), Some(3));
        let dispatching = system.dispatch();
        system.caught_up("users").await;
        system.caught_up("some").await;
        let (sequence, entries, tail) = last_snapshot(&book);
        assert_eq!((sequence, entries.len(), tail), (3, 5, vec![]));
        assert_eq!(some.numbers(), [3]);
        assert_eq!(system.told().await, ["store.rebuilding"]);
        dispatching.end().await;
    }
}
