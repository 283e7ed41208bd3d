//! WATS.

use base64::Engine as _;
use serde_json::{Value, json};

use super::{at_path, told, told_last, user_with};
use crate::support::{Client, Request, System, Tenant, group, patch_one, urn};

const WATS: &str = "urn:ietf:params:scim:schemas:extension:wats:2.0:User";

fn base64(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}

fn tenant(system: &System, options: &Value) -> Tenant {
    super::tenant_of(system, "wats", &["sso"], options)
}

on_both! {
    async fn w01_the_tenant_url_is_that_of_the_instance_in_any_letter_case(system) {
        let tenant = tenant(&system, &json!({}));
        let host = format!("{}.wats.example", tenant.name);
        system.tenantry(&["tenant", "set", &tenant.name, "--add-host", &host]).expect(0);
        for path in ["/api/SCIM/v2", "/api/scim/v2/", "/API/SCIM/V2"] {
            let client = tenant.client().at(at_path(&tenant, path.trim_end_matches('/'))).with("host", &host);
            let found = client.find("Users", "userName eq \"nobody\"").await.expect(200);
            assert_eq!(found.total(), 0, "{path}");
        }
        let client = tenant.client().at(at_path(&tenant, "/api/SCIM/v2")).with("host", &host);
        let created = client.post("/Users", &user_with("ada@acme.example", &json!({}))).await.expect(201);
        let location = created.body["meta"]["location"].as_str().expect("a text");
        assert!(location.contains(&host) && location.contains("/api/SCIM/v2/Users/"), "{location}");
        let shown = system.tenantry(&["tenant", "show", &tenant.name, "--json"]).expect(0).json();
        let urls = shown["application_urls"].as_array().expect("a list");
        assert!(urls.iter().any(|url| url.as_str().expect("a text").contains(&host) && url.as_str().expect("a text").ends_with("/api/scim/v2")), "{urls:?}");
        // The path of another application is nobody's here.
        let other = tenant.client().at(at_path(&tenant, "/api/v1/scim/v2"));
        other.get("/Users").await.expect(404);
    }

    async fn w02_instances_of_one_customer_are_tenants_of_their_own(system) {
        let (first, second) = (tenant(&system, &json!({})), tenant(&system, &json!({})));
        first.client().post("/Users", &user_with("ada@acme.example", &json!({}))).await.expect(201);
        second.client().post("/Users", &user_with("ada@acme.example", &json!({}))).await.expect(201);
        assert_eq!(first.client().get("/Users").await.expect(200).total(), 1);
        first.client().with_token(&second.token).get("/Users").await.expect(401);
    }

    async fn w03_an_administrator_gets_a_token_by_url_and_the_one_before_is_void(system) {
        let tenant = tenant(&system, &json!({}));
        let made = system.tenantry(&["api-key", "create", "--name", "w03", "--role", "tenant-admin", "--tenant", &tenant.name, "--json"]).expect(0).json();
        let key = made["key"].as_str().expect("a text").to_owned();
        let basic = |key: &str| format!("Basic {}", base64(&format!("admin:{key}")));
        let at = |query: &str| format!("{}{query}", at_path(&tenant, &format!("/t/{}/api/SCIM/v2/Token", tenant.name)));
        let stranger = Client::new("");
        let client = stranger.clone().with("authorization", basic(&key));
        // Bad durations, strangers, other sites: the old token stays.
        for bad in ["?duration=0", "?duration=-1", "?duration=soon", "?duration=99999", "?duration=1&duration=2"] {
            let refused = client.send(Request::new("GET", at(bad))).await.refused(400, Some("invalidValue"));
            assert!(refused.body["detail"].as_str().expect("a text").contains("from 1 to 3650"), "{}", refused.body);
        }
        let refused = stranger.send(Request::new("GET", at("?duration=90"))).await.expect(401);
        assert!(refused.header("www-authenticate").expect("it is there").starts_with("Basic "));
        stranger.clone().with("authorization", basic("wrong")).send(Request::new("GET", at("?duration=90"))).await.expect(401);
        stranger.clone().with_token(&tenant.token).send(Request::new("GET", at("?duration=90"))).await.expect(401);
        for (name, value) in [("sec-purpose", "prefetch"), ("referer", "https://evil.example/x"), ("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example")] {
            client.send(Request::new("GET", at("?duration=90")).header(name, value)).await.expect(403);
        }
        let other = super::tenant_of(&system, "wats", &["sso"], &json!({}));
        let foreign = at_path(&tenant, &format!("/t/{}/api/SCIM/v2/Token?duration=90", other.name));
        client.send(Request::new("GET", foreign)).await.expect(404);
        client.send(Request::new("DELETE", at("?duration=90"))).await.expect(405);
        tenant.client().get("/Users").await.expect(200);
        let given = client.send_any(Request::new("GET", at("?duration=90")).header("sec-fetch-site", "none")).await.expect(200);
        assert_eq!(given.header("cache-control"), Some("no-store"));
        let token = given.body["token"].as_str().expect("a text").to_owned();
        tenant.client().get("/Users").await.expect(401);
        tenant.client().with_token(&token).get("/Users").await.expect(200);
        let posted = stranger.with_token(&key).send_any(Request::new("POST", at("?duration=1"))).await.expect(200);
        tenant.client().with_token(&token).get("/Users").await.expect(401);
        let token = posted.body["token"].as_str().expect("a text").to_owned();
        tenant.client().with_token(&token).get("/Users").await.expect(200);
        assert!(!system.server().log().contains(&token), "it is not in the log");
        // Where the application promises no such URL there is none.
        let generic = system.tenant("generic");
        let none = at_path(&generic, &format!("/t/{}/api/SCIM/v2/Token?duration=90", generic.name));
        client.send(Request::new("GET", none)).await.expect(404);
    }

    async fn w04_test_connection_succeeds_with_a_good_token_alone(system) {
        let tenant = tenant(&system, &json!({}));
        let probe = "userName eq \"8f1c6c59-31f4-4fe0-8a1c-7a2f8e1d2b10\"";
        assert_eq!(tenant.client().find("Users", probe).await.expect(200).total(), 0);
        let refused = tenant.client().with_token("wrong").find("Users", probe).await.expect(401);
        assert!(refused.body["detail"].as_str().is_some_and(|detail| detail.len() > 20));
    }

    async fn w05_the_attributes_of_the_mapping_arrive_also_as_texts(system) {
        let tenant = tenant(&system, &json!({}));
        let sent = json!({
            "active": "true", "name": { "givenName": "Ada", "familyName": "Lovelace" },
            "emails": [{ "value": "ada@mail.example", "type": "work", "primary": true }],
            "roles": [{ "value": "Manager", "primary": "True" }]
        });
        let id = tenant.client().post("/Users", &user_with("ada@acme.example", &sent)).await.expect(201).id();
        let user = told_last(&system, &tenant);
        assert_eq!((&user["active"], &user["email"]), (&json!(true), &json!("ada@mail.example")));
        assert_eq!(user["name"], json!({ "givenName": "Ada", "familyName": "Lovelace" }));
        assert_eq!(user["roles"], json!([{ "value": "Manager", "primary": true }]));
        let off = patch_one("Replace", "active", json!("False"));
        tenant.client().patch(&format!("/Users/{id}"), &off).await.expect(200);
        assert_eq!(told_last(&system, &tenant)["active"], json!(false));
    }

    async fn w06_an_unknown_role_is_refused_until_it_exists(system) {
        let tenant = tenant(&system, &json!({}));
        let sent = user_with("ada@acme.example", &json!({ "roles": [{ "value": "WATS Test Pilot", "primary": true }] }));
        let refused = tenant.client().post("/Users", &sent).await.refused(400, Some("invalidValue"));
        assert!(refused.body["detail"].as_str().expect("a text").contains("the role \"Test Pilot\" does not exist"), "{}", refused.body);
        assert!(told(&system, &tenant).is_empty(), "what is refused is told to nobody");
        system.set(&tenant, &json!({ "profile_options": { "custom_roles": ["Test Pilot"] } }));
        let id = tenant.client().post("/Users", &sent).await.expect(201).id();
        assert_eq!(told_last(&system, &tenant)["roles"][0]["value"], "Test Pilot");
        // The role goes: who has it is changed and deactivated all the same, and cannot be given it again.
        system.set(&tenant, &json!({ "profile_options": {} }));
        let at = format!("/Users/{id}");
        tenant.client().patch(&at, &patch_one("replace", "title", json!("Ace"))).await.expect(200);
        tenant.client().patch(&at, &patch_one("replace", "active", json!(false))).await.expect(200);
        tenant.client().patch(&at, &patch_one("replace", "active", json!(true))).await.refused(400, Some("invalidValue"));
        let analyzer = patch_one("replace", "roles[primary eq \"true\"].value", json!("Viewer"));
        tenant.client().patch(&at, &analyzer).await.expect(200);
        tenant.client().patch(&at, &patch_one("replace", "active", json!(true))).await.expect(200);
        assert_eq!(told_last(&system, &tenant)["roles"][0]["value"], "Viewer");
    }

    async fn w06_who_is_sent_no_role_is_an_analyzer(system) {
        let tenant = tenant(&system, &json!({}));
        tenant.client().post("/Users", &user_with("ada@acme.example", &json!({}))).await.expect(201);
        assert_eq!(told_last(&system, &tenant)["roles"], json!([{ "value": "Analyzer", "primary": true }]));
    }

    async fn w07_what_okta_sends_must_exist_in_the_tenant(system) {
        let tenant = tenant(&system, &json!({ "levels": ["Final"] }));
        let sent = |levels: &Value| {
            let own = json!({ "roles": ["Viewer"], "levels": levels, "productGroups": [] });
            user_with("ada@acme.example", &json!({ "schemas": [urn::USER, WATS], WATS: own }))
        };
        let refused = tenant.client().post("/Users", &sent(&json!(["Debug"]))).await.refused(400, Some("invalidValue"));
        assert!(refused.body["detail"].as_str().expect("a text").contains("the level \"Debug\" does not exist"));
        tenant.client().post("/Users", &sent(&json!(["Final"]))).await.expect(201);
        assert_eq!(told_last(&system, &tenant)["application"]["levels"], json!(["Final"]));
        let schemas = tenant.client().get("/Schemas").await.expect(200);
        assert!(schemas.resources().iter().any(|schema| schema["id"] == WATS));
    }

    async fn w08_a_password_may_be_used_to_sign_in_if_that_is_sent(system) {
        let tenant = tenant(&system, &json!({}));
        let sent = json!({ "schemas": [urn::USER, WATS], WATS: { "PasswordSignInEnabled": true } });
        tenant.client().post("/Users", &user_with("ada@acme.example", &sent)).await.expect(201);
        assert_eq!(told_last(&system, &tenant)["application"]["passwordSignInEnabled"], json!(true));
    }

    async fn w09_attributes_are_updated_and_a_password_is_accepted_and_forgotten(system) {
        let tenant = tenant(&system, &json!({}));
        let id = tenant.client().post("/Users", &user_with("ada@acme.example", &json!({ "password": "hunter2-secret" }))).await.expect(201).id();
        let at = format!("/Users/{id}");
        let before = system.events(&tenant, 0).len();
        tenant.client().patch(&at, &patch_one("replace", "password", json!("hunter3-secret"))).await.expect(200);
        assert_eq!(system.events(&tenant, 0).len(), before, "a password alone changes nothing");
        tenant.client().put(&at, &user_with("ada.l@acme.example", &json!({ "title": "Countess" }))).await.expect(200);
        let told = told_last(&system, &tenant);
        assert_eq!((&told["userName"], &told["title"]), (&json!("ada.l@acme.example"), &json!("Countess")));
        for word in ["hunter", "\"password\"", "passwordHash"] {
            assert!(!system.events(&tenant, 0).iter().any(|event| event.to_string().contains(word)), "{word}");
        }
    }

    async fn w10_users_come_change_and_go(system) {
        let tenant = tenant(&system, &json!({}));
        let client = tenant.client();
        let at = format!("/Users/{}", client.post("/Users", &user_with("ada@acme.example", &json!({}))).await.expect(201).id());
        for active in [false, true] {
            client.patch(&at, &patch_one("replace", "active", json!(active))).await.expect(200);
        }
        client.delete(&at).await.expect(204);
        let events = system.events(&tenant, 0);
        let types: Vec<_> = events.iter().map(|event| event["type"].as_str().expect("a text")).collect();
        assert_eq!(types, ["user.created", "user.deactivated", "user.activated", "user.deleted"]);
    }

    async fn w11_groups_are_off_until_they_are_switched_on(system) {
        let tenant = tenant(&system, &json!({}));
        let client = tenant.client();
        assert_eq!(client.get("/Groups").await.expect(200).total(), 0);
        assert_eq!(client.get("/ResourceTypes").await.expect(200).total(), 1);
        assert!(!client.get("/Schemas").await.expect(200).resources().iter().any(|schema| schema["id"] == urn::GROUP));
        client.get("/ResourceTypes/Group").await.expect(404);
        client.get("/Groups/7").await.expect(404);
        let refused = client.post("/Groups", &group("team", &[])).await.expect(403);
        assert!(refused.body["detail"].as_str().expect("a text").contains("not provisioned into this application"));
        for request in [Request::new("PUT", "/Groups/7"), Request::new("PATCH", "/Groups/7"), Request::new("DELETE", "/Groups/7")] {
            client.send(request.json(&json!({}))).await.expect(403);
        }
        let bulk = json!({ "schemas": [urn::BULK], "Operations": [
            { "method": "POST", "path": "/Groups", "bulkId": "g", "data": group("team", &[]) }] });
        assert_eq!(client.post("/Bulk", &bulk).await.expect(200).body["Operations"][0]["status"], "403");
        system.set(&tenant, &json!({ "profile_options": { "groups": true } }));
        client.post("/Groups", &group("team", &[])).await.expect(201);
        assert_eq!(client.get("/ResourceTypes").await.expect(200).total(), 2);
    }

    async fn w12_an_instance_is_not_switched_on_before_its_single_sign_on_is_in_place(system) {
        let name = format!("w12-{}", uuid::Uuid::now_v7().simple());
        system.tenantry(&["tenant", "create", &name, "--set", "profile=wats", "--json"]).expect(0);
        let shown = system.tenantry(&["tenant", "show", &name, "--json"]).expect(0).json();
        assert_eq!(shown["enabled"], json!(false));
        let refused = system.tenantry(&["tenant", "enable", &name]).expect(2);
        assert!(refused.stderr.contains("single sign-on") && refused.stderr.contains("prerequisites_met"), "{}", refused.stderr);
        system.tenantry(&["tenant", "set", &name, "prerequisites_met=[\"sso\"]"]).expect(0);
        system.tenantry(&["tenant", "enable", &name]).expect(0);
        let refused = system.tenantry(&["tenant", "set", &name, "prerequisites_met=[]"]).expect(2);
        assert!(refused.stderr.contains("switched on"), "{}", refused.stderr);
    }
}
