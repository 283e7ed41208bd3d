//! Comparing a store in a file with the directory.

use scim::ResourceKind;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use serde_json::json;

use super::breaker::{end, hold_from, operator};
use super::on_both;
use super::support::{System, object, until};
use crate::drift::Turn;
use crate::{DeliveryError, DriftReport, NewStore, Start, State};

impl System {
    /// Adds a store in a file.
    async fn add_file(&self, options: serde_json::Value) {
        let mut settings = object(json!({ "url": "sqlite://users.db", "retry_seconds": [1] }));
        settings.extend(object(options));
        let new = NewStore { name: "users".to_owned(), kind: "sql".to_owned(), settings, start: Start::First };
        self.stores.add(&self.tenant, new).await.unwrap();
    }

    async fn file(&self) -> DatabaseConnection {
        let file = self.environment.folder.join("acme/users.db");
        sea_orm::Database::connect(format!("sqlite://{}", file.display())).await.unwrap()
    }

    /// Does something in the file behind the store's back.
    async fn meddle(&self, sql: &str) {
        self.file().await.execute_unprepared(sql).await.unwrap();
    }

    async fn count(&self, what: &str) -> i64 {
        let statement = Statement::from_string(DbBackend::Sqlite, format!("SELECT COUNT(*) FROM {what}"));
        self.file().await.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
    }

    /// Compares the store, and waits for the end of that.
    async fn drift(&self, repair: bool) -> DriftReport {
        self.stores.compare(&self.tenant, "users", repair).await.unwrap();
        until("the end of a comparison", async || {
            let report = self.stores.comparison(&self.tenant, "users").await.unwrap();
            report.done.then_some(report)
        })
        .await
    }
}

/// How many are missing, extra and different of all sorts.
fn counts(report: &DriftReport) -> [u64; 3] {
    assert_eq!(report.error, None);
    let all = [report.users, report.groups, report.memberships];
    [
        all.iter().map(|counts| counts.missing).sum(),
        all.iter().map(|counts| counts.extra).sum(),
        all.iter().map(|counts| counts.different).sum(),
    ]
}

