//! Events of tokens and OAuth clients name who had it done.

use serde_json::{Value, json};

use super::Admin;
use crate::support::{System, Tenant, until};

on_both! {
    async fn events_of_tokens_name_who_asked(system) {
        let tenant = system.tenant("asked");
        let (admin, own) = (Admin::operator(&system).await, Admin::with(&system, &["--tenant", &tenant.name]).await);
        let call = |what: &str| format!("/tenants/{}/tokens/{what}", tenant.name);
        admin.issue(&tenant.name, "one", &json!({ "mode": "staged" })).await.expect(201);
        own.post(&call("complete"), &json!({})).await.expect(200);
        let arguments = ["token", "issue", &tenant.name, "--mode", "first-use", "--json"];
        let issued = system.tenantry(&arguments).expect(0).json();
        tenant.client().with_token(issued["token"].as_str().expect("a token")).get("/Users").await.expect(200);
        own.issue(&tenant.name, "two", &json!({ "mode": "first-use" })).await.expect(201);
        admin.post(&call("complete"), &json!({})).await.expect(200);
        own.post(&call("revoke"), &json!({})).await.expect(200);
        let (operator, client) = (json!({ "type": "operator" }), json!({ "type": "client" }));
        let key = |admin: &Admin| json!({ "type": "api_key", "id": admin.id, "name": "tests" });
        let expected = [
            ("token.issued", operator.clone()),
            ("token.issued", key(&admin)),
            ("token.rotated", key(&own)),
            ("token.issued", operator),
            ("token.rotated", client),
            ("token.issued", key(&own)),
            ("token.rotated", key(&admin)),
            ("token.revoked", key(&own)),
        ];
        let expected = expected.map(|(kind, actor)| (kind.to_owned(), actor));
        assert_eq!(actors(&system, &tenant, expected.len()).await, expected);
    }

    async fn events_of_oauth_clients_name_who_asked(system) {
        let tenant = system.tenant("asked");
        let admin = Admin::operator(&system).await;
        let clients = format!("/tenants/{}/oauth-clients", tenant.name);
        let client = admin.post(&clients, &json!({ "name": "entra" })).await.expect(201);
        let id = client.body["client_id"].as_str().expect("an id");
        let issued = admin.post(&format!("{clients}/{id}/secrets"), &json!({})).await.expect(201);
        let secret = issued.body["secret_id"].as_str().expect("an id");
        system.tenantry(&["oauth", "secret", "revoke", &tenant.name, id, secret]).expect(0);
        admin.delete(&format!("{clients}/{id}")).await.expect(200);
        let (operator, key) = (json!({ "type": "operator" }), json!({ "type": "api_key", "id": admin.id, "name": "tests" }));
        let expected = [
            ("token.issued", operator.clone()),
            ("oauth_client.created", key.clone()),
            ("oauth_secret.issued", key.clone()),
            ("oauth_secret.revoked", operator),
            ("oauth_client.deleted", key),
        ];
        let expected = expected.map(|(kind, actor)| (kind.to_owned(), actor));
        assert_eq!(actors(&system, &tenant, expected.len()).await, expected);
        let told = system.tenantry(&["events", "tail", &tenant.name, "--from", "0", "--json"]).expect(0).stdout;
        assert!(!told.contains(admin.secret()), "no event has a key");
    }
}

/// The types and actors of the tenant's events, once there are so many.
async fn actors(system: &System, tenant: &Tenant, count: usize) -> Vec<(String, Value)> {
    let events = until("the events", async || {
        let events = system.all_events(tenant, 0);
        (events.len() >= count).then_some(events)
    })
    .await;
    let told = |event: &Value| (event["type"].as_str().expect("a type").to_owned(), event["data"]["actor"].clone());
    events.iter().map(told).collect()
}
