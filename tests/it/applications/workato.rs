//! Workato.

use serde_json::{Value, json};

use super::{at_path, told_last, user_with};
use crate::support::{System, Tenant, patch, patch_one, urn};

const ROLE: &str = "urn:ietf:params:scim:schemas:workato:1.0:WorkatoRole";

fn tenant(system: &System, options: &Value) -> Tenant {
    super::tenant_of(system, "workato", &["entitlement", "saml-sso"], options)
}

fn sent(roles: &Value) -> Value {
    user_with("ada@acme.example", &json!({ "schemas": [urn::USER, ROLE], ROLE: roles }))
}

on_both! {
    async fn k01_the_token_alone_tells_the_workspace(system) {
        let (one, other) = (tenant(&system, &json!({})), tenant(&system, &json!({})));
        let shared = |tenant: &Tenant| tenant.client().at(at_path(tenant, "/scim/v2"));
        shared(&one).post("/Users", &sent(&json!({}))).await.expect(201);
        assert_eq!(shared(&one).get("/Users").await.expect(200).total(), 1);
        assert_eq!(shared(&other).get("/Users").await.expect(200).total(), 0);
    }

    async fn k02_what_is_missing_is_told(system) {
        let tenant = super::tenant_of(&system, "workato", &[], &json!({}));
        let detail = tenant.client().get("/Users").await.expect(403).body["detail"].as_str().expect("a text").to_owned();
        assert!(detail.contains("Data Monitoring/Advanced Security & Compliance"), "{detail}");
        system.set(&tenant, &json!({ "prerequisites_met": ["entitlement"] }));
        let detail = tenant.client().get("/Users").await.expect(403).body["detail"].as_str().expect("a text").to_owned();
        assert!(detail.contains("SAML single sign-on"), "{detail}");
        system.set(&tenant, &json!({ "prerequisites_met": ["entitlement", "saml-sso"] }));
        tenant.client().get("/Users").await.expect(200);
        // Nobody else learns of it.
        tenant.client().with_token("wrong").get("/Users").await.expect(401);
    }

    async fn k03_the_extension_is_announced(system) {
        let tenant = tenant(&system, &json!({}));
        let schema = tenant.client().get(&format!("/Schemas/{ROLE}")).await.expect(200);
        let names: Vec<_> = schema.body["attributes"].as_array().expect("a list").iter().map(|attribute| attribute["name"].clone()).collect();
        assert_eq!(names, ["workato_role", "workato_role_test", "workato_role_prod"]);
        let user = tenant.client().get("/ResourceTypes/User").await.expect(200);
        assert!(user.body["schemaExtensions"].as_array().expect("a list").iter().any(|extension| extension["schema"] == ROLE));
    }

    async fn k04_roles_are_of_environments_where_the_workspace_has_them(system) {
        let tenant = tenant(&system, &json!({}));
        let at = format!("/Users/{}", tenant.client().post("/Users", &sent(&json!({ "workato_role": "Admin" }))).await.expect(201).id());
        assert_eq!(told_last(&system, &tenant)["roles"], json!([{ "value": "Admin", "primary": true }]));
        system.set(&tenant, &json!({ "profile_options": { "environments": true } }));
        let prod = patch(&[json!({ "op": "Add", "path": format!("{ROLE}:workato_role_prod"), "value": "Operator" })]);
        tenant.client().patch(&at, &prod).await.expect(200);
        assert_eq!(told_last(&system, &tenant)["application"], json!({ "roles": { "dev": "Admin", "prod": "Operator" } }));
    }

    async fn k05_no_access_is_no_role_and_an_unknown_role_is_an_error(system) {
        let tenant = tenant(&system, &json!({ "environments": true }));
        let refused = tenant.client().post("/Users", &sent(&json!({ "workato_role_test": "Auditor" }))).await.refused(400, Some("invalidValue"));
        assert!(refused.body["detail"].as_str().expect("a text").starts_with("the role in TEST \"Auditor\" does not exist"), "{}", refused.body);
        tenant.client().post("/Users", &sent(&json!({ "workato_role": "NoAccess", "workato_role_test": "Analyst" }))).await.expect(201);
        assert_eq!(told_last(&system, &tenant)["application"], json!({ "roles": { "test": "Analyst" } }));
    }

    async fn k06_k08_users_are_created_updated_and_deleted_and_roles_change_by_patch(system) {
        let tenant = tenant(&system, &json!({ "custom_roles": ["Auditor"] }));
        let client = tenant.client();
        let at = format!("/Users/{}", client.post("/Users", &sent(&json!({ "workato_role": "Analyst" }))).await.expect(201).id());
        client.patch(&at, &patch_one("Replace", &format!("{ROLE}:workato_role"), json!("auditor"))).await.expect(200);
        let event = system.events(&tenant, 0).pop().expect("an event");
        assert_eq!(event["data"]["user"]["roles"][0]["value"], "Auditor");
        let changed = event["data"]["changed"].as_array().expect("a list");
        let roles = changed.iter().find(|change| change["path"] == "roles").expect("the role that the application knows");
        assert_eq!((&roles["old"][0]["value"], &roles["new"][0]["value"]), (&json!("Analyst"), &json!("Auditor")));
        client.delete(&at).await.expect(204);
    }

    async fn k09_a_soft_deleted_user_comes_back_as_the_same_account(system) {
        let tenant = tenant(&system, &json!({}));
        let client = tenant.client();
        let id = client.post("/Users", &sent(&json!({ "workato_role": "Analyst" }))).await.expect(201).id();
        let at = format!("/Users/{id}");
        client.patch(&at, &patch_one("Replace", "active", json!("False"))).await.expect(200);
        let told = told_last(&system, &tenant);
        assert_eq!((&told["id"], &told["active"]), (&json!(id), &json!(false)));
        assert_eq!(told["roles"][0]["value"], "Analyst", "the data is kept");
        client.patch(&at, &patch_one("Replace", "active", json!("True"))).await.expect(200);
        let told = told_last(&system, &tenant);
        assert_eq!((&told["id"], &told["active"]), (&json!(id), &json!(true)));
    }

    async fn k10_provisioning_ends_with_a_new_token_or_a_switch(system) {
        let old = tenant(&system, &json!({}));
        let new = system.issue(&old);
        old.client().get("/Users").await.expect(401);
        new.client().get("/Users").await.expect(200);
        system.tenantry(&["tenant", "disable", &new.name]).expect(0);
        new.client().get("/Users").await.expect(403);
        system.tenantry(&["tenant", "enable", &new.name]).expect(0);
        new.client().get("/Users").await.expect(200);
    }
}