on_both! {
    /// Over the ends of pages on both sides, and whatever somebody wrote into the tables.
    async fn everything_is_compared_page_by_page(system: System) {
        system.add_file(json!({})).await;
        let users = system.users(1300).await;
        let team = system.group("team", &users).await;
        let dispatching = system.dispatch();
        system.caught_up("users").await;
        assert_eq!(counts(&system.drift(false).await), [0, 0, 0]);
        system.meddle("DELETE FROM users WHERE rowid % 2 = 0").await;
        system.meddle("DELETE FROM memberships WHERE rowid % 3 = 0").await;
        system.meddle("UPDATE users SET data = 'nonsense' WHERE rowid = 1").await;
        system.meddle("UPDATE memberships SET member_type = 'Group' WHERE rowid = 1").await;
        for id in ["", "no-id", "zzz", "00000000-0000-0000-0000-00000000000A"] {
            let columns = "user_name, active, data, version, changed_at, generation";
            let row = format!("INSERT INTO users (id, {columns}) SELECT '{id}', {columns} FROM users LIMIT 1");
            system.meddle(&row).await;
            system.meddle(&format!("INSERT INTO memberships VALUES ('{team}', '{id}', NULL, 0), ('{id}', 'x', NULL, 0)")).await;
        }
        let found = system.drift(false).await;
        let missing = 1300 / 2 + 1300 / 3;
        assert_eq!((counts(&found), found.compared, found.total), ([missing, 12, 2], 1305, 1301));
        assert_eq!(found.differences.len(), 1000);
        let repaired = system.drift(true).await;
        assert_eq!(counts(&repaired), counts(&found));
        assert_eq!((repaired.repaired, repaired.remaining), (Some(missing + 14), Some(0)));
        assert!(repaired.failed.is_empty());
        assert_eq!(counts(&system.drift(false).await), [0, 0, 0]);
        assert_eq!((system.count("users").await, system.count("memberships").await), (1300, 1300));
        // It is fed as before.
        system.user("zoe").await;
        system.caught_up("users").await;
        assert_eq!(system.count("users WHERE user_name = 'zoe'").await, 1);
        dispatching.end().await;
    }

    /// A parked event is not on its way: what it would have brought is missing, and is mended as soon as the store takes it.
    async fn what_was_parked_is_mended(system: System) {
        system.add_file(json!({ "give_up_hours": 0 })).await;
        let dispatching = system.dispatch();
        system.user("ada").await;
        system.caught_up("users").await;
        system.meddle("CREATE UNIQUE INDEX one_alone ON users (active)").await;
        let bob = system.user("bob").await;
        system.until("users", "a dead letter", |record| record.dead_letters == 1 && record.lag() == 0).await;
        let refused = system.drift(true).await;
        assert_eq!((counts(&refused), refused.repaired, refused.remaining), ([1, 0, 0], Some(0), Some(1)));
        assert_eq!(refused.failed.iter().map(|failed| failed.subject.id.as_str()).collect::<Vec<_>>(), [bob.as_str()]);
        assert!(refused.failed[0].error.contains("refuses a row"), "{}", refused.failed[0].error);
        system.meddle("DROP INDEX one_alone").await;
        let mended = system.drift(true).await;
        assert_eq!((counts(&mended), mended.remaining), ([1, 0, 0], Some(0)));
        dispatching.end().await;
    }

    /// What nobody has decided on is on its way: it is no drift, and no repair brings it.
    async fn what_is_held_is_neither_told_nor_repaired(system: System) {
        hold_from(&system, 1).await;
        system.add_file(json!({})).await;
        let users = system.users(6).await;
        let dispatching = system.dispatch();
        end(&system, &users[..3]).await;
        system.until("users", "the alarm", |record| record.held == 2 && record.lag() == 0).await;
        let found = system.drift(false).await;
        assert_eq!((counts(&found), found.under_way), ([0, 0, 0], 2));
        let refused = system.stores.compare(&system.tenant, "users", true).await;
        assert!(matches!(refused, Err(DeliveryError::Conflict(why)) if why.contains("breaker")));
        assert_eq!(system.count("users WHERE active = 0").await, 1, "the one before the alarm");
        system.environment.directories.discard_breaker(&system.tenant, operator()).await.unwrap();
        system.caught_up("users").await;
        assert_eq!(counts(&system.drift(false).await), [0, 0, 2]);
        let repaired = system.drift(true).await;
        assert_eq!((repaired.remaining, system.count("users WHERE active = 0").await), (Some(0), 3));
        dispatching.end().await;
    }

    /// Another process feeds the store: it stops, and goes on afterwards.
    async fn whoever_compares_takes_the_place_of_the_worker(system: System) {
        system.add_file(json!({})).await;
        let dispatching = system.of_another_process().dispatch();
        system.users(20).await;
        system.caught_up("users").await;
        let at = system.record("users").await.at();
        let environment = system.stores.environment();
        let turn = Turn::take(environment, system.stores.running(), (at, "acme")).await.unwrap();
        let before = system.record("users").await;
        // Neither that process nor another comparison comes in between.
        system.users_from(20, 5).await;
        let other = system.of_another_process();
        let refused = other.drift(true).await;
        assert_eq!(refused.error.as_deref(), Some("the store is being compared already"));
        assert_eq!(system.count("users").await, 20);
        assert_eq!(system.record("users").await.position, before.position);
        turn.end().await.unwrap();
        system.caught_up("users").await;
        assert_eq!(system.count("users").await, 25);
        assert_eq!(counts(&system.drift(false).await), [0, 0, 0]);
        dispatching.end().await;
    }

    /// Whoever changes a store while it is compared does not wait, and nothing more is brought there by the comparison.
    async fn a_comparison_ends_when_the_store_is_changed(system: System) {
        system.add_file(json!({})).await;
        let at = system.record("users").await.at();
        let mut turn = Turn::take(system.stores.environment(), system.stores.running(), (at, "acme")).await.unwrap();
        let holding = tokio::spawn(async move { turn.hold(std::future::pending()).await });
        let paused = system.stores.pause(&system.tenant, "users").await.unwrap();
        assert_eq!(paused.state, State::Paused);
        let ended = holding.await.unwrap().unwrap_err();
        assert!(ended.to_string().contains("begin again"), "{ended}");
        // A paused store can be compared.
        system.user("ada").await;
        let found = system.drift(false).await;
        assert_eq!((counts(&found), found.under_way), ([0, 0, 0], 1));
        assert_eq!(system.record("users").await.state, State::Paused);
        // What the store has not got is gone: nobody could tell what is drift.
        let directory = system.directory();
        let ada = directory.after(ResourceKind::User, uuid::Uuid::nil(), 1).await.unwrap().remove(0);
        directory.delete(ResourceKind::User, &ada.id, directory::Condition::None).await.unwrap();
        system.execute("DELETE FROM events WHERE sequence = 1").await;
        let refused = system.drift(false).await;
        assert!(refused.error.is_some_and(|error| error.contains("no longer in the log")));
    }
}
