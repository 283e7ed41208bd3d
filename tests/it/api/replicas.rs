//! Several servers, one truth.

use serde_json::json;

use super::Admin;
use crate::support::{Replicas, Tenant};

/// A rotation through one server ends the old token on the other, and a key that is revoked through one is refused by the
/// other, both when the answer is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_server_has_answered_holds_on_the_other() {
    let replicas = Replicas::start(2, 2000).await;
    let old = replicas.of(0).tenant("shared");
    let here = Admin::operator(replicas.of(0)).await;
    let there = here.at(replicas.of(1));
    for number in 0..10 {
        let admin = if number % 2 == 0 { &here } else { &there };
        let (call, body) = (number.to_string(), json!({}));
        let before = old_of(&here, &old).await;
        let issued = admin.issue(&old.name, &call, &body).await.expect(201);
        let again = if number % 2 == 0 { &there } else { &here };
        let repeated = again.issue(&old.name, &call, &body).await.expect(201);
        assert_eq!(issued.body["token"], repeated.body["token"], "the same call, whoever answers it");
        let new = Tenant { token: issued.body["token"].as_str().expect("a token").to_owned(), ..old.clone() };
        for server in 0..2 {
            replicas.client(server, &old).get("/Users?count=0").await.expect(401);
            replicas.client(server, &new).get("/Users?count=0").await.expect(200);
        }
        assert_eq!(old_of(&there, &old).await, before + 1, "one token was issued");
    }
    replicas.of(0).tenantry(&["api-key", "revoke", &here.id]).expect(0);
    there.get("/me").await.expect(401);
    here.get("/me").await.expect(401);
}

async fn old_of(admin: &Admin, tenant: &Tenant) -> usize {
    let listed = admin.get(&format!("/tenants/{}/tokens", tenant.name)).await.expect(200);
    listed.body["tokens"].as_array().expect("tokens").len()
}
