//! Bodies, headers and paths that are not right.

use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::task::JoinSet;

use super::Admin;
use crate::support::{Client, Database, Program, Request, System, database, until};

on_both! {
    async fn what_is_wrong_with_a_body_is_named(system) {
        let (admin, tenant) = (Admin::operator(&system).await, system.tenant("bodies"));
        let path = format!("/tenants/{}/tokens", tenant.name);
        let json = |body: &str| Request::new("POST", path.as_str()).body(body).header("content-type", "application/json");
        for (body, named) in [
            ("{\"mod\":\"strict\"}", "unknown field `mod`"),
            ("{\"mode\":\"fast\"}", "`fast`"),
            ("{\"days\":\"many\"}", "the body is refused at days: "),
            ("{\"days\":0}", "1 to"),
            ("{\"networks\":[\"x\"]}", "\\\"x\\\""),
            ("{\"scopes\":[\"everything\"]}", "everything"),
            ("{\"overlap_seconds\":5}", "overlap"),
            ("{\"mode\":\"overlap\"}", "overlap"),
            ("{", "EOF"),
            ("[]x", "the body is refused"),
        ] {
            let refused = admin.ask(json(body)).await.expect(400);
            assert!(refused.text.contains(named), "{body} → {}", refused.text);
        }
        admin.ask(json(&format!("{{\"mode\":\"{}\"}}", "x".repeat(70_000)))).await.expect(413);
        for form in ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"] {
            admin.ask(Request::new("POST", path.as_str()).body("{}").header("content-type", form)).await.expect(415);
        }
        for key in ["", " ", &"x".repeat(101), "two words"] {
            admin.ask(json("{}").header("idempotency-key", key)).await.expect(400);
        }
        admin.ask(json("{}").header("idempotency-key", "a").header("idempotency-key", "b")).await.expect(400);
        let named = Request::new("POST", "/tenants").body("{\"name\":\"x\"}").header("content-type", "application/json");
        admin.ask(named.header("idempotency-key", "a")).await.expect(400);
        let listed = admin.get(&path).await.expect(200);
        assert_eq!(listed.body["tokens"].as_array().map(Vec::len), Some(1), "nothing was issued");
    }

    /// Who asks comes first, then which tenant and what role, then the body.
    async fn the_order_of_refusals(database: Database) {
        let system = System::start(database).await;
        let (tenant, foreign) = (system.tenant("order"), system.tenant("foreign"));
        let own = Admin::with(&system, &["--tenant", &tenant.name, "--role", "auditor"]).await;
        let wrong = |name: &str| {
            let request = Request::new("POST", format!("/tenants/{name}/tokens")).body("{".repeat(70_000));
            request.header("content-type", "text/plain")
        };
        let nobody = Admin::holding(&system, "nonsense", "").await;
        nobody.ask(wrong(&tenant.name)).await.expect(401);
        own.ask(wrong(&foreign.name)).await.expect(404);
        own.ask(wrong(&tenant.name)).await.expect(403);
    }

    async fn paths_and_methods_that_there_are_not(system) {
        let (admin, tenant) = (Admin::operator(&system).await, system.tenant("paths"));
        for path in ["/", "", "/tenants/", "/nothing", &format!("/tenants/{}/nothing", tenant.name), "/tenants/a/b/c/d"] {
            admin.get(path).await.expect(404);
        }
        for (method, path, allowed) in [
            ("PUT", "/tenants".to_owned(), "GET, POST"),
            ("PUT", format!("/tenants/{}", tenant.name), "GET, PATCH, DELETE"),
            ("GET", format!("/tenants/{}/tokens/revoke", tenant.name), "POST"),
            ("OPTIONS", "/me".to_owned(), "GET"),
            ("TRACE", "/me".to_owned(), "GET"),
        ] {
            let refused = admin.ask(Request::new(method, path)).await.expect(405);
            assert_eq!(refused.header("allow"), Some(allowed), "{}", refused.request);
        }
        let outside = admin.base().trim_end_matches("/api/v1").to_owned();
        admin.get(&format!("{outside}/scim/v2/Users")).await.expect(404);
        // A name that is written with percent signs is a name, and no path.
        admin.get("/tenants/..%2F..%2Fme").await.expect(404);
    }
}

/// Without an address there is no API, and everything else is as ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_can_be_left_out() {
    let system = System::start_unlimited_with(Database::Sqlite, &[("TENANTRY_ADMIN__LISTEN", "")]).await;
    assert_eq!(Client::new(system.server().admin()).try_get("/openapi.json").await, None);
    system.tenant("alone").client().get("/Users").await.expect(200);
    let port = crate::support::free_port().to_string();
    let same = Program::new(&["config", "check"])
        .setting("TENANTRY_ADMIN__LISTEN", format!("127.0.0.1:{port}"))
        .setting("TENANTRY_SERVER__LISTEN", format!("127.0.0.1:{port}"))
        .run()
        .expect(1);
    assert!(same.stderr.contains("setting admin.listen must differ"), "{}", same.stderr);
}

/// So many at once of one key and no more; those that wait are answered in the end, and others are not in their way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_at_once_are_told_to_come_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = Database::Postgres.create(folder.path()).await;
    let system = System::start_on(&url, &[]).await;
    let (tenant, operator) = (system.tenant("crowd"), Admin::operator(&system).await);
    let mut admins = Vec::new();
    for _ in 0..4 {
        admins.push(Admin::with(&system, &["--tenant", &tenant.name]).await);
    }
    let path = format!("/tenants/{}/tokens/complete", tenant.name);
    let held = database::hold_up(&url).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let mut crowd = JoinSet::new();
    for admin in admins.iter().cycle().take(80) {
        let (admin, path, told) = (admin.clone(), path.clone(), Arc::clone(&told));
        crowd.spawn(async move {
            let status = admin.post(&path, &json!({})).await.status;
            told.lock().expect("the statuses").push(status);
        });
    }
    let told = || told.lock().expect("the statuses").clone();
    // Of each key 16 are under way, and of all together 48: the others are told to come back.
    until("those that are too many", async || (told().len() == 32).then_some(())).await;
    assert_eq!(told(), [503; 32]);
    operator.get("/tenants").await.expect(200);
    operator.get(&format!("/tenants/{}/tokens", tenant.name)).await.expect(200);
    held.rollback().await.expect("to let go");
    while let Some(ended) = crowd.join_next().await {
        ended.expect("an answer");
    }
    assert_eq!(told()[32..], [404; 48], "nothing is under way that could be completed");
}
