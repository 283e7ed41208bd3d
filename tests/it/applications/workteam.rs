//! Workteam.

use serde_json::json;

use super::{told_last, user_with};
use crate::support::{System, Tenant, patch_one, urn};

fn tenant(system: &System) -> Tenant {
    super::tenant_of(system, "workteam", &["entitlement"], &json!({}))
}

on_both! {
    async fn t01_switched_off_requests_are_refused_and_the_token_is_kept(system) {
        let tenant = tenant(&system);
        system.tenantry(&["tenant", "disable", &tenant.name]).expect(0);
        let refused = tenant.client().get("/Users").await.expect(403);
        assert!(refused.body["detail"].as_str().is_some_and(|detail| detail.len() > 20), "{}", refused.body);
        system.tenantry(&["tenant", "enable", &tenant.name]).expect(0);
        tenant.client().get("/Users").await.expect(200);
    }

    async fn t02_only_accounts_with_the_entitlement_are_served(system) {
        let tenant = super::tenant_of(&system, "workteam", &[], &json!({}));
        let refused = tenant.client().get("/Users").await.expect(403);
        assert!(refused.body["detail"].as_str().expect("a text").contains("entitlement"), "{}", refused.body);
    }

    async fn t03_okta_imports_page_by_page_and_synchronizes_passwords(system) {
        let tenant = tenant(&system);
        let client = tenant.client().with("user-agent", "Okta SCIM Client 1.0.0");
        for number in 0..5 {
            client.post("/Users", &user_with(&format!("user-{number}@acme.example"), &json!({}))).await.expect(201);
        }
        let mut names = Vec::new();
        for start in [1, 3, 5] {
            let page = client.get(&format!("/Users?startIndex={start}&count=2")).await.expect(200);
            names.extend(page.resources().iter().map(|user| user["userName"].as_str().expect("a text").to_owned()));
        }
        assert_eq!(names.len(), 5);
        let at = format!("/Users/{}", client.find("Users", "userName eq \"user-0@acme.example\"").await.expect(200).ids()[0]);
        client.patch(&at, &patch_one("replace", "password", json!("hunter2-secret"))).await.expect(200);
        let event = system.events(&tenant, 0).pop().expect("an event");
        assert_eq!(event["data"]["changed"], json!([{ "path": "password" }]));
        assert!(!event.to_string().contains("hunter2-secret"));
    }

    async fn t04_t05_the_organisation_chart_is_in_what_is_told(system) {
        let tenant = tenant(&system);
        let client = tenant.client();
        let boss = client.post("/Users", &user_with("boss@acme.example", &json!({ "title": "Head", "nickName": "B" }))).await.expect(201).id();
        let worker = json!({ "schemas": [urn::USER, urn::ENTERPRISE],
            "name": { "givenName": "Ada", "familyName": "L" }, "displayName": "Ada", "title": "Engineer", "nickName": "A",
            urn::ENTERPRISE: { "department": "Engines", "manager": { "value": boss } } });
        let at = format!("/Users/{}", client.post("/Users", &user_with("ada@acme.example", &worker)).await.expect(201).id());
        let told = told_last(&system, &tenant);
        assert_eq!((&told["department"], &told["manager"]["id"], &told["nickName"]), (&json!("Engines"), &json!(boss), &json!("A")));
        // Every form in which clients send a manager, a circle, and oneself.
        let path = format!("{}:manager", urn::ENTERPRISE);
        for value in [json!(boss), json!({ "value": boss }), json!([{ "value": boss }])] {
            client.patch(&at, &patch_one("Add", &path, value)).await.expect(200);
        }
        let own = at.trim_start_matches("/Users/");
        client.patch(&format!("/Users/{boss}"), &patch_one("Add", &path, json!(own))).await.expect(200);
        client.patch(&at, &patch_one("Add", &path, json!(own))).await.expect(200);
        assert_eq!(told_last(&system, &tenant)["manager"]["id"], json!(own));
        client.patch(&at, &patch_one("Add", &path, json!(boss))).await.expect(200);
        client.delete(&format!("/Users/{boss}")).await.expect(204);
        let updated = system.events(&tenant, 0).into_iter().rev().find(|event| event["subject"] == json!(format!("Users/{own}"))).expect("it is there");
        assert!(updated["data"]["user"].get("manager").is_none(), "no reference dangles: {updated}");
    }

    async fn t06_the_application_is_told_the_old_and_the_new_name_and_address(system) {
        let tenant = tenant(&system);
        let sent = |address: &str| json!({ "emails": [{ "value": address, "type": "work", "primary": true }] });
        let client = tenant.client();
        let at = format!("/Users/{}", client.post("/Users", &user_with("old@acme.example", &sent("old@acme.example"))).await.expect(201).id());
        client.put(&at, &user_with("new@acme.example", &sent("new@acme.example"))).await.expect(200);
        let event = system.events(&tenant, 0).pop().expect("an event");
        let changed = event["data"]["changed"].as_array().expect("a list");
        let name = changed.iter().find(|change| change["path"] == "userName").expect("it is there");
        assert_eq!((&name["old"], &name["new"]), (&json!("old@acme.example"), &json!("new@acme.example")));
        assert!(changed.iter().any(|change| change["path"].as_str().expect("a text").starts_with("emails")), "{event}");
    }

    async fn t07_a_restarted_synchronisation_changes_nothing(system) {
        let tenant = tenant(&system);
        let client = tenant.client();
        let sent = user_with("ada@acme.example", &json!({ "externalId": "7", "title": "Engineer" }));
        let id = client.post("/Users", &sent).await.expect(201).id();
        let before = system.events(&tenant, 0).len();
        // The client has forgotten everything: it looks, finds, and sends the same again.
        let found = client.find("Users", "externalId eq \"7\"").await.expect(200);
        assert_eq!(found.ids(), std::slice::from_ref(&id));
        client.patch(&format!("/Users/{id}"), &patch_one("Replace", "title", json!("Engineer"))).await.expect(200);
        client.put(&format!("/Users/{id}"), &sent).await.expect(200);
        client.post("/Users", &sent).await.refused(409, Some("uniqueness"));
        assert_eq!(system.events(&tenant, 0).len(), before);
        assert_eq!(client.get("/Users").await.expect(200).total(), 1);
    }
}
