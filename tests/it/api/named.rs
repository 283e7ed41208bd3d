//! Completing, cancelling and revoking under the name of a call: whoever gets no answer asks again, perhaps when much has happened.

use serde_json::json;

use super::Admin;
use crate::support::{Answer, Tenant};

async fn status(tenant: &Tenant) -> u16 {
    tenant.client().get("/Users?count=0").await.status
}

fn holding(tenant: &Tenant, issued: &Answer) -> Tenant {
    let token = issued.body["token"].as_str().unwrap_or_else(|| panic!("no token in {}", issued.text)).to_owned();
    Tenant { token, ..tenant.clone() }
}

async fn stage(admin: &Admin, tenant: &Tenant, call: &str) -> (Tenant, Answer) {
    let issued = admin.issue(&tenant.name, call, &json!({ "mode": "staged" })).await.expect(201);
    (holding(tenant, &issued), issued)
}

on_both! {
    /// The call of before is answered as it was, over HTTP and on the command line, and the newer rotation goes on.
    async fn a_completion_that_is_asked_for_again_touches_no_newer_rotation(system) {
        let (old, admin) = (system.tenant("complete"), Admin::operator(&system).await);
        let (first, _) = stage(&admin, &old, "first").await;
        let completed = admin.named(&old.name, "complete", "first-done", &json!({})).await.expect(200);
        assert_eq!((status(&old).await, status(&first).await), (401, 200));
        let (second, _) = stage(&admin, &old, "second").await;
        let again = admin.named(&old.name, "complete", "\"first-done\"", &json!({})).await.expect(200);
        assert_eq!(again.body, completed.body);
        let command = ["token", "complete", &old.name, "--request-id", "first-done", "--json"];
        assert_eq!(system.tenantry(&command).expect(0).json(), completed.body);
        assert_eq!((status(&first).await, status(&second).await), (200, 200), "both are valid until it is completed");
        for what in ["cancel", "revoke"] {
            admin.named(&old.name, what, "first-done", &json!({})).await.expect(409);
        }
        admin.named(&old.name, "complete", "second", &json!({})).await.expect(409);
        admin.issue(&old.name, "first-done", &json!({})).await.expect(409);
        assert_eq!((status(&first).await, status(&second).await), (200, 200), "what is refused has done nothing");
    }

    async fn a_cancellation_that_is_asked_for_again_touches_no_newer_rotation(system) {
        let (old, admin) = (system.tenant("cancel"), Admin::operator(&system).await);
        let (first, _) = stage(&admin, &old, "first").await;
        let command = ["token", "cancel", &old.name, "--request-id", "away", "--json"];
        let cancelled = system.tenantry(&command).expect(0).json();
        let (second, _) = stage(&admin, &old, "second").await;
        assert_eq!(admin.named(&old.name, "cancel", "away", &json!({})).await.expect(200).body, cancelled);
        assert_eq!(system.tenantry(&command).expect(0).json(), cancelled);
        assert_eq!((status(&old).await, status(&first).await, status(&second).await), (200, 401, 200));
    }

    async fn a_revocation_that_is_asked_for_again_ends_no_newer_token(system) {
        let (old, admin) = (system.tenant("revoke"), Admin::operator(&system).await);
        stage(&admin, &old, "first").await;
        let revoked = admin.named(&old.name, "revoke", "leak", &json!({})).await.expect(200);
        assert_eq!(revoked.body["token_ids"].as_array().map(Vec::len), Some(2));
        let newer = holding(&old, &admin.issue(&old.name, "after", &json!({})).await.expect(201));
        assert_eq!(admin.named(&old.name, "revoke", "leak", &json!({})).await.expect(200).body, revoked.body);
        let command = ["token", "revoke", &old.name, "--request-id", "leak", "--json"];
        assert_eq!(system.tenantry(&command).expect(0).json(), revoked.body);
        assert_eq!((status(&old).await, status(&newer).await), (401, 200));
    }

    /// Without a name, the id of the token keeps a call from being about another one.
    async fn an_id_keeps_a_call_that_is_asked_for_again_from_another_token(system) {
        let (old, admin) = (system.tenant("by-id"), Admin::operator(&system).await);
        let (first, issued) = stage(&admin, &old, "first").await;
        let id = issued.body["token_id"].as_str().expect("an id");
        system.tenantry(&["token", "complete", &old.name, id]).expect(0);
        let (second, _) = stage(&admin, &old, "second").await;
        let path = format!("/tenants/{}/tokens/complete", old.name);
        admin.post(&path, &json!({ "token_id": id })).await.expect(409);
        system.tenantry(&["token", "complete", &old.name, id]).expect(4);
        assert_eq!((status(&first).await, status(&second).await), (200, 200));
    }

    async fn a_wrong_name_is_refused_and_does_nothing(system) {
        let (old, admin) = (system.tenant("wrong"), Admin::operator(&system).await);
        let (new, _) = stage(&admin, &old, "first").await;
        for what in ["complete", "cancel", "revoke"] {
            for call in ["", "a b", &"x".repeat(101)] {
                admin.named(&old.name, what, call, &json!({})).await.expect(400);
            }
        }
        assert_eq!((status(&old).await, status(&new).await), (200, 200));
    }
}
