//! What happens to a store that takes nothing, and to its events.

use std::collections::BTreeSet;

use serde_json::json;

use super::kind::Behaviour;
use super::on_both;
use super::support::{System, until};
use crate::{Start, State};

on_both! {
    /// An event that was tried for long enough is parked, and the next ones come; both is told, once each.
    async fn what_is_refused_for_too_long_is_parked(system: System) {
        let book = system.add("users", Start::First, json!({ "give_up_hours": 0 })).await;
        book.behave(Behaviour::Refuses(BTreeSet::from([2])));
        system.users(4).await;
        let dispatching = system.dispatch();
        let record = system.caught_up("users").await;
        assert_eq!(book.numbers(), [1, 3, 4]);
        assert_eq!((record.dead_letters, record.is_degraded, record.error), (1, false, None));
        let letters = system.stores.dead_letters(&system.tenant, "users", 0, 10).await.unwrap();
        let shown: Vec<_> = letters.iter().map(|letter| (letter.sequence, letter.attempts, letter.event_type.as_deref())).collect();
        assert_eq!(shown, [(2, 2, Some("user.created"))]);
        assert_eq!(system.told().await, ["store.degraded", "store.recovered"]);
        dispatching.end().await;
    }

    /// A new failure after a success is the first one.
    async fn failures_are_counted_for_each_event(system: System) {
        let book = system.add("users", Start::First, json!({ "retry_seconds": [1, 1, 1, 3600] })).await;
        book.behave(Behaviour::Shut);
        system.user("ada").await;
        let dispatching = system.dispatch();
        system.until("users", "failures", |record| record.attempts >= 2).await;
        book.behave(Behaviour::Takes);
        system.caught_up("users").await;
        book.behave(Behaviour::Refuses(BTreeSet::from([2])));
        system.user("bob").await;
        let failing = system.until("users", "a failure", |record| record.attempts > 0).await;
        assert_eq!((failing.attempts, failing.position), (1, 1));
        assert_eq!(failing.error.as_deref(), Some("it does not like this one"));
        dispatching.end().await;
    }

    /// No event is in the way: the store is degraded, goes on being tried, and that is told once.
    async fn a_store_that_cannot_be_opened_is_degraded(system: System) {
        let book = system.add("users", Start::First, json!({ "give_up_hours": 0 })).await;
        book.behave(Behaviour::Shut);
        system.user("ada").await;
        let dispatching = system.dispatch();
        let record = system.until("users", "more failures", |record| record.attempts >= 3).await;
        assert_eq!((record.is_degraded, record.dead_letters, record.state), (true, 0, State::Active));
        assert_eq!(system.told().await, ["store.degraded"]);
        book.behave(Behaviour::Takes);
        let record = system.until("users", "everything", |record| record.attempts == 0).await;
        assert_eq!((record.is_degraded, book.numbers()), (false, vec![1]));
        assert_eq!(system.told().await, ["store.degraded", "store.recovered"]);
        dispatching.end().await;
    }

    async fn a_store_that_gives_up_is_paused_if_it_says_so(system: System) {
        let book = system.add("users", Start::First, json!({ "give_up_hours": 0, "exhausted": "pause" })).await;
        book.behave(Behaviour::Refuses(BTreeSet::from([1])));
        system.users(2).await;
        let dispatching = system.dispatch();
        let record = system.until("users", "the pause", |record| record.state == State::Paused).await;
        assert_eq!((record.position, record.is_degraded, record.dead_letters), (0, true, 0));
        book.behave(Behaviour::Takes);
        system.stores.resume(&system.tenant, "users").await.unwrap();
        system.caught_up("users").await;
        assert_eq!(book.numbers(), [1, 2]);
        dispatching.end().await;
    }

    /// A bug in a kind of store is a failure of that store; the others go on.
    async fn a_store_that_panics_fails(system: System) {
        let panics = system.add("panics", Start::First, json!({})).await;
        panics.behave(Behaviour::Panics);
        let book = system.add("users", Start::First, json!({})).await;
        system.user("ada").await;
        let dispatching = system.dispatch();
        system.caught_up("users").await;
        let record = system.until("panics", "a failure", |record| record.attempts > 0).await;
        assert!(record.error.is_some_and(|error| error.contains("Tenantry itself")));
        panics.behave(Behaviour::Takes);
        system.caught_up("panics").await;
        assert_eq!((panics.numbers(), book.numbers()), (vec![1], vec![1]));
        dispatching.end().await;
    }

    /// When the pause is told, nothing comes any more, not even what was under way.
    async fn after_a_pause_nothing_comes(system: System) {
        let book = system.add("users", Start::First, json!({})).await;
        book.behave(Behaviour::Hangs);
        system.user("ada").await;
        let dispatching = system.dispatch();
        until("a worker", async || (system.stores.running().numbers().all > 0).then_some(())).await;
        system.stores.pause(&system.tenant, "users").await.unwrap();
        book.behave(Behaviour::Takes);
        let other = system.add("other", Start::First, json!({})).await;
        system.user("bob").await;
        system.caught_up("other").await;
        assert_eq!((book.numbers(), other.numbers()), (vec![], vec![1, 2]));
        system.stores.resume(&system.tenant, "users").await.unwrap();
        system.caught_up("users").await;
        assert_eq!(book.numbers(), [1, 2]);
        dispatching.end().await;
    }

    /// Moments that lie far ahead were written by a clock that was set back.
    async fn a_clock_that_is_set_back_stops_no_store(system: System) {
        let book = system.add("users", Start::First, json!({})).await;
        system.user("ada").await;
        system.execute("UPDATE stores SET lease_ms = 99999999999999, due_ms = 99999999999999, holder = 'gone'").await;
        let dispatching = system.dispatch();
        system.caught_up("users").await;
        assert_eq!(book.numbers(), [1]);
        dispatching.end().await;
    }

    /// What is in the table of a tenant that is gone is fed to nobody.
    async fn a_deleted_tenant_is_fed_no_more(system: System) {
        let book = system.add("users", Start::First, json!({})).await;
        book.behave(Behaviour::Hangs);
        system.user("ada").await;
        let dispatching = system.dispatch();
        until("a worker", async || (system.stores.running().numbers().all > 0).then_some(())).await;
        system.environment.tenants.delete("acme").await.unwrap();
        until("no worker", async || (system.stores.running().numbers().all == 0).then_some(())).await;
        book.behave(Behaviour::Takes);
        dispatching.end().await;
        assert_eq!(book.numbers(), [0; 0]);
    }
}
