//! The story of each guide, as its client tells it: from an empty tenant to the last user's end.

use serde_json::{Value, json};

use super::{at_path, tenant_of, told_last, user_with};
use crate::support::{Client, System, Tenant, added_member, group, patch, patch_one, urn};

const WATS: &str = "urn:ietf:params:scim:schemas:extension:wats:2.0:User";
const ROLE: &str = "urn:ietf:params:scim:schemas:workato:1.0:WorkatoRole";

/// Entra's *Test Connection*: somebody whom there is not.
async fn test_connection(client: &Client) {
    let found = client.find("Users", "userName eq \"4b1d-test-connection\"").await.expect(200);
    assert_eq!(found.total(), 0);
    assert_eq!(found.body["Resources"], json!([]));
}

/// Entra looks for a user and makes one whom it does not find; the id.
async fn entra_provisions(client: &Client, filter: &str, user: &Value) -> String {
    let found = client.find("Users", filter).await.expect(200);
    assert_eq!(found.total(), 0, "{filter}");
    let id = client.post("/Users", user).await.expect(201).id();
    assert_eq!(client.find("Users", filter).await.expect(200).ids(), std::slice::from_ref(&id));
    id
}

/// Entra takes a user out of scope, and later deletes it for good; the types of the events.
async fn entra_deprovisions(client: &Client, id: &str) {
    let at = format!("/Users/{id}");
    client.patch(&at, &patch(&[json!({ "op": "Replace", "path": "active", "value": "False" })])).await.expect(200);
    let off = client.get(&at).await.expect(200);
    assert_eq!(off.body["active"], json!(false));
    client.delete(&at).await.expect(204);
    client.get(&at).await.expect(404);
}

fn types(system: &System, tenant: &Tenant) -> Vec<String> {
    system.events(tenant, 0).iter().map(|event| event["type"].as_str().expect("a text").to_owned()).collect()
}

fn entra(tenant: &Tenant, path: &str) -> Client {
    tenant.client().at(at_path(tenant, path)).with("user-agent", "Microsoft Azure AD Provisioning")
}

