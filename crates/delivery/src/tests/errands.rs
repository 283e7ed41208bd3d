//! What operators ask for: settings, replays, dead letters.

use std::collections::BTreeSet;

use serde_json::json;

use super::kind::Behaviour;
use super::on_both;
use super::support::{System, object, until};
use crate::{Beginning, Part, Start};

on_both! {
    /// What comes waits for the end of a replay, and comes once.
    async fn a_part_of_the_log_is_brought_again(system: System) {
        let book = system.add("users", Start::First, json!({ "batch": 2 })).await;
        system.users(6).await;
        let dispatching = system.dispatch();
        system.caught_up("users").await;
        let part = Part { from: Beginning::Sequence(2), to: Some(4) };
        let replayed = system.stores.replay(&system.tenant, "users", part).await.unwrap();
        assert_eq!(replayed.events, Some((2, 4)));
        system.user("zoe").await;
        system.caught_up("users").await;
        assert_eq!(book.numbers(), [1, 2, 3, 4, 5, 6, 2, 3, 4, 7]);
        let part = Part { from: Beginning::Time(0), to: None };
        system.stores.replay(&system.tenant, "users", part).await.unwrap();
        system.caught_up("users").await;
        assert_eq!(book.numbers()[10..], [1, 2, 3, 4, 5, 6, 7]);
        let part = Part { from: Beginning::Sequence(8), to: None };
        assert_eq!(system.stores.replay(&system.tenant, "users", part).await.unwrap().events, None);
        dispatching.end().await;
    }

    async fn what_is_gone_from_the_log_is_not_replayed(system: System) {
        system.add("users", Start::Now, json!({})).await;
        system.users(3).await;
        system.stores.prune(system.tenant.tenant(), i64::MAX).await.unwrap();
        let part = Part { from: Beginning::Sequence(1), to: None };
        let refused = system.stores.replay(&system.tenant, "users", part).await.unwrap_err();
        assert!(refused.to_string().contains("begins with event 3"), "{refused}");
    }

    /// A dead letter comes after newer events; what is not taken again stays one, and holds up nothing.
    async fn dead_letters_are_tried_again_and_discarded(system: System) {
        let book = system.add("users", Start::First, json!({ "give_up_hours": 0 })).await;
        book.behave(Behaviour::Refuses(BTreeSet::from([1, 2, 3])));
        system.users(4).await;
        let dispatching = system.dispatch();
        system.caught_up("users").await;
        book.behave(Behaviour::Refuses(BTreeSet::from([2])));
        let (tenant, stores) = (&system.tenant, &system.stores);
        assert_eq!(stores.retry_letters(tenant, "users", None).await.unwrap(), 3);
        let left = until("the retry", async || {
            let letters = stores.dead_letters(tenant, "users", 0, 10).await.unwrap();
            (letters.len() == 1 && !letters[0].is_asked_for).then_some(letters)
        })
        .await;
        assert_eq!((left[0].sequence, left[0].attempts), (2, 3));
        assert_eq!(book.numbers(), [4, 1, 3]);
        assert!(stores.retry_letters(tenant, "users", Some(7)).await.is_err());
        assert_eq!(stores.discard_letters(tenant, "users", Some(2)).await.unwrap(), 1);
        assert_eq!(system.record("users").await.dead_letters, 0);
        dispatching.end().await;
    }

    /// A setting that is not named stays, also a secret; nothing is the default.
    async fn settings_are_changed_by_name(system: System) {
        system.add("users", Start::Now, json!({ "secret": "whsec_1", "batch": 7 })).await;
        let (tenant, stores) = (&system.tenant, &system.stores);
        let changed = stores.set(tenant, "users", (&object(json!({ "exhausted": "pause", "batch": null })), None)).await.unwrap();
        assert_eq!((changed.options.batch, changed.version), (100, 2));
        assert!(!serde_json::to_string(&changed.settings).unwrap().contains("whsec"));
        let settings = system.environment.settings_of(&changed).unwrap();
        assert_eq!(settings["secret"], "whsec_1");
        let changed = stores.set(tenant, "users", (&object(json!({ "secret": "whsec_2" })), None)).await.unwrap();
        assert_eq!(system.environment.settings_of(&changed).unwrap()["secret"], "whsec_2");
        for wrong in [json!({ "unknown": 1 }), json!({ "batch": 0 }), json!({ "types": ["user.cooked"] })] {
            assert!(stores.set(tenant, "users", (&object(wrong), None)).await.is_err());
        }
    }

    /// A store that is to be tried in an hour is tried at once.
    async fn a_failed_store_is_tried_at_once(system: System) {
        let book = system.add("users", Start::First, json!({ "retry_seconds": [3600] })).await;
        book.behave(Behaviour::Shut);
        system.user("ada").await;
        let dispatching = system.dispatch();
        system.until("users", "a failure", |record| record.attempts == 1).await;
        book.behave(Behaviour::Takes);
        system.stores.retry(&system.tenant, "users").await.unwrap();
        system.caught_up("users").await;
        assert_eq!(book.numbers(), [1]);
        system.stores.pause(&system.tenant, "users").await.unwrap();
        assert!(system.stores.retry(&system.tenant, "users").await.is_err());
        dispatching.end().await;
    }
}
