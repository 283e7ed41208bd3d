//! Giving all users of a tenant other names, over HTTP.

use serde_json::json;

use super::Admin;
use crate::support::{until, user};

on_both! {
    /// Plan, begin, watch: every answer is as the document says.
    async fn p06_a_conversion_is_planned_begun_and_watched_over_http(system) {
        let (tenant, admin) = (system.tenant("converted"), Admin::operator(&system).await);
        let path = format!("/tenants/{}/user-conversion", tenant.name);
        for name in ["ada", "bob"] {
            let mut user = user(name);
            user["emails"] = json!([{ "type": "work", "value": format!("{name}@acme.example") }]);
            tenant.client().post("/Users", &user).await.expect(201);
        }
        let mut nobody = user("nobody");
        nobody.as_object_mut().expect("an object").remove("emails");
        tenant.client().post("/Users", &nobody).await.expect(201);
        assert_eq!(admin.get(&path).await.status, 404);
        let plan = admin.post(&format!("{path}/plan"), &json!({ "to": "email" })).await.expect(200);
        assert_eq!((&plan.body["to_convert"], &plan.body["conflicting_users"][0]["reason"]), (&json!(2), &json!("no-email")));
        assert_eq!(admin.post(&path, &json!({ "to": "email" })).await.status, 409);
        assert_eq!(admin.post(&path, &json!({ "to": "nonsense" })).await.status, 400);
        admin.post(&path, &json!({ "to": "email", "skip_conflicts": true })).await.expect(200);
        until("it to be done", async || (admin.get(&path).await.expect(200).body["state"] == "done").then_some(())).await;
        assert_eq!(tenant.client().find("Users", "userName eq \"bob@acme.example\"").await.expect(200).total(), 1);
        for errand in ["pause", "resume", "cancel"] {
            assert_eq!(admin.post(&format!("{path}/{errand}"), &json!({})).await.status, 404);
        }
    }
}