on_both! {
    async fn w_the_guide_of_wats_as_entra_follows_it(system) {
        let tenant = tenant_of(&system, "wats", &["sso"], &json!({}));
        let client = entra(&tenant, &format!("/t/{}/api/SCIM/v2", tenant.name));
        test_connection(&client).await;
        let sent = user_with("ada@acme.example", &json!({
            "schemas": [urn::USER, urn::ENTERPRISE], "active": "true",
            "emails": [{ "value": "ada@acme.example", "type": "work", "primary": true }],
            "name": { "givenName": "Ada", "familyName": "Lovelace" },
            "roles": [{ "value": "Manager", "primary": "True" }] }));
        let id = entra_provisions(&client, "userName eq \"ada@acme.example\"", &sent).await;
        assert_eq!(told_last(&system, &tenant)["roles"][0]["value"], "Manager");
        let moves = patch(&[
            json!({ "op": "Replace", "path": "name.familyName", "value": "King" }),
            json!({ "op": "Replace", "path": "roles[primary eq \"True\"].value", "value": "WATS Administrator" }),
        ]);
        client.patch(&format!("/Users/{id}"), &moves).await.expect(200);
        let told = told_last(&system, &tenant);
        assert_eq!((&told["name"]["familyName"], &told["roles"][0]["value"]), (&json!("King"), &json!("Administrator")));
        let rotated = system.issue(&tenant);
        client.get("/Users").await.expect(401);
        entra_deprovisions(&client.with_token(&rotated.token), &id).await;
        assert_eq!(types(&system, &tenant), ["user.created", "user.updated", "user.deactivated", "user.deleted"]);
    }

    async fn w_the_guide_of_wats_as_okta_follows_it(system) {
        let options = json!({ "levels": ["Final", "Debug"], "product_groups": ["Radios"] });
        let tenant = tenant_of(&system, "wats", &["sso"], &options);
        let client = entra(&tenant, &format!("/t/{}/api/SCIM/v2", tenant.name)).with("user-agent", "Okta SCIM Client 1.0.0");
        client.get("/Users?startIndex=1&count=2").await.expect(200);
        let own = |role: &str, levels: &Value| json!({ "schemas": [urn::USER, WATS],
            "emails": [{ "value": "ada@acme.example", "type": "work", "primary": true }], "password": "aVeryLong1!",
            WATS: { "roles": [role], "levels": levels, "productGroups": ["Radios"], "PasswordSignInEnabled": true } });
        let id = entra_provisions(&client, "userName eq \"ada@acme.example\"", &user_with("ada@acme.example", &own("Operator", &json!(["Final"])))).await;
        let at = format!("/Users/{id}");
        client.put(&at, &user_with("ada@acme.example", &own("Viewer", &json!(["Final", "Debug"])))).await.expect(200);
        let told = told_last(&system, &tenant);
        assert_eq!(told["roles"][0]["value"], "Viewer");
        assert_eq!(told["application"], json!({ "levels": ["Final", "Debug"], "productGroups": ["Radios"], "passwordSignInEnabled": true }));
        for active in [false, true] {
            client.patch(&at, &json!({ "schemas": [urn::PATCH], "Operations": [{ "op": "replace", "value": { "active": active } }] })).await.expect(200);
        }
        assert_eq!(types(&system, &tenant), ["user.created", "user.updated", "user.deactivated", "user.activated"]);
    }

    async fn k_the_guide_of_workato_as_entra_follows_it(system) {
        let tenant = tenant_of(&system, "workato", &[], &json!({ "environments": true }));
        let client = entra(&tenant, "/scim/v2");
        client.find("Users", "userName eq \"x\"").await.expect(403);
        system.set(&tenant, &json!({ "prerequisites_met": ["entitlement", "saml-sso"] }));
        test_connection(&client).await;
        let sent = user_with("ada@acme.example", &json!({ "schemas": [urn::USER, ROLE],
            "emails": [{ "value": "ada@acme.example", "type": "work", "primary": true }],
            ROLE: { "workato_role": "Admin", "workato_role_test": "Analyst", "workato_role_prod": "NoAccess" } }));
        let id = entra_provisions(&client, "userName eq \"ada@acme.example\"", &sent).await;
        assert_eq!(told_last(&system, &tenant)["application"]["roles"], json!({ "dev": "Admin", "test": "Analyst" }));
        let prod = patch(&[json!({ "op": "Replace", "path": format!("{ROLE}:workato_role_prod"), "value": "Operator" })]);
        client.patch(&format!("/Users/{id}"), &prod).await.expect(200);
        assert_eq!(told_last(&system, &tenant)["application"]["roles"]["prod"], "Operator");
        entra_deprovisions(&client, &id).await;
        assert_eq!(types(&system, &tenant), ["user.created", "user.invited", "user.updated", "user.deactivated", "user.deleted"]);
    }

    async fn t_the_guide_of_workteam_as_okta_follows_it(system) {
        let tenant = tenant_of(&system, "workteam", &["entitlement"], &json!({}));
        let client = tenant.client().with("user-agent", "Okta SCIM Client 1.0.0");
        client.get("/Users?startIndex=1&count=2").await.expect(200);
        client.get("/ServiceProviderConfig").await.expect(200);
        let boss = entra_provisions(&client, "userName eq \"boss@acme.example\"", &user_with("boss@acme.example", &json!({}))).await;
        let sent = |name: &str, manager: &str| user_with(name, &json!({ "schemas": [urn::USER, urn::ENTERPRISE], "password": "aVeryLong1!",
            "title": "Engineer", urn::ENTERPRISE: { "department": "Engines", "manager": { "value": manager } } }));
        let id = entra_provisions(&client, "userName eq \"ada@acme.example\"", &sent("ada@acme.example", &boss)).await;
        let at = format!("/Users/{id}");
        client.put(&at, &sent("ada.king@acme.example", &boss)).await.expect(200);
        let told = told_last(&system, &tenant);
        assert_eq!((&told["userName"], &told["manager"]["id"]), (&json!("ada.king@acme.example"), &json!(boss)));
        client.patch(&at, &patch_one("replace", "active", json!(false))).await.expect(200);
        system.tenantry(&["tenant", "disable", &tenant.name]).expect(0);
        client.get(&at).await.expect(403);
        system.tenantry(&["tenant", "enable", &tenant.name]).expect(0);
        assert_eq!(client.get(&at).await.expect(200).body["active"], json!(false));
    }

    async fn z_the_guide_of_wizer_as_entra_follows_it(system) {
        let tenant = tenant_of(&system, "wizer", &["sso"], &json!({}));
        let client = entra(&tenant, "/api/v1/scim/v2");
        test_connection(&client).await;
        for filter in ["externalId eq \"o-1\"", "emails[type eq \"work\"].value eq \"ada@acme.example\""] {
            assert_eq!(client.find("Users", filter).await.expect(200).total(), 0);
        }
        let sent = user_with("ada@acme.example", &json!({ "schemas": [urn::USER, urn::ENTERPRISE], "externalId": "o-1",
            "displayName": "Ada Lovelace", "name": { "givenName": "Ada", "familyName": "Lovelace" },
            urn::ENTERPRISE: { "department": "Engines" } }));
        let id = entra_provisions(&client, "userName eq \"ada@acme.example\"", &sent).await;
        assert_eq!(told_last(&system, &tenant)["email"], "ada@acme.example");
        assert_eq!(client.find("Groups", "displayName eq \"Looms\"").await.expect(200).total(), 0);
        let looms = client.post("/Groups", &group("Looms", &[])).await.expect(201).id();
        client.patch(&format!("/Groups/{looms}"), &added_member(&id)).await.expect(200);
        let none = patch(&[json!({ "op": "Remove", "path": format!("{}:department", urn::ENTERPRISE) })]);
        client.patch(&format!("/Users/{id}"), &none).await.expect(200);
        assert_eq!(told_last(&system, &tenant)["department"], "Looms");
        entra_deprovisions(&client, &id).await;
        client.delete(&format!("/Groups/{looms}")).await.expect(204);
        let last = types(&system, &tenant).pop();
        assert_eq!(last.as_deref(), Some("group.deleted"));
    }

    async fn p_the_guide_of_the_account_as_entra_follows_it(system) {
        let tenant = tenant_of(&system, "account-scim", &[], &json!({}));
        let client = entra(&tenant, &format!("/{}/scim", tenant.name));
        test_connection(&client).await;
        let sent = user_with("ada@acme.example", &json!({ "emails": [{ "value": "ada@acme.example", "type": "work" }] }));
        let id = entra_provisions(&client, "userName eq \"ada@acme.example\"", &sent).await;
        let team = client.post("/Groups", &group("team", &[])).await.expect(201).id();
        client.patch(&format!("/Groups/{team}"), &added_member(&id)).await.expect(200);
        let rotated = system.issue(&tenant);
        client.get("/Users").await.expect(401);
        entra_deprovisions(&client.with_token(&rotated.token), &id).await;
    }
}
