//! Application profiles over HTTP.

use serde_json::{Value, json};

use super::Admin;
use crate::support::{unique, user};

fn crm(name: &str, prefix: &str) -> String {
    format!(
        r#"name = "{name}"
title = "A CRM"

[[map]]
to = "displayName"
from = [{{ constant = "{prefix}" }}]

[[map]]
to = "roles"
what = "role"
from = ["title"]
allowed = ["Admin", "Seller"]
unknown = "reject"
"#
    )
}

on_both! {
    /// Imported, listed, shown, imported again, and gone back from: as the command line tells it.
    async fn a_profile_has_versions_over_http(system) {
        let (name, admin) = (unique("crm"), Admin::operator(&system).await);
        let import = |text: String| json!({ "text": text, "file": "crm.toml" });
        let first = admin.post("/profiles", &import(crm(&name, "one"))).await.expect(200).body;
        assert_eq!(first, json!({ "name": name, "version": 1, "changed": true }));
        let again = admin.post("/profiles", &import(crm(&name, "one"))).await.expect(200).body;
        assert_eq!(again, json!({ "name": name, "version": 1, "changed": false }));
        admin.post("/profiles", &import(crm(&name, "two"))).await.expect(200);
        let tenant = system.tenant("crm");
        let set = json!({ "settings": { "profile": name } });
        admin.patch(&format!("/tenants/{}", tenant.name), &set).await.expect(200);

        let shown = admin.get(&format!("/profiles/{name}")).await.expect(200).body;
        assert_eq!((&shown["version"], &shown["tenants"], &shown["text"]), (&json!(2), &json!(1), &json!(crm(&name, "two"))));
        assert_eq!(shown, system.tenantry(&["profile", "show", &name, "--json"]).expect(0).json());
        let listed = admin.get("/profiles").await.expect(200).body;
        assert!(listed["profiles"].as_array().is_some_and(|all| all.iter().any(|profile| profile["name"] == json!(name))));

        let back = admin.post(&format!("/profiles/{name}/rollback"), &json!({ "version": 1 })).await.expect(200).body;
        assert_eq!(back, json!({ "name": name, "version": 1, "changed": true }));
        let versions = admin.get(&format!("/profiles/{name}/versions")).await.expect(200).body;
        assert_eq!(versions, system.tenantry(&["profile", "versions", &name, "--json"]).expect(0).json());
        let current = |version: &Value| version["current"] == json!(true);
        let current: Vec<&Value> = versions["versions"].as_array().expect("a list").iter().filter(|one| current(one)).collect();
        assert_eq!((current.len(), &current[0]["version"]), (1, &json!(1)));
    }

    /// What is wrong is told by line, and changes nothing; what is not there is not found.
    async fn a_wrong_profile_is_refused_by_line(system) {
        let (name, admin) = (unique("crm"), Admin::operator(&system).await);
        let wrong = crm(&name, "one").replace("allowed", "alowed");
        let refused = admin.post("/profiles", &json!({ "text": wrong, "file": "crm.toml" })).await.expect(400).body;
        let detail = refused["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("crm.toml:12") && detail.contains("alowed"), "{detail}");
        for path in [format!("/profiles/{name}"), format!("/profiles/{name}/versions")] {
            admin.get(&path).await.expect(404);
        }
        admin.post(&format!("/profiles/{name}/rollback"), &json!({ "version": 1 })).await.expect(404);
        admin.post("/profiles", &json!({ "text": "", "colour": 1 })).await.expect(400);
    }

    /// A change is tried out for all users and for one, and a tenant's administrator tries what they may set.
    async fn a_change_is_tried_before_it_counts(system) {
        let (name, operator) = (unique("crm"), Admin::operator(&system).await);
        operator.post("/profiles", &json!({ "text": crm(&name, "one") })).await.expect(200);
        let tenant = system.tenant("tried");
        let own = Admin::with(&system, &["--tenant", &tenant.name, "--role", "tenant-admin"]).await;
        for (who, title) in [("ada", "Seller"), ("bob", "Pirate")] {
            let mut body = user(who);
            body["title"] = json!(title);
            tenant.client().post("/Users", &body).await.expect(201);
        }
        let path = |verb: &str| format!("/tenants/{}/profile/{verb}", tenant.name);
        let settings = json!({ "profile": name });
        let tried = operator.post(&path("try"), &json!({ "settings": settings })).await.expect(200).body;
        let counts = ["total", "users", "changed", "refused", "next"].map(|member| tried[member].clone());
        assert_eq!(counts, [json!(2), json!(2), json!(2), json!(1), Value::Null], "{tried}");
        let seen = json!({ "settings": settings, "user": "ada" });
        let seen = operator.post(&path("preview"), &seen).await.expect(200).body;
        assert_eq!((&seen["after"]["displayName"], &seen["refused_after"]), (&json!("one"), &Value::Null));
        assert_ne!(seen["before"]["displayName"], json!("one"));
        let mut sent = user("eve");
        sent["title"] = json!("Pirate");
        let seen = operator.post(&path("preview"), &json!({ "settings": settings, "request": sent })).await.expect(200).body;
        assert!(seen["refused_after"].as_str().is_some_and(|why| why.contains("Pirate")), "{seen}");
        operator.post(&path("preview"), &json!({ "settings": settings })).await.expect(400);

        let text = json!({ "text": crm(&name, "mine"), "user": "ada" });
        assert_eq!(operator.post(&path("preview"), &text).await.expect(200).body["after"]["displayName"], json!("mine"));
        own.post(&path("preview"), &text).await.expect(403);
        for verb in ["try", "preview"] {
            own.post(&path(verb), &json!({ "settings": settings })).await.expect(403);
        }
        let unchanged = own.post(&path("try"), &json!({})).await.expect(200).body;
        assert_eq!((&unchanged["users"], &unchanged["changed"]), (&json!(2), &json!(0)));
    }

    /// What was made for one customer is nothing for another one, and neither is how many there are.
    async fn a_tenant_sees_its_own_profile_and_no_other_customers(system) {
        let (own, foreign, operator) = (unique("crm"), unique("crm"), Admin::operator(&system).await);
        let tenant = system.tenant("seeing");
        for name in [&own, &foreign] {
            operator.post("/profiles", &json!({ "text": crm(name, "one") })).await.expect(200);
        }
        let set = json!({ "settings": { "profile": own } });
        operator.patch(&format!("/tenants/{}", tenant.name), &set).await.expect(200);
        for role in ["tenant-admin", "auditor"] {
            let admin = Admin::with(&system, &["--tenant", &tenant.name, "--role", role]).await;
            let listed = admin.get("/profiles").await.expect(200);
            let listed_profiles = listed.body["profiles"].as_array().expect("a list");
            assert!(listed_profiles.iter().all(|profile| profile.get("tenants").is_none()), "{listed_profiles:?}");
            assert!(listed.text.contains(&own) && listed.text.contains("generic") && !listed.text.contains(&foreign));
            assert!(admin.get(&format!("/profiles/{own}")).await.expect(200).body.get("tenants").is_none());
            let unknown = unique("crm");
            let (hidden, none) = (admin.get(&format!("/profiles/{foreign}")).await, admin.get(&format!("/profiles/{unknown}")).await);
            assert_eq!((hidden.status, hidden.text.replace(&foreign, "X")), (404, none.text.replace(&unknown, "X")));
        }
    }
}
