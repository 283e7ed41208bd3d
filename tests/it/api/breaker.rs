//! The breaker of a tenant over HTTP.

use serde_json::{Value, json};

use super::Admin;
use crate::support::{Tenant, user};

/// Deletes so many users that were created for it.
async fn end_users(tenant: &Tenant, names: &[&str]) {
    for name in names {
        let id = tenant.client().post("/Users", &user(name)).await.expect(201).id();
        tenant.client().delete(&format!("/Users/{id}")).await.expect(204);
    }
}

on_both! {
    /// Set, held, released, discarded; asked again, each does nothing.
    async fn a_breaker_is_set_and_let_go_over_http(system) {
        let (tenant, admin) = (system.tenant("guarded"), Admin::operator(&system).await);
        let path = format!("/tenants/{}/breaker", tenant.name);
        let usual = json!({ "mode": "warn", "share": 20, "number": 500, "window_seconds": 3600, "minimum_users": 20,
            "new_mode": "off", "new_share": 20, "new_number": 200 });
        let before = admin.get(&path).await.expect(200).body;
        assert_eq!((&before["settings"], &before["state"], &before["last_trip"]), (&usual, &json!("armed"), &Value::Null));
        let set = admin.patch(&path, &json!({ "settings": { "mode": "hold", "number": 1 } })).await.expect(200).body;
        assert_eq!((&set["settings"]["mode"], &set["settings"]["number"], &set["settings"]["share"]), (&json!("hold"), &json!(1), &json!(20)));
        for (verb, what, discarded) in [("release", "released", 0), ("discard", "discarded", 3)] {
            end_users(&tenant, &["one", "two", "three"]).await;
            let held = admin.get(&path).await.expect(200).body;
            assert_eq!((&held["state"], &held["held_events"], &held["held_users"]), (&json!("held"), &json!(3), &json!(2)));
            let in_short = admin.get(&format!("/tenants/{}", tenant.name)).await.expect(200).body["breaker"].clone();
            assert_eq!(in_short, json!({ "state": "held", "held_events": 3, "held_users": 2, "held_new_users": 1 }));
            let done = admin.post(&format!("{path}/{verb}"), &json!({})).await.expect(200).body;
            assert_eq!(done[what], json!({ "events": 3, "users": 2, "new_users": 1, "discarded_events": discarded }));
            assert_eq!(done["state"], "armed");
            let again = admin.post(&format!("{path}/{verb}"), &json!({})).await.expect(200).body;
            assert_eq!(again[what], json!({ "events": 0, "users": 0, "new_users": 0, "discarded_events": 0 }));
        }
        let back = json!({ "settings": { "mode": null, "number": null } });
        let shown = admin.patch(&path, &back).await.expect(200).body;
        assert_eq!((&shown["settings"], &shown["trips"]), (&usual, &json!(2)));
        assert_eq!(shown, system.tenantry(&["breaker", "show", &tenant.name, "--json"]).expect(0).json());
        let told: Vec<Value> = system.all_events(&tenant, 0).into_iter().filter(|event| event["subject"] == "Breaker").collect();
        let actor = json!({ "type": "api_key", "id": admin.id, "name": "tests" });
        assert!(told.iter().filter(|event| event["type"] != "breaker.tripped").all(|event| event["data"]["actor"] == actor), "{told:?}");
        assert_eq!(told.len(), 6);
    }

    /// All or none, and what is wrong by name; and each role what is its own.
    async fn a_wrong_wish_for_a_breaker_changes_nothing(system) {
        let (tenant, admin) = (system.tenant("guarded"), Admin::operator(&system).await);
        let path = format!("/tenants/{}/breaker", tenant.name);
        let before = admin.get(&path).await.expect(200).body;
        for (body, named) in [
            (json!({ "settings": { "mode": "hold", "colour": 1 } }), "colour"),
            (json!({ "settings": { "mode": "stop" } }), "off, warn or hold"),
            (json!({ "settings": { "mode": "hold", "share": 0 } }), "a whole number from 1 to 100, not 0"),
            (json!({ "settings": [] }), "settings"),
            (json!({ "mode": "hold" }), "mode"),
        ] {
            let refused = admin.patch(&path, &body).await.expect(400);
            assert!(refused.body["detail"].as_str().expect("a sentence").contains(named), "{}", refused.text);
        }
        assert_eq!(admin.get(&path).await.expect(200).body, before);
        let own = Admin::with(&system, &["--role", "tenant-admin", "--tenant", &tenant.name]).await;
        own.patch(&path, &json!({ "settings": { "share": 10 } })).await.expect(200);
        let auditor = Admin::with(&system, &["--role", "auditor", "--tenant", &tenant.name]).await;
        auditor.get(&path).await.expect(200);
        for (verb, body) in [("PATCH", json!({ "settings": {} })), ("POST", json!({}))] {
            let at = if verb == "POST" { format!("{path}/release") } else { path.clone() };
            auditor.send(verb, &at, &body).await.expect(403);
        }
        let stranger = system.tenant("stranger");
        let theirs = Admin::with(&system, &["--role", "tenant-admin", "--tenant", &stranger.name]).await;
        theirs.post(&format!("{path}/discard"), &json!({})).await.expect(404);
        admin.get("/tenants/no-such-tenant/breaker").await.expect(404);
        system.tenantry(&["breaker", "show", "no-such-tenant"]).expect(3);
        let told = system.tenantry(&["breaker", "set", &tenant.name, "share=101"]).expect(2);
        assert!(told.stderr.contains("setting share of the breaker is percent, a whole number from 1 to 100, not 101"), "{}", told.stderr);
    }
}
