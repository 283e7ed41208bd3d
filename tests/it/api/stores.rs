//! Stores over HTTP: the same as on the command line.

use serde_json::{Value, json};

use super::Admin;
use crate::support::{System, Tenant, until, user};

fn shown(system: &System, tenant: &Tenant, name: &str) -> Value {
    system.tenantry(&["store", "show", &tenant.name, name, "--json"]).expect(0).json()
}

fn path(tenant: &Tenant, rest: &str) -> String {
    format!("/tenants/{}/stores{rest}", tenant.name)
}

on_both! {
    /// From adding to deleting, with everything between; each answer has the shape of the document.
    async fn a_store_lives_over_http(database: Database) {
        let system = System::start_unlimited_with(database, &[("TENANTRY_STORES__ALLOW_PRIVATE", "true")]).await;
        let (tenant, admin) = (system.tenant("stores"), Admin::operator(&system).await);
        let kinds = admin.get("/store-kinds").await.expect(200).body;
        assert!(kinds["kinds"].as_array().expect("kinds").iter().any(|kind| kind["kind"] == "webhook"));
        tenant.client().post("/Users", &user("ada")).await.expect(201);
        // Nobody listens there.
        let wanted = json!({
            "name": "hook", "kind": "webhook", "start": "first",
            "settings": { "url": "http://127.0.0.1:9/", "give_up_hours": 0, "retry_seconds": [1] },
        });
        let added = admin.post(&path(&tenant, ""), &wanted).await.expect(201);
        assert_eq!(added.header("location"), Some(format!("/api/v1{}", path(&tenant, "/hook")).as_str()));
        assert!(added.body["secrets"]["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")), "{}", added.text);
        let one = admin.get(&path(&tenant, "/hook")).await.expect(200);
        assert!(one.body.get("secrets").is_none() && !one.text.contains("whsec_"));
        let again = admin.post(&path(&tenant, ""), &wanted).await.expect(409);
        assert!(again.text.contains("named \\\"hook\\\" already"), "{}", again.text);

        let tested = admin.post(&path(&tenant, "/hook/test"), &json!({})).await.expect(200).body;
        assert!(tested["reachable"] == false && tested["error"].as_str().is_some_and(|error| error.len() > 20), "{tested}");
        let told = system.tenantry(&["store", "test", &tenant.name, "hook"]);
        assert!(told.stderr.contains(tested["error"].as_str().expect("a sentence")), "{told:?}");

        until("an event to be parked", async || (shown(&system, &tenant, "hook")["dead_letters"] == 1).then_some(())).await;
        let letters = admin.get(&path(&tenant, "/hook/dead-letters?limit=1")).await.expect(200).body;
        assert_eq!((&letters["dead_letters"][0]["type"], &letters["next_cursor"]), (&json!("user.created"), &Value::Null));
        let sequence = letters["dead_letters"][0]["sequence"].clone();
        let paused = admin.post(&path(&tenant, "/hook/pause"), &json!({})).await.expect(200).body;
        assert_eq!(paused["state"], "paused");
        let retried = admin.post(&path(&tenant, "/hook/dead-letters/retry"), &json!({ "sequence": sequence })).await.expect(200);
        assert_eq!(retried.body["retried"], 1);
        let discarded = admin.post(&path(&tenant, "/hook/dead-letters/discard"), &json!({})).await.expect(200);
        assert_eq!(discarded.body["discarded"], 1);
        let replayed = admin.post(&path(&tenant, "/hook/replay"), &json!({ "from": sequence })).await.expect(200).body;
        assert_eq!(replayed["replayed"]["from"], sequence);
        let rebuilt = admin.post(&path(&tenant, "/hook/rebuild"), &json!({})).await.expect(200).body;
        assert_eq!(rebuilt["snapshot"], true);
        for errand in ["resume", "retry"] {
            let answer = admin.post(&path(&tenant, &format!("/hook/{errand}")), &json!({})).await.expect(200).body;
            assert_eq!(answer["state"], "active");
        }
        assert_eq!(admin.delete(&path(&tenant, "/hook")).await.expect(200).body["deleted"], "hook");
        admin.get(&path(&tenant, "/hook")).await.expect(404);
        let listed = system.tenantry(&["store", "list", &tenant.name, "--json"]).expect(0).json();
        assert_eq!(listed["stores"], json!([]));
    }

    /// Whoever decides by what is no more so is told, and lists come in pages.
    async fn stores_are_changed_by_what_was_read_and_listed_in_pages(system) {
        let (tenant, admin) = (system.tenant("changed"), Admin::operator(&system).await);
        for name in ["b", "a", "c"] {
            let wanted = json!({ "name": name, "kind": "pull" });
            admin.post(&path(&tenant, ""), &wanted).await.expect(201);
        }
        let first = admin.get(&path(&tenant, "?limit=2")).await.expect(200).body;
        let cursor = first["next_cursor"].as_str().expect("another page");
        let last = admin.get(&path(&tenant, &format!("?limit=2&cursor={cursor}"))).await.expect(200).body;
        let names = |page: &Value| page["stores"].as_array().expect("stores").iter().map(|store| store["name"].clone()).collect::<Vec<_>>();
        assert_eq!((names(&first), names(&last), &last["next_cursor"]), (vec![json!("a"), json!("b")], vec![json!("c")], &Value::Null));

        let read = admin.get(&path(&tenant, "/a")).await.expect(200);
        let seen = admin.sending("if-match", read.header("etag").expect("a tag"));
        let change = json!({ "settings": { "types": ["user.*"] } });
        let changed = seen.patch(&path(&tenant, "/a"), &change).await.expect(200);
        assert_eq!(changed.body["options"]["types"], json!(["user.*"]));
        let refused = seen.patch(&path(&tenant, "/a"), &json!({ "settings": { "types": null } })).await.expect(412);
        assert!(refused.text.contains("read it again"), "{}", refused.text);
        assert_eq!(admin.get(&path(&tenant, "/a")).await.expect(200).body["options"]["types"], json!(["user.*"]));

        let token = admin.post(&path(&tenant, "/a/token"), &json!({})).await.expect(200).body["token"].clone();
        assert!(token.as_str().is_some_and(|token| token.len() > 30));
        for (body, named) in [
            (json!({ "name": "x", "kind": "carrier-pigeon" }), "carrier-pigeon"),
            (json!({ "name": "x", "kind": "pull", "settings": { "colour": 1 } }), "colour"),
            (json!({ "name": "x", "kind": "pull", "begin": 1 }), "begin"),
            (json!({ "name": "x", "kind": "pull", "start": "yesterday" }), "start"),
            (json!({ "name": "No Name", "kind": "pull" }), "No Name"),
        ] {
            let refused = admin.post(&path(&tenant, ""), &body).await.expect(400);
            assert!(refused.text.contains(named), "{}", refused.text);
        }
    }

    /// Tenant-admins keep their stores, but what is kept on the server, and hashes, are the operator's.
    async fn a_tenant_admin_sets_up_no_files_and_no_hashes(system) {
        let tenant = system.tenant("bounded");
        let admin = Admin::with(&system, &["--tenant", &tenant.name]).await;
        for (kind, settings) in [
            ("file", json!({ "path": "events" })),
            ("sql", json!({ "url": "sqlite://users.db" })),
            ("sql", json!({ "url": " SQLite:users.db" })),
            ("pull", json!({ "password_hash": true })),
        ] {
            let wanted = json!({ "name": "mine", "kind": kind, "settings": settings });
            let refused = admin.post(&path(&tenant, ""), &wanted).await.expect(403);
            assert!(refused.text.contains("for the role operator"), "{}", refused.text);
        }
        admin.post(&path(&tenant, ""), &json!({ "name": "mine", "kind": "pull" })).await.expect(201);
        let hashes = json!({ "settings": { "password_hash": true } });
        admin.patch(&path(&tenant, "/mine"), &hashes).await.expect(403);
        let shown = Admin::operator(&system).await.patch(&path(&tenant, "/mine"), &hashes).await.expect(200);
        assert_eq!(shown.body["options"]["password_hash"], true);
        // What the operator has allowed is not taken back by changing something else.
        let other = admin.patch(&path(&tenant, "/mine"), &json!({ "settings": { "batch": 7 } })).await.expect(200);
        assert_eq!((&other.body["options"]["batch"], &other.body["options"]["password_hash"]), (&json!(7), &json!(true)));
        // Nor are hashes led elsewhere that the operator has allowed.
        let refused = admin.post(&path(&tenant, "/mine/token"), &json!({})).await.expect(403);
        assert!(refused.text.contains("for the role operator"), "{}", refused.text);
        let hook = json!({ "name": "hook", "kind": "webhook", "settings": { "url": "https://example.com/hook" } });
        admin.post(&path(&tenant, ""), &hook).await.expect(201);
        let elsewhere = json!({ "settings": { "url": "https://elsewhere.example/hook" } });
        admin.patch(&path(&tenant, "/hook"), &elsewhere).await.expect(200);
        Admin::operator(&system).await.patch(&path(&tenant, "/hook"), &hashes).await.expect(200);
        for settings in [elsewhere, json!({ "settings": { "headers": { "x-a": "b" } } }), json!({ "settings": { "secret": null } })] {
            admin.patch(&path(&tenant, "/hook"), &settings).await.expect(403);
        }
        admin.patch(&path(&tenant, "/hook"), &json!({ "settings": { "batch": 8, "types": ["user.*"] } })).await.expect(200);
    }
}
