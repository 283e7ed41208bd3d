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
}
