//! The platform whose accounts have SCIM at `/scim`.

use serde_json::json;

use super::{at_path, told_last, user_with};
use crate::support::{System, Tenant, group, patch_one};

fn tenant(system: &System) -> Tenant {
    super::tenant_of(system, "account-scim", &[], &json!({}))
}

on_both! {
    async fn p01_the_tenant_url_is_that_of_the_account_with_scim(system) {
        let tenant = tenant(&system);
        let host = format!("{}.account.example", tenant.name);
        system.tenantry(&["tenant", "set", &tenant.name, "--add-host", &host]).expect(0);
        let by_path = tenant.client().at(at_path(&tenant, &format!("/{}/scim", tenant.name)));
        let by_host = tenant.client().at(at_path(&tenant, "/scim")).with("host", &host);
        let created = by_path.post("/Users", &user_with("ada@acme.example", &json!({}))).await.expect(201);
        assert!(created.body["meta"]["location"].as_str().expect("a text").contains(&format!("/{}/scim/Users/", tenant.name)));
        assert_eq!(by_host.get("/Users").await.expect(200).total(), 1);
        let foreign = tenant.client().at(at_path(&tenant, "/nobody-at-all/scim"));
        foreign.get("/Users").await.expect(401);
    }

    async fn p03_every_new_secret_voids_the_one_before(system) {
        let old = tenant(&system);
        let new = system.issue(&old);
        old.client().get("/Users").await.expect(401);
        new.client().get("/Users").await.expect(200);
    }

    async fn p04_p07_users_and_groups_are_provisioned_one_by_one_at_any_time(system) {
        let tenant = tenant(&system);
        let ada = tenant.client().post("/Users", &user_with("ada@acme.example", &json!({}))).await.expect(201).id();
        tenant.client().post("/Groups", &group("team", &[&ada])).await.expect(201);
        assert_eq!(system.tenantry(&["user", "list", &tenant.name, "--json"]).expect(0).json()["total"], 1);
        assert_eq!(system.tenantry(&["group", "list", &tenant.name, "--json"]).expect(0).json()["total"], 1);
    }

    async fn p06_the_user_id_is_the_address_or_the_mailbox(system) {
        let tenant = tenant(&system);
        let sent = json!({ "emails": [{ "value": "Ada.L@acme.example", "type": "work" }] });
        let at = format!("/Users/{}", tenant.client().post("/Users", &user_with("ada@login.example", &sent)).await.expect(201).id());
        assert_eq!(told_last(&system, &tenant)["userName"], "Ada.L@acme.example");
        system.set(&tenant, &json!({ "profile_options": { "user_id": "mailbox" } }));
        tenant.client().patch(&at, &patch_one("replace", "title", json!("x"))).await.expect(200);
        assert_eq!(told_last(&system, &tenant)["userName"], "Ada.L");
    }
}
