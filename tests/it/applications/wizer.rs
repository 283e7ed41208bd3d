//! Wizer.

use serde_json::{Value, json};

use super::{at_path, told_last, user_with};
use crate::support::{System, Tenant, added_member, group, patch_one, urn};

fn tenant(system: &System, options: &Value) -> Tenant {
    super::tenant_of(system, "wizer", &["sso"], options)
}

on_both! {
    async fn z01_the_token_tells_the_customer_at_the_shared_url(system) {
        let tenant = tenant(&system, &json!({}));
        let client = tenant.client().at(at_path(&tenant, "/api/v1/scim/v2"));
        let created = client.post("/Users", &user_with("ada@acme.example", &json!({}))).await.expect(201);
        assert!(created.body["meta"]["location"].as_str().expect("a text").contains("/api/v1/scim/v2/Users/"));
        assert_eq!(tenant.client().get("/Users").await.expect(200).total(), 1);
    }

    async fn z02_a_customer_needs_single_sign_on(system) {
        let name = format!("z02-{}", uuid::Uuid::now_v7().simple());
        system.tenantry(&["tenant", "create", &name, "--set", "profile=wizer"]).expect(0);
        let refused = system.tenantry(&["tenant", "enable", &name]).expect(2);
        assert!(refused.stderr.contains("single sign-on"), "{}", refused.stderr);
    }

    async fn z03_users_are_matched_by_external_id_address_and_name(system) {
        let tenant = tenant(&system, &json!({}));
        let sent = json!({ "externalId": "Object-1", "emails": [{ "value": "ada@mail.example", "type": "work" }] });
        let id = tenant.client().post("/Users", &user_with("ada@acme.example", &sent)).await.expect(201).id();
        for filter in [
            "externalId eq \"Object-1\"",
            "emails[type eq \"work\"].value eq \"ADA@mail.example\"",
            "userName eq \"ADA@acme.example\"",
        ] {
            assert_eq!(tenant.client().find("Users", filter).await.expect(200).ids(), std::slice::from_ref(&id), "{filter}");
        }
    }

    async fn z04_everything_else_is_kept_and_not_forwarded(system) {
        let tenant = tenant(&system, &json!({}));
        let sent = json!({ "schemas": [urn::USER, urn::ENTERPRISE], "title": "Countess", "externalId": "o-1", "nickName": "Addie",
            "name": { "givenName": "Ada", "familyName": "Lovelace", "formatted": "The Countess" },
            "phoneNumbers": [{ "value": "+43 1", "type": "work" }], "emails": [{ "value": "ada@mail.example", "type": "work" }],
            urn::ENTERPRISE: { "department": "Engines", "employeeNumber": "7" } });
        let id = tenant.client().post("/Users", &user_with("ada@acme.example", &sent)).await.expect(201).id();
        let at = format!("/Users/{id}");
        let kept = tenant.client().get(&at).await.expect(200);
        assert_eq!((&kept.body["title"], &kept.body["nickName"]), (&json!("Countess"), &json!("Addie")));
        tenant.client().patch(&at, &patch_one("replace", "title", json!("Baroness"))).await.expect(200);
        let told = system.events(&tenant, 0);
        for word in ["Countess", "Baroness", "Addie", "+43 1", "employeeNumber", "o-1"] {
            assert!(!told.iter().any(|event| event.to_string().contains(word)), "{word} in {told:?}");
        }
        let user = told_last(&system, &tenant);
        assert_eq!(user["name"], json!({ "givenName": "Ada", "familyName": "Lovelace" }));
        assert_eq!((&user["email"], &user["department"]), (&json!("ada@mail.example"), &json!("Engines")));
        tenant.client().patch(&at, &patch_one("replace", "name.givenName", json!("Augusta"))).await.expect(200);
        let event = system.events(&tenant, 0).pop().expect("an event");
        assert_eq!(event["data"]["changed"], json!([{ "path": "name.givenName", "old": "Ada", "new": "Augusta" }]));
    }

    async fn z05_who_has_no_address_is_written_to_at_the_user_name(system) {
        let tenant = tenant(&system, &json!({}));
        tenant.client().post("/Users", &user_with("ada@acme.example", &json!({}))).await.expect(201);
        let user = told_last(&system, &tenant);
        assert_eq!((&user["email"], &user["userName"]), (&json!("ada@acme.example"), &json!("ada@acme.example")));
    }

    async fn z06_a_group_is_a_department(system) {
        let tenant = tenant(&system, &json!({ "department_order": ["Looms"] }));
        let client = tenant.client();
        let ada = client.post("/Users", &user_with("ada@acme.example", &json!({}))).await.expect(201).id();
        let engines = client.post("/Groups", &group("Engines", &[&ada])).await.expect(201).id();
        let department = || told_last(&system, &tenant).get("department").cloned();
        assert_eq!(department(), Some(json!("Engines")));
        let event = system.events(&tenant, 0).pop().expect("an event");
        assert_eq!((&event["type"], &event["data"]["changed"]), (&json!("user.updated"), &json!([{ "path": "department", "new": "Engines" }])));
        let looms = client.post("/Groups", &group("Looms", &[])).await.expect(201).id();
        client.patch(&format!("/Groups/{looms}"), &added_member(&ada)).await.expect(200);
        assert_eq!(department(), Some(json!("Looms")), "the order decides");
        client.patch(&format!("/Groups/{engines}"), &patch_one("replace", "displayName", json!("Machines"))).await.expect(200);
        client.delete(&format!("/Groups/{looms}")).await.expect(204);
        assert_eq!(department(), Some(json!("Machines")), "a renamed group, when the other is gone");
        let remove = json!({ "schemas": [urn::PATCH], "Operations": [{ "op": "Remove", "path": format!("members[value eq \"{ada}\"]") }] });
        client.patch(&format!("/Groups/{engines}"), &remove).await.expect(200);
        assert_eq!(department(), None);
        let numbers: Vec<_> = system.all_events(&tenant, 0).iter().map(|event| event["sequence"].as_i64().expect("a number")).collect();
        assert_eq!(numbers, (1..=i64::try_from(numbers.len()).expect("it is there")).collect::<Vec<_>>(), "no number is missing");
    }

    async fn z06_both_sources_can_be_switched_off(system) {
        let tenant = tenant(&system, &json!({ "department_attribute": false }));
        let client = tenant.client();
        let sent = json!({ "schemas": [urn::USER, urn::ENTERPRISE], urn::ENTERPRISE: { "department": "Engines" } });
        let at = format!("/Users/{}", client.post("/Users", &user_with("ada@acme.example", &sent)).await.expect(201).id());
        assert!(told_last(&system, &tenant).get("department").is_none());
        system.set(&tenant, &json!({ "profile_options": { "department_groups": false } }));
        client.patch(&at, &patch_one("replace", "name.givenName", json!("Ada"))).await.expect(200);
        assert_eq!(told_last(&system, &tenant)["department"], "Engines");
    }

    async fn z09_a_flood_is_held_until_an_administrator_releases_it(system) {
        let tenant = tenant(&system, &json!({}));
        let client = tenant.client();
        let mut ids = Vec::new();
        for number in 0..6 {
            ids.push(client.post("/Users", &user_with(&format!("u{number}@acme.example"), &json!({}))).await.expect(201).id());
        }
        system.tenantry(&["breaker", "set", &tenant.name, "mode=hold", "number=3", "minimum_users=1", "share=100"]).expect(0);
        for id in &ids {
            client.patch(&format!("/Users/{id}"), &patch_one("replace", "active", json!(false))).await.expect(200);
        }
        let breaker = system.tenantry(&["breaker", "show", &tenant.name, "--json"]).expect(0).json();
        assert_eq!(breaker["state"], "held");
        system.tenantry(&["breaker", "release", &tenant.name]).expect(0);
    }
}
