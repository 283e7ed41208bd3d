//! To whom changes are attributed, over HTTP.

use serde_json::{Value, json};

use super::Admin;
use crate::support::user;

on_both! {
    async fn p02_the_administrator_is_named_over_http(system) {
        let (tenant, admin) = (system.tenant("p02"), Admin::operator(&system).await);
        let path = format!("/tenants/{}", tenant.name);
        let named = json!({ "profile": "account-scim", "administrator": { "name": "Uma", "role": "Administrator" } });
        admin.patch(&path, &json!({ "settings": named })).await.expect(200);
        let mut uma = user("uma@acme.example");
        uma["roles"] = json!([{ "value": "Administrator", "primary": true }]);
        let uma = tenant.client().post("/Users", &uma).await.expect(201).id();
        let changed = json!({ "settings": { "administrator": { "user": uma } } });
        let shown = admin.patch(&path, &changed).await.expect(200).body;
        assert_eq!(shown["settings"]["administrator"], json!({ "name": "uma@acme.example", "user": uma }));
        assert_eq!(admin.get(&path).await.expect(200).body["administrator_problem"], Value::Null);
        let wrong = json!({ "settings": { "administrator": { "name": "Uma", "role": "Viewer" } } });
        admin.send("PATCH", &path, &wrong).await.expect(400);
    }

    /// It is part of what a customer sets up: judged as if an operator named the user.
    async fn p02_a_tenant_admin_names_the_administrator(system) {
        let (tenant, operator) = (system.tenant("p02"), Admin::operator(&system).await);
        let path = format!("/tenants/{}", tenant.name);
        operator.patch(&path, &json!({ "settings": { "profile": "account-scim" } })).await.expect(200);
        let own = Admin::with(&system, &["--tenant", &tenant.name, "--role", "tenant-admin"]).await;
        let named = |administrator: Value| json!({ "settings": { "administrator": administrator } });
        own.send("PATCH", &path, &named(json!({ "name": "Uma", "role": "Viewer" }))).await.expect(400);
        let uma = json!({ "name": "Uma", "role": "User Manager" });
        assert_eq!(own.patch(&path, &named(uma.clone())).await.expect(200).body["settings"]["administrator"], uma);
        let mut bob = user("bob@acme.example");
        bob["roles"] = json!([{ "value": "Viewer", "primary": true }]);
        tenant.client().post("/Users", &bob).await.expect(201);
        own.send("PATCH", &path, &named(json!({ "user": "bob@acme.example" }))).await.expect(400);
        own.send("PATCH", &path, &json!({ "settings": { "profile": null } })).await.expect(403);
    }
}
