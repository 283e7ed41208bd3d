//! A service that is away, slow, overloaded or mistaken: afterwards it has what the directory has.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;

use super::front::{Front, Own};
use super::{Pair, Row, STORE, a_days_work, id_of, until};
use crate::stores::{rounds, show_store};
use crate::support::{Line, Proxy, Request, Tenant, added_member, group, patch_one, user};

const SCIM: &str = "application/scim+json";
const CLIENTS: usize = 3;

/// Waits until the store has failed, and gives what it says.
async fn failing(pair: &Pair) -> String {
    until("the store to fail", async || {
        let store = show_store(&pair.row.first, &pair.here, STORE);
        (store["attempts"].as_u64().unwrap_or_default() > 0)
            .then(|| store["error"].as_str().unwrap_or_default().to_owned())
    })
    .await
}

on_both! {
    async fn a_downstream_that_was_away_or_slow_catches_up(database: Database) {
        let pair = Row::shared(database).await.pair("away");
        let proxy = Proxy::before(([127, 0, 0, 1], pair.row.second.server().port()).into()).await;
        proxy.turn(Line::Cut);
        pair.join(&format!("http://{}", proxy.address()), &["timeout_seconds=2"]);
        a_days_work(&pair.here).await;
        assert!(failing(&pair).await.starts_with("the service cannot be reached"));
        proxy.turn(Line::Silent);
        until("it to be said that nothing comes", async || {
            let store = show_store(&pair.row.first, &pair.here, STORE);
            store["error"].as_str().is_some_and(|error| error.contains("in time")).then_some(())
        })
        .await;
        proxy.turn(Line::Slow(Duration::from_millis(50)));
        pair.agree().await;
    }

    /// Its limits are those of the tenant there.
    async fn a_downstream_that_asks_for_fewer_requests_gets_them_later(database: Database) {
        let row = Row::shared(database).await;
        let pair = Pair {
            there: row.second.tenant_with("slowly", &json!({ "rate_per_second": 10, "rate_burst": 3 })),
            ..row.pair("slowly")
        };
        let front = Front::before(row.second.server().port()).await;
        let refused = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&refused);
        // Now and then for longer than anybody waits in between.
        front.rule(move |seen| {
            let is_tenth = seen.method != "GET" && count.fetch_add(1, Ordering::SeqCst) % 10 == 5;
            let own = Own { status: "429 Too Many Requests", content: SCIM, more: "Retry-After: 3\r\n", body: "{}" };
            is_tenth.then_some(own)
        });
        pair.join(&front.origin(), &[]);
        a_days_work(&pair.here).await;
        pair.caught_up().await;
        assert!(refused.load(Ordering::SeqCst) > 5, "it was refused");
        row.second.set(&pair.there, &json!({ "rate_per_second": 1_000_000, "rate_burst": 1_000_000 }));
        pair.agree().await;
    }

    /// The event is parked, and those after it get through.
    async fn a_user_that_is_refused_holds_up_nobody_for_ever(database: Database) {
        let pair = Row::shared(database).await.pair("refused");
        let front = Front::before(pair.row.second.server().port()).await;
        front.rule(|seen| {
            let body = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","scimType":"invalidValue","detail":"mallory!"}"#;
            (seen.body["userName"] == "mallory").then_some(Own { status: "400 Bad Request", content: SCIM, more: "", body })
        });
        pair.join(&front.origin(), &["--from-start", "give_up_hours=0"]);
        let client = pair.here.client();
        let mallory = client.post("/Users", &user("mallory")).await.expect(201).id();
        client.post("/Groups", &group("all", &[&mallory])).await.expect(201);
        a_days_work(&pair.here).await;
        let store = pair.caught_up().await;
        assert_eq!(store["dead_letters"], 1);
        let log = pair.row.first.server().log();
        assert!(log.contains("the service refuses to create a user (400 invalidValue)"), "it says why");
        assert!(!log.contains("mallory!"), "and not in words that name people");
        // It gets through when it changes, and into its group.
        front.rule(|_| None);
        client.patch(&format!("/Users/{mallory}"), &patch_one("replace", "title", "Guest")).await.expect(200);
        pair.agree().await;
    }

    /// Whatever stands before it answers: nothing follows from that.
    async fn what_is_no_scim_changes_nothing(database: Database) {
        let pair = Row::shared(database).await.pair("garbage");
        let front = Front::before(pair.row.second.server().port()).await;
        for (status, said) in [("200 OK", "no SCIM (200)"), ("404 Not Found", "no SCIM (404)"), ("302 Found", "redirect (302)")] {
            front.rule(move |_| Some(Own { status, content: "text/html", more: "", body: "<html>hello" }));
            if status == "200 OK" {
                pair.join(&front.origin(), &[]);
                a_days_work(&pair.here).await;
            }
            until("what the front says to be told", async || failing(&pair).await.contains(said).then_some(())).await;
        }
        front.rule(|_| None);
        pair.agree().await;
    }

    /// Managers and groups who are named before they come are named, and members who left are gone, also if the service fails in
    /// the middle of a snapshot.
    async fn a_snapshot_that_fails_in_its_middle_loses_nobody(database: Database) {
        let pair = Row::shared(database).await.pair("middle");
        let client = pair.here.client();
        let ada = client.post("/Users", &user("ada")).await.expect(201).id();
        let bob = client.post("/Users", &user("bob")).await.expect(201).id();
        client.patch(&format!("/Users/{ada}"), &super::change(&bob)).await.expect(200);
        let outer = client.post("/Groups", &group("outer", &[&ada])).await.expect(201).id();
        let inner = client.post("/Groups", &group("inner", &[&bob])).await.expect(201).id();
        client.patch(&format!("/Groups/{outer}"), &added_member(&inner)).await.expect(200);
        let front = Front::before(pair.row.second.server().port()).await;
        let own = Own { status: "500 Internal Server Error", content: SCIM, more: "", body: "" };
        // Once, after all users and the first group.
        let (mut failure, count) = (Some(own.clone()), Arc::new(AtomicU32::new(0)));
        let counted = Arc::clone(&count);
        front.rule(move |seen| {
            let is_it = seen.method == "POST" && seen.body["displayName"] == "inner";
            counted.fetch_add(u32::from(is_it), Ordering::SeqCst);
            if is_it { failure.take() } else { None }
        });
        pair.join(&front.origin(), &[]);
        pair.agree().await;
        assert_eq!(count.load(Ordering::SeqCst), 2, "it has failed");
        // Somebody puts one of ours into a group there; looking at its members fails once.
        let there = pair.there.client();
        let outer = there.find("Groups", "displayName eq \"outer\"").await.expect(200).ids().remove(0);
        let member = added_member(pair.found_there("bob").await["id"].as_str().expect("an id"));
        there.patch(&format!("/Groups/{outer}"), &member).await.expect(200);
        let (mut failure, failed) = (Some(own), Arc::new(AtomicU32::new(0)));
        let counted = Arc::clone(&failed);
        front.rule(move |seen| {
            let is_it = seen.method == "GET" && seen.path.ends_with(&outer);
            counted.fetch_add(u32::from(is_it && failure.is_some()), Ordering::SeqCst);
            if is_it { failure.take() } else { None }
        });
        pair.row.first.tenantry(&["store", "rebuild", &pair.here.name, STORE, "--wait"]).expect(0);
        pair.agree().await;
        assert_eq!(failed.load(Ordering::SeqCst), 1, "it has failed");
    }

    /// A path that answers 404 for everything says nothing about anybody; a service that lists others does, also without a word.
    async fn a_wrong_path_is_no_deletion(database: Database) {
        let pair = Row::shared(database).await.pair("path");
        let front = Front::before(pair.row.second.server().port()).await;
        pair.join(&front.origin(), &[]);
        a_days_work(&pair.here).await;
        pair.agree().await;
        let nothing = Own { status: "404 Not Found", content: SCIM, more: "", body: "" };
        let own = nothing.clone();
        front.rule(move |_| Some(own.clone()));
        let client = pair.here.client();
        client.delete(&format!("/Users/{}", id_of(&pair.here, "bob").await)).await.expect(204);
        assert!(failing(&pair).await.contains("lists no users either"));
        front.rule(|_| None);
        pair.agree().await;
        let dan = id_of(&pair.there, "dan").await;
        pair.there.client().delete(&format!("/Users/{dan}")).await.expect(204);
        front.rule(move |seen| seen.path.ends_with(&dan).then(|| nothing.clone()));
        client.delete(&format!("/Users/{}", id_of(&pair.here, "dan").await)).await.expect(204);
        pair.agree().await;
    }

    async fn a_token_that_is_not_accepted_is_told(database: Database) {
        let pair = Row::shared(database).await.pair("token");
        pair.join_directly();
        let issued = pair.row.second.issue(&pair.there);
        pair.here.client().post("/Users", &user("ada")).await.expect(201);
        assert!(failing(&pair).await.contains("(401); set another one"));
        let told = pair.row.first.tenantry(&["store", "test", &pair.here.name, STORE]);
        assert!(told.stderr.contains("(401); set another one"), "{told:?}");
        assert!(!told.stderr.contains(&pair.there.token));
        assert_ne!(issued.token, pair.there.token);
    }

    /// Somebody deletes there: what changes here is made again, and is in its groups.
    async fn a_downstream_that_forgets_is_told_again(database: Database) {
        let pair = Row::shared(database).await.pair("forgets");
        pair.join_directly();
        a_days_work(&pair.here).await;
        pair.agree().await;
        let (client, there) = (pair.here.client(), pair.there.client());
        there.delete(&format!("/Users/{}", id_of(&pair.there, "ada").await)).await.expect(204);
        let ada = id_of(&pair.here, "ada").await;
        client.patch(&format!("/Users/{ada}"), &patch_one("replace", "title", "Head")).await.expect(200);
        pair.agree().await;
        // A member that it has forgotten is no reason to stop.
        there.delete(&format!("/Users/{}", id_of(&pair.there, "dan").await)).await.expect(204);
        let dan = id_of(&pair.here, "dan").await;
        client.post("/Groups", &group("late", &[&dan, &ada])).await.expect(201);
        pair.caught_up().await;
        client.patch(&format!("/Users/{dan}"), &patch_one("replace", "title", "Cook")).await.expect(200);
        // One that is deleted on both sides is gone.
        there.delete(&format!("/Users/{}", id_of(&pair.there, "bob").await)).await.expect(204);
        client.delete(&format!("/Users/{}", id_of(&pair.here, "bob").await)).await.expect(204);
        pair.agree().await;
    }

    /// Outside of a snapshot nobody loses a name: whoever has it there may keep it, because his own event was discarded.
    async fn a_name_is_taken_from_nobody_outside_of_a_snapshot(database: Database) {
        let pair = Row::shared(database).await.pair("kept-name");
        pair.join_directly();
        pair.row.first.tenantry(&["breaker", "set", &pair.here.name, "mode=hold", "number=1", "share=100"]).expect(0);
        let client = pair.here.client();
        for name in ["one@example.com", "ada@example.com"] {
            client.post("/Users", &user(name)).await.expect(201);
        }
        pair.agree().await;
        for name in ["one@example.com", "ada@example.com"] {
            client.delete(&format!("/Users/{}", id_of(&pair.here, name).await)).await.expect(204);
        }
        pair.row.first.tenantry(&["breaker", "discard", &pair.here.name]).expect(0);
        client.post("/Users", &user("ada@example.com")).await.expect(201);
        assert!(failing(&pair).await.contains("409"));
        let there = pair.there.client().get("/Users").await.expect(200).body;
        let names: Vec<&str> = there["Resources"].as_array().expect("users").iter().filter_map(|user| user["userName"].as_str()).collect();
        assert_eq!(names, ["ada@example.com"], "with the account that was there");
    }

    /// A snapshot that finds names with others of ours: two have changed theirs, one is gone and somebody else has the name.
    async fn names_that_have_moved_on_are_in_nobodys_way(database: Database) {
        let pair = Row::shared(database).await.pair("names");
        pair.join_directly();
        let client = pair.here.client();
        let mut ids = Vec::new();
        for name in ["ada@example.com", "bob@example.com", "cleo"] {
            ids.push(client.post("/Users", &user(name)).await.expect(201).id());
        }
        pair.agree().await;
        pair.row.first.tenantry(&["store", "pause", &pair.here.name, STORE]).expect(0);
        for (id, name) in [(&ids[0], "aside"), (&ids[1], "ada@example.com"), (&ids[0], "bob@example.com")] {
            client.patch(&format!("/Users/{id}"), &patch_one("replace", "userName", name)).await.expect(200);
        }
        client.delete(&format!("/Users/{}", ids[2])).await.expect(204);
        client.post("/Users", &user("Cleo")).await.expect(201);
        pair.row.first.tenantry(&["store", "rebuild", &pair.here.name, STORE]).expect(0);
        pair.row.first.tenantry(&["store", "resume", &pair.here.name, STORE]).expect(0);
        pair.agree().await;
    }

    /// `kill -9` of the first server in the middle of writes.
    async fn a_killed_server_leaves_the_downstream_as_the_directory(database: Database) {
        let row = Row::start(database).await;
        let pair = row.pair("killed");
        pair.join_directly();
        let team = pair.here.client().post("/Groups", &group("team", &[])).await.expect(201).id();
        for round in 0..rounds() {
            write_until_killed(&pair, &team, round).await;
            row.first.server().start_again().await;
        }
        pair.agree().await;
        let users = pair.there.client().get("/Users?count=0").await.expect(200).total();
        assert!(users > 10, "{users} users came through");
    }
}

