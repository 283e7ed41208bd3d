//! Stores that keep their own position know only what they were brought.

use std::collections::BTreeSet;

use serde_json::json;

use super::kind::Behaviour;
use super::on_both;
use super::support::{System, object};
use crate::Start;

/// What the store gets of the directories of these tests: nothing.
const NOTHING: &str = "user.deleted";

impl System {
    /// Feeds the store as a process would that starts and ends.
    async fn fed_once(&self) {
        let dispatching = self.dispatch();
        self.caught_up("users").await;
        dispatching.end().await;
    }
}

on_both! {
    /// What was given up and discarded does not come again, whatever comes.
    async fn a_discarded_letter_stays_discarded(system: System) {
        let book = system.add("users", Start::First, json!({ "keeps": true, "give_up_hours": 0 })).await;
        book.behave(Behaviour::Refuses(BTreeSet::from([3])));
        system.users(3).await;
        system.fed_once().await;
        assert_eq!(system.stores.discard_letters(&system.tenant, "users", None).await.unwrap(), 1);
        book.behave(Behaviour::Takes);
        system.user("later").await;
        system.fed_once().await;
        assert_eq!(book.numbers(), [1, 2, 4]);
    }

    /// The last one that was parked can be brought again, because the store has nothing newer.
    async fn the_last_letter_is_brought_again(system: System) {
        let book = system.add("users", Start::First, json!({ "keeps": true, "give_up_hours": 0 })).await;
        book.behave(Behaviour::Refuses(BTreeSet::from([3])));
        system.users(3).await;
        system.fed_once().await;
        book.behave(Behaviour::Takes);
        assert_eq!(system.stores.retry_letters(&system.tenant, "users", None).await.unwrap(), 1);
        let dispatching = system.dispatch();
        system.until("users", "the letter to be brought", |record| record.dead_letters == 0).await;
        dispatching.end().await;
        assert_eq!(book.numbers(), [1, 2, 3]);
    }

    /// One that begins now gets nothing of before, also after it could not be opened.
    async fn what_was_before_a_store_does_not_come(system: System) {
        system.users(3).await;
        let book = system.add("users", Start::Now, json!({ "keeps": true, "types": [NOTHING] })).await;
        book.behave(Behaviour::Shut);
        system.user("later").await;
        let dispatching = system.dispatch();
        system.until("users", "a failure", |record| record.attempts > 0).await;
        book.behave(Behaviour::Takes);
        system.caught_up("users").await;
        dispatching.end().await;
        system.stores.set(&system.tenant, "users", (&object(json!({ "types": null })), None)).await.unwrap();
        system.user("last").await;
        system.fed_once().await;
        assert_eq!(book.numbers(), [5]);
    }

    /// Events that it was not to get are missing to nobody.
    async fn what_is_left_out_may_leave_the_log(system: System) {
        let book = system.add("users", Start::First, json!({ "keeps": true, "types": [NOTHING] })).await;
        system.users(3).await;
        system.fed_once().await;
        system.execute("DELETE FROM events WHERE sequence < 3").await;
        system.user("later").await;
        system.fed_once().await;
        assert_eq!((book.numbers(), system.told().await), (Vec::new(), Vec::new()));
    }

    /// One that was restored from a backup gets again what it has lost.
    async fn a_restored_store_gets_what_it_lost(system: System) {
        let book = system.add("users", Start::First, json!({ "keeps": true })).await;
        system.users(5).await;
        system.fed_once().await;
        book.restore(2);
        system.user("later").await;
        system.fed_once().await;
        assert_eq!(book.numbers(), [1, 2, 3, 4, 5, 6]);
    }
}
