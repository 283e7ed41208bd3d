//! Requests that take their time: what was true when they came may not be true any more when they are done.

use serde_json::json;
use tokio::task::JoinSet;

use super::Admin;
use crate::support::{Database, System, Wire, database, until};

/// So many requests of one key are under way at most.
const SHARE: usize = 16;

/// As many as one key may have, each with half a body, when the server has let all of them in.
async fn stall(system: &System, admin: &Admin, tenant: &str) -> Vec<Wire> {
    let mut stalled = Vec::new();
    for _ in 0..SHARE {
        let mut wire = Wire::connect(system.server().admin_port()).await;
        let key = &admin.key;
        wire.send(format!(
            "POST /api/v1/tenants/{tenant}/tokens HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{"
        ))
        .await;
        stalled.push(wire);
    }
    until_full(admin).await;
    stalled
}

async fn until_full(admin: &Admin) {
    until("all requests to be let in", async || (admin.get("/me").await.status == 503).then_some(())).await;
}

/// Sends what is missing, and what came of it.
async fn finish(stalled: Vec<Wire>) -> Vec<u16> {
    let mut statuses = Vec::new();
    for mut wire in stalled {
        wire.send("}").await;
        statuses.push(wire.any_answer().await.status);
    }
    statuses
}

fn count_tokens(system: &System, tenant: &str) -> Option<usize> {
    let listed = system.tenantry(&["token", "list", tenant, "--json"]).expect(0).json();
    listed["tokens"].as_array().map(Vec::len)
}

on_both! {
    /// Head and half a body with a key, then the key is revoked: nothing comes of the rest.
    async fn a_key_that_is_revoked_while_a_body_arrives_issues_nothing(system) {
        let tenant = system.tenant("late");
        let admin = Admin::with(&system, &["--tenant", &tenant.name]).await;
        let stalled = stall(&system, &admin, &tenant.name).await;
        system.tenantry(&["api-key", "revoke", &admin.id]).expect(0);
        assert_eq!(finish(stalled).await, [401; SHARE]);
        assert_eq!(count_tokens(&system, &tenant.name), Some(1));
        tenant.client().get("/Users").await.expect(200);
    }

    /// A request for a tenant that was deleted meanwhile is none for the one that has its name now.
    async fn a_new_tenant_of_the_same_name_is_another_one(system) {
        let tenant = system.tenant("again");
        let (slow, quick) = (Admin::operator(&system).await, Admin::operator(&system).await);
        let stalled = stall(&system, &slow, &tenant.name).await;
        quick.delete(&format!("/tenants/{0}?confirm={0}", tenant.name)).await.expect(200);
        quick.post("/tenants", &json!({ "name": tenant.name })).await.expect(201);
        assert_eq!(finish(stalled).await, [404; SHARE]);
        assert_eq!(count_tokens(&system, &tenant.name), Some(0));
    }

    /// Bodies that do not come take the places of their own key.
    async fn stalled_bodies_are_in_nobody_elses_way(system) {
        let tenant = system.tenant("stalled");
        let (slow, quick) = (Admin::operator(&system).await, Admin::operator(&system).await);
        let mut stalled = stall(&system, &slow, &tenant.name).await;
        quick.issue(&tenant.name, "quick", &json!({})).await.expect(201);
        drop(stalled.pop());
        until("a place to be free again", async || (slow.get("/me").await.status == 200).then_some(())).await;
        assert_eq!(finish(stalled).await, [201; SHARE - 1]);
    }
}

/// Requests that were let in wait for their turn in the database; the key is revoked before that comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_revoked_while_a_change_waits_issues_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = Database::Postgres.create(folder.path()).await;
    let system = System::start_on(&url, &[]).await;
    let tenant = system.tenant("queue");
    let admin = Admin::with(&system, &["--tenant", &tenant.name]).await;
    let held = database::hold_changes(&url).await;
    let mut waiting = JoinSet::new();
    for _ in 0..SHARE {
        let (admin, name) = (admin.clone(), tenant.name.clone());
        waiting.spawn(async move { admin.post(&format!("/tenants/{name}/tokens"), &json!({})).await.status });
    }
    until_full(&admin).await;
    system.tenantry(&["api-key", "revoke", &admin.id]).expect(0);
    held.rollback().await.expect("to let go");
    assert_eq!(waiting.join_all().await, [401; SHARE]);
    assert_eq!(count_tokens(&system, &tenant.name), Some(1));
}
