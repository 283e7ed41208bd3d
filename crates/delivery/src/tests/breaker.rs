//! What the breaker of a tenant holds reaches no store, by no way, until it is let go.

use std::time::Duration;

use scim::{Dialect, Patch, ResourceKind};
use serde_json::{Value, json};

use super::kind::Book;
use super::on_both;
use super::support::{System, object};
use crate::{Beginning, DeliveryError, NewStore, Part, Poll, Start};

const WHOLE: Part = Part { from: Beginning::Sequence(1), to: None };

pub(super) fn operator() -> Value {
    json!({ "type": "operator" })
}

pub(super) async fn hold_from(system: &System, number: u32) {
    let changes = object(json!({ "mode": "hold", "number": number }));
    system.environment.directories.set_breaker(&system.tenant, &changes, operator()).await.unwrap();
}

async fn switch(system: &System, user: &str, active: bool) {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": "active", "value": active }],
    });
    let of = scim::Schemas::standard();
    let patch = Patch::parse(body, of.of(ResourceKind::User), 10, &mut Dialect::lenient()).unwrap();
    let nothing = directory::Include::NOTHING;
    system.directory().patch(ResourceKind::User, user, patch, directory::Condition::None, nothing).await.unwrap();
}

/// Deactivates all.
pub(super) async fn end(system: &System, users: &[String]) {
    for user in users {
        switch(system, user, false).await;
    }
}

on_both! {
    async fn a_store_stands_before_what_is_held_and_goes_on_when_it_is_released(system: System) {
        hold_from(&system, 2).await;
        let users = system.users(10).await;
        let book = system.add("users", Start::First, json!({})).await;
        let (first, second) = (system.dispatch(), system.of_another_process().dispatch());
        end(&system, &users[..6]).await;
        switch(&system, &users[0], true).await;
        let record = system.caught_up("users").await;
        assert_eq!((record.position, record.held, record.lag()), (14, 5, 0));
        let last = book.entries().last().cloned().unwrap();
        assert_eq!((last.event_type.as_str(), last.sequence), ("breaker.tripped", 14));
        assert!(matches!(system.stores.rebuild(&system.tenant, "users").await, Err(DeliveryError::Conflict(_))));
        // It may have again what it has had.
        system.stores.replay(&system.tenant, "users", WHOLE).await.unwrap();
        system.caught_up("users").await;
        assert_eq!(book.numbers(), (1..=14).chain(1..=14).collect::<Vec<_>>());
        let numbers = system.stores.numbers().await.unwrap();
        assert_eq!((numbers[0].state, numbers[0].lag), ("held", 5));
        system.environment.directories.release_breaker(&system.tenant, operator()).await.unwrap();
        system.until("users", "what was held", |record| record.position == 20 && record.held == 0).await;
        let held: Vec<i64> = (15..=20).collect();
        // A process that stood still for as long as a lease lasts brings them again.
        assert!(book.numbers()[28..].chunks(held.len()).all(|brought| brought == held), "in order: {:?}", book.numbers());
        first.end().await;
        second.end().await;
    }

    async fn a_snapshot_waits_for_what_is_held(system: System) {
        hold_from(&system, 1).await;
        let users = system.users(5).await;
        end(&system, &users[..3]).await;
        let book = system.add("users", Start::Snapshot, json!({})).await;
        let late = system.add("late", Start::Now, json!({})).await;
        let other = system.add("other", Start::First, json!({})).await;
        let dispatching = system.dispatch();
        system.caught_up("other").await;
        assert_eq!(other.entries().last().unwrap().event_type.as_str(), "breaker.tripped");
        assert_eq!((book.entries().len(), late.entries().len()), (0, 0));
        assert!(system.record("users").await.snapshot.is_some());
        system.environment.directories.discard_breaker(&system.tenant, operator()).await.unwrap();
        for name in ["users", "late", "other"] {
            system.caught_up(name).await;
        }
        let types = |book: &Book| -> Vec<&'static str> {
            book.entries().iter().map(|entry| entry.event_type.as_str()).collect()
        };
        assert_eq!(types(&book)[0], "snapshot.started");
        assert_eq!(types(&late), ["breaker.discarded"], "nothing is left of what was held");
        assert!(!types(&other).ends_with(&["user.deactivated", "breaker.discarded"]));
        assert_eq!(types(&other).iter().filter(|name| **name == "user.deactivated").count(), 1, "the one before the alarm");
        dispatching.end().await;
    }

    async fn a_reader_sees_nothing_that_is_held(system: System) {
        hold_from(&system, 1).await;
        let users = system.users(5).await;
        let new = NewStore { name: "feed".to_owned(), kind: "pull".to_owned(), settings: object(json!({})), start: Start::First };
        system.stores.add(&system.tenant, new).await.unwrap();
        let token = system.stores.issue_token(&system.tenant, "feed").await.unwrap();
        end(&system, &users[..3]).await;
        let read = async |after: i64| {
            let reader = system.stores.reader(&token).await.unwrap().unwrap();
            system.stores.read(&reader, Some(after), 1000, Duration::ZERO).await.unwrap()
        };
        let page = read(0).await;
        assert_eq!((page.events.last().unwrap().event_type.as_str(), page.next, page.newest), ("breaker.tripped", 8, 8));
        for after in [8, 9, 10] {
            assert!(read(after).await.events.is_empty());
        }
        system.environment.directories.discard_breaker(&system.tenant, operator()).await.unwrap();
        let page = read(8).await;
        let types: Vec<_> = page.events.iter().map(|event| event.event_type.as_str()).collect();
        assert_eq!((types, page.next), (vec!["breaker.discarded"], 11));
    }

    async fn a_receiver_that_asks_gets_nothing_that_is_held(system: System) {
        hold_from(&system, 1).await;
        let users = system.users(4).await;
        let token = system.add_stream(Start::First, json!({})).await;
        end(&system, &users[..3]).await;
        let told = async || {
            let reader = system.reader(&token).await;
            system.poll(&reader, Poll::default()).await.unwrap().sets.len()
        };
        assert_eq!(told().await, 5, "four came, and one ended before the alarm");
        system.environment.directories.release_breaker(&system.tenant, operator()).await.unwrap();
        assert_eq!(told().await, 7);
    }

    /// A snapshot that was begun before is brought to its end; one that has seen what is held is not brought.
    async fn a_dispatcher_that_is_killed_while_events_are_held_leaves_them_held(system: System) {
        hold_from(&system, 1).await;
        let users = system.users(40).await;
        let book = system.add("users", Start::First, json!({ "batch": 1 })).await;
        let dispatching = system.dispatch();
        end(&system, &users[..20]).await;
        dispatching.kill().await;
        let dispatching = system.of_another_process().dispatch();
        system.caught_up("users").await;
        let entries = book.entries();
        assert_eq!(entries.iter().map(|entry| entry.sequence).max(), Some(43));
        assert_eq!(entries.last().unwrap().event_type.as_str(), "breaker.tripped");
        system.environment.directories.release_breaker(&system.tenant, operator()).await.unwrap();
        system.until("users", "what was held", |record| record.position == 63).await;
        let numbers = book.numbers();
        assert_eq!(numbers[numbers.len() - 20..], (44..=63).collect::<Vec<_>>());
        dispatching.end().await;
    }
}
