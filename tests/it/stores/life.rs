//! The life of a store, as its operator sees it: snapshots, failures, what is brought again.

use std::collections::BTreeSet;
use std::path::PathBuf;

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::json;

use super::{State, a_days_work, add_store, caught_up, show_store};
use crate::support::{System, Tenant, until, user};

const URL: &str = "url=sqlite://users.db";

/// The file of a store.
fn file(system: &System, tenant: &Tenant) -> PathBuf {
    system.server().data_folder().join("stores").join(&tenant.name).join("users.db")
}

/// The ids of the users and groups in the file.
async fn ids(system: &System, tenant: &Tenant) -> BTreeSet<String> {
    let url = format!("sqlite://{}", file(system, tenant).display());
    let connection = sea_orm::Database::connect(url).await.expect("the store's file");
    let sql = "SELECT id FROM users UNION SELECT id FROM \"groups\"";
    let rows = connection.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.expect("rows");
    connection.close().await.expect("to close");
    rows.iter().map(|row| row.try_get_by_index(0).expect("an id")).collect()
}

async fn ids_of_directory(tenant: &Tenant) -> BTreeSet<String> {
    let State { users, groups } = State::of_directory(tenant).await;
    users.into_keys().chain(groups.into_keys()).collect()
}

/// The types of the tenant's events that are about stores.
fn told(system: &System, tenant: &Tenant) -> Vec<String> {
    let events = system.all_events(tenant, 1);
    let types = events.iter().filter_map(|event| event["type"].as_str());
    types.filter(|event_type| event_type.starts_with("store.")).map(str::to_owned).collect()
}

on_both! {
    /// What was there before the store was added is in it, and what comes.
    async fn a_new_store_gets_what_there_is_and_what_comes(system) {
        let tenant = system.tenant("life");
        a_days_work(&tenant).await;
        let added = add_store(&system, &tenant, "users", "sql", &[URL]);
        assert_eq!(added["snapshot"], true);
        caught_up(&system, &tenant, "users").await;
        tenant.client().post("/Users", &user("eve")).await.expect(201);
        caught_up(&system, &tenant, "users").await;
        assert_eq!(ids(&system, &tenant).await, ids_of_directory(&tenant).await);
    }

    /// A store that has something else gets what there is.
    async fn a_rebuilt_store_has_what_there_is(system) {
        let tenant = system.tenant("life");
        add_store(&system, &tenant, "users", "sql", &[URL]);
        a_days_work(&tenant).await;
        caught_up(&system, &tenant, "users").await;
        let url = format!("sqlite://{}", file(&system, &tenant).display());
        crate::support::database::change(&url, "UPDATE users SET id = 'wrong-' || id").await;
        let rebuilt = system.tenantry(&["store", "rebuild", &tenant.name, "users", "--wait"]).expect(0);
        assert!(rebuilt.stdout.contains("has events up to"), "{}", rebuilt.stdout);
        assert_eq!(ids(&system, &tenant).await, ids_of_directory(&tenant).await);
    }

    /// Sentences and exit codes tell what is wrong.
    async fn wrong_commands_are_refused(system) {
        let tenant = system.tenant("life");
        add_store(&system, &tenant, "users", "sql", &[URL]);
        caught_up(&system, &tenant, "users").await;
        for (arguments, code, sentence) in [
            (&["set", &tenant.name, "nobody", "batch=1"][..], 3, "no store named"),
            (&["set", &tenant.name, "users", "batch=0"], 2, "batch is between"),
            (&["set", &tenant.name, "users", "colour=red"], 2, "colour"),
            (&["replay", &tenant.name, "users"], 2, "--from-sequence"),
            (&["replay", &tenant.name, "users", "--since", "yesterday"], 2, "yesterday"),
            (&["replay", &tenant.name, "users", "--from-sequence", "1"], 4, "store rebuild"),
            (&["dead-letters", "retry", &tenant.name, "users"], 2, "--all"),
            (&["dead-letters", "retry", &tenant.name, "users", "--sequence", "1"], 2, "no dead letter"),
        ] {
            let refused = system.tenantry(&[&["store"], arguments].concat()).expect(code);
            assert!(refused.stderr.contains(sentence), "{}", refused.stderr);
        }
        let set = system.tenantry(&["store", "set", &tenant.name, "users", "batch=7", "--json"]).expect(0).json();
        assert_eq!((&set["options"]["batch"], &set["version"]), (&json!(7), &json!(2)));
        system.tenantry(&["store", "pause", &tenant.name, "users"]).expect(0);
        system.tenantry(&["store", "retry", &tenant.name, "users"]).expect(4);
        let letters = system.tenantry(&["store", "dead-letters", "list", &tenant.name, "users"]).expect(0);
        assert_eq!(letters.stdout, "The store has no dead letters.\n");
    }

    /// That a store takes nothing for too long, and that it does again, is in the log of its tenant and in the metrics.
    async fn trouble_is_told(system) {
        let tenant = system.tenant("life");
        let path = file(&system, &tenant);
        std::fs::create_dir_all(&path).expect("a folder in the place of the file");
        add_store(&system, &tenant, "users", "sql", &[URL, "retry_seconds=[1]", "give_up_hours=0"]);
        let store = until("the store to be degraded", async || {
            Some(show_store(&system, &tenant, "users")).filter(|store| store["degraded"] == true)
        })
        .await;
        assert!(store["error"].is_string() && store["retried"].is_string(), "{store}");
        let metric = format!("tenantry_store_state{{state=\"degraded\",store=\"users\",tenant=\"{}\"}} 1", tenant.name);
        let metrics = format!("{}/metrics", system.server().operations());
        until("the metric", async || {
            let text = reqwest::get(&metrics).await.expect("the metrics").text().await.expect("their text");
            text.contains(&metric).then_some(())
        })
        .await;
        std::fs::remove_dir(&path).expect("to remove the folder");
        caught_up(&system, &tenant, "users").await;
        until("both to be told", async || (told(&system, &tenant) == ["store.degraded", "store.recovered"]).then_some(())).await;
        assert_eq!(crate::event_form::wrong(&system.all_events(&tenant, 0)), Vec::<String>::new());
    }

    /// Old events go, the newest stays, and whoever reads the log is told. A store that needs them gets a snapshot.
    async fn the_log_is_shortened(database: Database) {
        let system = System::start(database).await;
        let tenant = system.tenant("life");
        add_store(&system, &tenant, "users", "sql", &[URL]);
        caught_up(&system, &tenant, "users").await;
        system.tenantry(&["store", "pause", &tenant.name, "users"]).expect(0);
        a_days_work(&tenant).await;
        assert!(system.server().stop().await.success());
        system.server().change_rows("UPDATE events SET time = 0").await;
        system.server().start_again().await;
        let tailed = until("the log to be shortened", async || {
            let tailed = system.tenantry(&["events", "tail", &tenant.name, "--json"]).expect(0);
            tailed.stderr.contains("no longer in the log").then_some(tailed)
        })
        .await;
        assert_eq!(tailed.json_lines().len(), 1);
        assert!(tailed.stderr.contains("events 1 to "), "{}", tailed.stderr);
        system.tenantry(&["store", "resume", &tenant.name, "users"]).expect(0);
        caught_up(&system, &tenant, "users").await;
        assert_eq!(ids(&system, &tenant).await, ids_of_directory(&tenant).await);
        until("it to be told", async || (told(&system, &tenant) == ["store.rebuilding"]).then_some(())).await;
        assert_eq!(crate::event_form::wrong(&system.all_events(&tenant, 0)), Vec::<String>::new());
    }
}
