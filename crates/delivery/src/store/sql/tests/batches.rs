//! Batches of events.

use events::EventType;
use serde_json::json;

use super::*;

on_all! {
    /// Whatever a batch says about something, its end is what is there; and every event is.
    async fn a_batch_comes_to_its_last_state(home) {
        let mut store = home.open().await;
        assert_eq!(store.position().await.unwrap(), Some(0));
        store.apply(&[
            named(1, EventType::UserCreated, 1, "ada"),
            named(2, EventType::UserCreated, 2, "bob"),
            group(3, EventType::GroupCreated, 10, &[1, 2], &[]),
            named(4, EventType::UserUpdated, 1, "Ada"),
            group(5, EventType::GroupMemberRemoved, 10, &[], &[2]),
            named(6, EventType::UserDeleted, 2, "bob"),
            group(7, EventType::GroupCreated, 11, &[1], &[]),
            group(8, EventType::GroupDeleted, 11, &[], &[]),
            other(9, EventType::TokenIssued),
        ]).await.unwrap();
        assert_eq!(home.texts("users", "user_name").await, ["Ada"]);
        assert_eq!(home.texts("users", "version").await, ["4"]);
        assert_eq!(home.texts("groups", "display_name").await, ["group 10"]);
        assert_eq!(home.rows("memberships", ["group_id", "member_id"]).await, [membership(10, 1)]);
        assert_eq!(home.texts("events", "sequence").await, sequences(1..=9));
        store.apply(&[
            group(10, EventType::GroupMemberAdded, 10, &[3, 4], &[1]),
            group(11, EventType::GroupUpdated, 10, &[1], &[3]),
        ]).await.unwrap();
        let members = home.rows("memberships", ["group_id", "member_id"]).await;
        assert_eq!(members, [membership(10, 1), membership(10, 4)]);
        store.apply(&[group(12, EventType::GroupDeleted, 10, &[], &[])]).await.unwrap();
        assert!(home.rows("memberships", ["group_id"]).await.is_empty());
        assert_eq!(home.open().await.position().await.unwrap(), Some(12));
    }

    /// What people look for has a column, whatever stands in it; all of it is in `data`.
    async fn attributes_are_columns(home) {
        let strange = "quote ' \" back\\slash \u{1F600} é\nline";
        let mut store = home.open().await;
        store.apply(&[
            user(1, EventType::UserCreated, 1, &json!({
                "userName": "ada@example.com", "externalId": "a-1", "displayName": strange, "title": "Lead", "active": false,
                "name": { "givenName": "Ada", "familyName": "Lovelace" },
                "emails": [{ "value": "ada@example.com", "primary": true }],
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                    "department": "Engines", "costCenter": "7", "manager": { "value": "m-1", "displayName": "Charles" }
                },
                "urn:example:custom": { "nul": "a\u{0}b" },
            })),
            user(2, EventType::UserCreated, 2, &json!({ "userName": "nul\u{0}", "title": "\u{ffff}" })),
        ]).await.unwrap();
        let columns = ["external_id", "display_name", "title", "given_name", "family_name", "email", "department", "cost_center"];
        let rows = home.rows("users", columns).await;
        let told = ["a-1", strange, "Lead", "Ada", "Lovelace", "ada@example.com", "Engines", "7"].map(|text| Some(text.to_owned()));
        assert!(rows.contains(&told), "{rows:?}");
        let managers = home.rows("users", ["user_name", "manager_id", "manager_name", "title"]).await;
        assert_eq!(managers, [
            [Some("ada@example.com"), Some("m-1"), Some("Charles"), Some("Lead")].map(|text| text.map(str::to_owned)),
            [Some("nul\u{fffd}"), None, None, Some("\u{fffd}")].map(|text| text.map(str::to_owned)),
        ]);
        let data: Vec<Value> = home.texts("users", "data").await.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
        let ada = data.iter().find(|user| user["userName"] == "ada@example.com").unwrap();
        assert_eq!((&ada["displayName"], ada.get("groups")), (&json!(strange), None));
        assert_eq!(home.texts("users", "active").await.len(), 2);
        let times = home.rows("users", ["created_at", "changed_at"]).await;
        assert!(times.iter().all(|[created, changed]| created.is_some() && created == changed), "{times:?}");
        store.apply(&[named(3, EventType::UserUpdated, 2, "two")]).await.unwrap();
        let times = home.rows("users", ["created_at", "changed_at"]).await;
        assert_eq!(times.iter().filter(|[created, changed]| created == changed).count(), 1, "{times:?}");
    }

    /// Of two workers that both believe that the store is theirs, one is told that it is not, and nothing is twice.
    async fn of_two_workers_one_applies_nothing(home) {
        let (mut one, mut two) = (home.open().await, home.open().await);
        assert_eq!((one.position().await.unwrap(), two.position().await.unwrap()), (Some(0), Some(0)));
        let events = [1, 2, 3].map(|n| named(n, EventType::UserCreated, n.unsigned_abs().into(), &format!("user {n}")));
        one.apply(&events[..2]).await.unwrap();
        let failed = two.apply(&events).await.unwrap_err();
        assert_eq!(failed.taken, 0);
        assert!(matches!(failed.failure, Failure::Unavailable { .. }), "{failed:?}");
        assert_eq!(home.texts("events", "sequence").await, sequences(1..=2));
        let mut two = home.open().await;
        assert_eq!(two.position().await.unwrap(), Some(2));
        two.apply(&events).await.unwrap();
        assert!(one.apply(&events[2..]).await.is_err());
        assert_eq!(home.texts("events", "sequence").await, sequences(1..=3));
        assert_eq!(home.texts("users", "version").await, sequences(1..=3));
    }

    /// An event that the database refuses, by a rule that somebody added, holds up none before it, and is told apart.
    async fn a_refused_event_is_found(home) {
        let mut store = home.open().await;
        store.position().await.unwrap();
        home.execute("CREATE UNIQUE INDEX own_rule ON users (version)").await;
        let mut events = [1, 2, 3, 4].map(|n| named(n, EventType::UserCreated, n.unsigned_abs().into(), "name"));
        let Data::User(third) = &mut events[2].data else { panic!("a user") };
        third.change.version = 1;
        let failed = store.apply(&events).await.unwrap_err();
        assert_eq!(failed.taken, 2);
        assert!(matches!(&failed.failure, Failure::Refused { .. }), "{failed:?}");
        assert_eq!(home.texts("events", "sequence").await, sequences(1..=2));
        store.apply(&events[3..]).await.unwrap();
        assert_eq!(home.texts("events", "sequence").await, ["1", "2", "4"]);
    }

    /// A hundred thousand members come in one event, and leave in parts.
    async fn a_group_may_be_large(home) {
        let all: Vec<u128> = (1..=100_000).collect();
        let mut store = home.open().await;
        store.apply(&[group(1, EventType::GroupCreated, 200_000, &all, &[])]).await.unwrap();
        let count = async || home.rows("memberships", ["member_id"]).await.len();
        assert_eq!(count().await, all.len());
        for (sequence, part) in (2..).zip(all.chunks(30_000)).take(3) {
            store.apply(&[group(sequence, EventType::GroupMemberRemoved, 200_000, &[], part)]).await.unwrap();
        }
        assert_eq!(count().await, 10_000);
        store.apply(&[group(5, EventType::GroupDeleted, 200_000, &[], &[])]).await.unwrap();
        assert_eq!(count().await, 0);
    }

    /// Events may be left out, or kept for some days.
    async fn events_may_be_left_out_or_pruned(home) {
        let mut store = home.open_with(home.with("events", false)).await;
        store.apply(&[named(1, EventType::UserCreated, 1, "ada")]).await.unwrap();
        assert!(!home.things().await.contains(&"events".to_owned()));
        let mut store = home.open_with(home.with("events_days", 1)).await;
        let mut events = [2, 3, 4].map(|n| named(n, EventType::UserUpdated, 1, &format!("ada {n}")));
        events[0].time = OffsetDateTime::now_utc() - time::Duration::days(2);
        events[1].time = OffsetDateTime::now_utc() - time::Duration::hours(23);
        events[2].time = OffsetDateTime::now_utc();
        store.apply(&events).await.unwrap();
        assert_eq!(home.texts("events", "sequence").await, ["3", "4"]);
        assert_eq!(home.texts("users", "user_name").await, ["ada 4"]);
    }
}