/// Clients write as fast as they can; after a number of answers, another one each round, the server is killed.
async fn write_until_killed(pair: &Pair, team: &str, round: u32) {
    let count = Arc::new(AtomicU32::new(0));
    let mut writers = JoinSet::new();
    for number in 0..CLIENTS {
        let prefix = format!("r{round}-c{number}");
        writers.spawn(write(pair.here.clone(), team.to_owned(), prefix, Arc::clone(&count)));
    }
    let enough = 20 + round * 7;
    until("enough answers", async || (count.load(Ordering::SeqCst) >= enough).then_some(())).await;
    pair.row.first.server().kill();
    writers.join_all().await;
}

/// Creates users, gives each the name that the one before had, and deletes some.
async fn write(tenant: Tenant, team: String, prefix: String, count: Arc<AtomicU32>) {
    let client = tenant.client();
    for number in 0.. {
        let Some(created) = client.try_send(Request::new("POST", "/Users").json(&user(&prefix))).await else { return };
        // One whose answer was lost with the process keeps the name.
        let id = created.expect(201).id();
        let renamed = patch_one("replace", "userName", format!("{prefix}-{number}"));
        let mut requests = vec![
            Request::new("PATCH", format!("/Groups/{team}")).json(&added_member(&id)),
            Request::new("PATCH", format!("/Users/{id}")).json(&renamed),
        ];
        if number % 3 == 0 {
            requests.push(Request::new("DELETE", format!("/Users/{id}")));
        }
        for request in requests {
            let Some(answer) = client.try_send(request).await else { return };
            assert!(answer.status < 300, "{answer:?}");
            count.fetch_add(1, Ordering::SeqCst);
        }
    }
}
