//! The limits of network addresses over HTTP.

use serde_json::{Value, json};

use super::Admin;
use crate::support::System;

on_both! {
    /// What is set is in force when it is answered, and is what the command line shows.
    async fn limits_are_read_and_changed_over_http(database: Database) {
        let system = System::start_with(database, &[]).await;
        let (tenant, admin) = (system.tenant("limited"), Admin::operator(&system).await);
        let before = admin.get("/limits").await.expect(200).body;
        assert_eq!((&before["limits"], &before["set"]), (&before["settings"], &json!([])));
        let wanted = json!({ "limits": { "address_requests_per_second": 1, "address_requests_burst": 3 } });
        let changed = admin.patch("/limits", &wanted).await.expect(200).body;
        assert_eq!(changed["limits"]["address_requests_burst"], 3);
        assert_eq!(changed["set"], json!(["address_requests_per_second", "address_requests_burst"]));
        let mut statuses = Vec::new();
        for _ in 0..10 {
            statuses.push(tenant.client().get("/Users?count=0").await.status);
        }
        assert!(statuses.starts_with(&[200; 3]) && statuses.contains(&429), "{statuses:?}");
        let shown: Value = system.tenantry(&["limits", "show", "--json"]).expect(0).json();
        assert_eq!(shown, changed);
        assert_eq!(admin.get("/limits").await.expect(200).body, changed, "administration is not limited by it");

        let nothing = admin.patch("/limits", &json!({})).await.expect(200).body;
        assert_eq!(nothing, changed);
        let back = json!({ "limits": { "address_requests_per_second": null, "address_requests_burst": null } });
        assert_eq!(admin.patch("/limits", &back).await.expect(200).body, before);
        for _ in 0..10 {
            tenant.client().get("/Users?count=0").await.expect(200);
        }
    }

    /// All or none, and what is wrong by name.
    async fn a_wrong_limit_is_refused_over_http_and_changes_nothing(database: Database) {
        let system = System::start_with(database, &[]).await;
        let admin = Admin::operator(&system).await;
        let before = admin.get("/limits").await.expect(200).body;
        for (body, named) in [
            (json!({ "limits": { "address_burst": 5, "colour": 1 } }), "colour"),
            (json!({ "limits": { "address_burst": 5, "address_per_second": 0 } }), "limit address_per_second is a whole number from 1 to"),
            (json!({ "limits": { "address_burst": "5" } }), "limit address_burst"),
            (json!({ "limits": { "address_burst": [] } }), "limit address_burst"),
            (json!({ "limits": [] }), "limits"),
            (json!({ "address_burst": 5 }), "address_burst"),
        ] {
            let refused = admin.patch("/limits", &body).await.expect(400);
            assert!(refused.body["detail"].as_str().expect("a sentence").contains(named), "{}", refused.text);
        }
        assert_eq!(admin.get("/limits").await.expect(200).body, before);
        let allowed = admin.post("/limits", &json!({})).await.expect(405);
        assert_eq!(allowed.header("allow"), Some("GET, PATCH"));
    }
}
