//! Snapshots.

use events::EventType;

use super::*;

fn started(sequence: i64) -> Event {
    other(sequence, EventType::SnapshotStarted)
}

fn completed(sequence: i64) -> Event {
    other(sequence, EventType::SnapshotCompleted)
}

on_all! {
    /// What a snapshot does not tell of is not there when it is complete, and everything is until then.
    async fn a_snapshot_replaces_everything(home) {
        let mut store = home.open().await;
        store.apply(&[
            named(1, EventType::UserCreated, 1, "ada"),
            named(2, EventType::UserCreated, 2, "bob"),
            group(3, EventType::GroupCreated, 10, &[1, 2], &[]),
            group(4, EventType::GroupCreated, 11, &[1], &[]),
        ]).await.unwrap();
        store.apply(&[started(9), named(9, EventType::UserSnapshot, 1, "Ada")]).await.unwrap();
        assert_eq!(home.texts("users", "user_name").await.len(), 2, "nothing is missing meanwhile");
        // In parts, as a large group comes; and another worker goes on with it.
        let mut store = home.open().await;
        assert_eq!(store.position().await.unwrap(), Some(4));
        store.apply(&[
            named(9, EventType::UserSnapshot, 3, "cleo"),
            group(9, EventType::GroupSnapshot, 10, &[1], &[]),
            group(9, EventType::GroupSnapshot, 10, &[3], &[]),
            completed(9),
            named(10, EventType::UserCreated, 4, "dan"),
        ]).await.unwrap();
        assert_eq!(home.texts("users", "user_name").await, ["Ada", "cleo", "dan"]);
        assert_eq!(home.texts("groups", "display_name").await, ["group 10"]);
        let members = home.rows("memberships", ["group_id", "member_id"]).await;
        assert_eq!(members, [membership(10, 1), membership(10, 3)]);
        assert_eq!(store.position().await.unwrap(), Some(10));
        assert_eq!(home.texts("events", "sequence").await, sequences([1, 2, 3, 4, 10]));
    }

    /// One that breaks off has no effect but that some rows are newer; the next one is whole.
    async fn a_snapshot_that_breaks_off_is_harmless(home) {
        let mut store = home.open().await;
        store.apply(&[named(1, EventType::UserCreated, 1, "ada"), named(2, EventType::UserCreated, 2, "bob")]).await.unwrap();
        store.apply(&[started(2), named(2, EventType::UserSnapshot, 3, "not any more")]).await.unwrap();
        let mut store = home.open().await;
        store.apply(&[
            started(5),
            named(5, EventType::UserSnapshot, 1, "ada"),
            named(5, EventType::UserSnapshot, 2, "bob"),
            completed(5),
        ]).await.unwrap();
        assert_eq!(home.texts("users", "user_name").await, ["ada", "bob"]);
        assert_eq!(home.open().await.position().await.unwrap(), Some(5));
    }

    /// A directory that was restored from a backup is behind what the store has; a snapshot mends that.
    async fn a_snapshot_may_lead_back(home) {
        let mut store = home.open().await;
        let events = [1, 2, 3, 4].map(|n| named(n, EventType::UserCreated, n.unsigned_abs().into(), &format!("user {n}")));
        store.apply(&events).await.unwrap();
        store.apply(&[started(2), named(2, EventType::UserSnapshot, 1, "user 1"), completed(2)]).await.unwrap();
        assert_eq!(store.position().await.unwrap(), Some(2));
        assert_eq!(home.texts("events", "sequence").await, sequences(1..=2));
        store.apply(&[named(3, EventType::UserCreated, 9, "another third")]).await.unwrap();
        assert_eq!(home.texts("users", "user_name").await, ["another third", "user 1"]);
        assert_eq!(home.texts("events", "sequence").await, sequences(1..=3));
    }
}
