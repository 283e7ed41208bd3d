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

/// Every way of rotation over HTTP, each step through another of three servers: what it answers holds on all of them at once,
/// and asked again at yet another one it is the same call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_way_of_rotation_over_http_holds_on_three_servers() {
    let replicas = Replicas::start(3, 2000).await;
    let first = Admin::operator(replicas.of(0)).await;
    let admins = [first.clone(), first.at(replicas.of(1)), first.at(replicas.of(2))];
    for (round, (wishes, step)) in [
        (json!({ "mode": "strict" }), None),
        (json!({ "mode": "overlap", "overlap_seconds": 3600 }), Some("complete")),
        (json!({ "mode": "staged" }), Some("complete")),
        (json!({ "mode": "staged" }), Some("cancel")),
        (json!({ "mode": "first-use" }), Some("complete")),
        (json!({ "mode": "first-use" }), Some("cancel")),
        (json!({ "mode": "staged" }), Some("revoke")),
    ]
    .into_iter()
    .enumerate()
    {
        let at = |number: usize| &admins[(round + number) % 3];
        let old = replicas.of(round).tenant("ways");
        let issued = at(0).issue(&old.name, "call", &wishes).await.expect(201);
        let new = Tenant { token: issued.body["token"].as_str().expect("a token").to_owned(), ..old.clone() };
        let repeated = at(1).issue(&old.name, "call", &wishes).await.expect(201);
        assert_eq!(issued.body["token"], repeated.body["token"], "the same call, whoever answers it");
        let is_strict = wishes["mode"] == "strict";
        on_all(&replicas, &old, if is_strict { 401 } else { 200 }).await;
        if wishes["mode"] != "first-use" {
            on_all(&replicas, &new, 200).await;
        }
        let Some(step) = step else { continue };
        let path = format!("/tenants/{}/tokens/{step}", old.name);
        let answered = at(2).post(&path, &json!({})).await.expect(200);
        let (of_old, of_new) = match step {
            "complete" => (401, 200),
            "cancel" => (200, 401),
            _ => (401, 401),
        };
        on_all(&replicas, &old, of_old).await;
        on_all(&replicas, &new, of_new).await;
        assert_eq!(at(0).post(&path, &json!({})).await.expect(200).body, answered.body, "{step}, once more");
    }
}

/// The first use of a token through one server ends the old one on all three when it is answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_use_of_a_token_from_http_ends_the_old_one_on_three_servers() {
    let replicas = Replicas::start(3, 2000).await;
    let admin = Admin::operator(replicas.of(0)).await;
    for number in 0..3 {
        let old = replicas.of(0).tenant("first-use");
        let issued =
            admin.at(replicas.of(number)).issue(&old.name, "call", &json!({ "mode": "first-use" })).await.expect(201);
        let new = Tenant { token: issued.body["token"].as_str().expect("a token").to_owned(), ..old.clone() };
        on_all(&replicas, &old, 200).await;
        replicas.client(number + 1, &new).get("/Users?count=0").await.expect(200);
        on_all(&replicas, &old, 401).await;
        on_all(&replicas, &new, 200).await;
    }
}

/// What each of them answers to a token.
async fn on_all(replicas: &Replicas, tenant: &Tenant, expected: u16) {
    for number in 0..replicas.all().len() {
        replicas.client(number, tenant).get("/Users?count=0").await.expect(expected);
    }
}

async fn old_of(admin: &Admin, tenant: &Tenant) -> usize {
    let listed = admin.get(&format!("/tenants/{}/tokens", tenant.name)).await.expect(200);
    listed.body["tokens"].as_array().expect("tokens").len()
}
