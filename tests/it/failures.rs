//! The provisioning log: what an identity provider did not get done, in words of an administrator.

use serde_json::{Value, json};

use crate::support::{Database, Request, System, Tenant, group, patch_one, until, urn, user};

/// The log of a tenant as soon as it has so many failures, the newest first.
async fn failures(system: &System, tenant: &Tenant, count: usize, more: &[&str]) -> Vec<Value> {
    let arguments = [&["failures", "list", &tenant.name, "--limit", "1000", "--json"], more].concat();
    until("the failures in the log", async || {
        let listed = system.tenantry(&arguments).expect(0).json();
        let failures = listed["failures"].as_array().expect("failures").clone();
        (failures.len() >= count).then_some(failures)
    })
    .await
}

fn short(failure: &Value) -> (String, String, u64, String) {
    let text = |name: &str| failure[name].as_str().unwrap_or_default().to_owned();
    let names = ["user_name", "display_name", "external_id", "resource_id"].map(text);
    let name = names.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    (text("operation"), text("resource_type"), failure["status"].as_u64().unwrap_or_default(), name)
}

fn expected(operation: &str, kind: &str, status: u64, name: &str) -> (String, String, u64, String) {
    (operation.to_owned(), kind.to_owned(), status, name.to_owned())
}

on_both! {
    /// Every way in which a user or group fails, with the cause and what to do; what is done is not in it.
    async fn z07_a_failing_user_is_in_the_log_with_the_cause(system) {
        let tenant = system.tenant("failing");
        let client = tenant.client().with("user-agent", "Okta SCIM Client 1.0");
        let ada = client.post("/Users", &user("ada@acme.example")).await.expect(201).id();
        let gone = client.post("/Users", &user("gone@acme.example")).await.expect(201).id();
        client.delete(&format!("/Users/{gone}")).await.expect(204);
        let taken = client.post("/Users", &user("Ada@acme.example")).await.expect(409);
        client.post("/Users", &json!({ "schemas": [urn::USER], "userName": "bob@acme.example", "active": "perhaps" })).await.expect(400);
        client.patch(&format!("/Users/{gone}"), &patch_one("replace", "active", false)).await.expect(404);
        client.patch(&format!("/Users/{ada}"), &patch_one("replace", "nonsense", "x")).await.expect(400);
        client.put(&format!("/Groups/{gone}"), &group("team", &[])).await.expect(404);
        client.get("/Users?filter=nonsense%20eq%20%221%22").await.expect(400);
        client.delete(&format!("/Users/{gone}")).await.expect(404);
        let logged = failures(&system, &tenant, 7, &[]).await;
        let shorts: Vec<_> = logged.iter().rev().map(short).collect();
        assert_eq!(shorts, [
            expected("create", "User", 409, "Ada@acme.example"),
            expected("create", "User", 400, "bob@acme.example"),
            expected("patch", "User", 404, &gone),
            expected("patch", "User", 400, &ada),
            expected("replace", "Group", 404, "team"),
            expected("search", "User", 400, ""),
            expected("delete", "User", 404, &gone),
        ]);
        let first = &logged[6];
        assert_eq!(first["detail"], taken.body["detail"]);
        assert_eq!((first["scim_type"].as_str(), first["client"].as_str()), (Some("uniqueness"), Some("okta")));
        assert_eq!(first["request_id"].as_str(), taken.header("x-request-id"));
        assert!(first["hint"].as_str().is_some_and(|hint| hint.starts_with("Another user has this user name already")), "{first}");
        assert!(logged.iter().all(|failure| failure["hint"].is_string() && failure["time"].is_string()), "{logged:?}");
        let shown = system.tenantry(&["failures", "list", &tenant.name]).expect(0).stdout;
        assert!(shown.contains("create user") && shown.contains("Ada@acme.example") && shown.contains("Another user has"), "{shown}");
    }

    /// One user's failures are found by name in any letter case, also those that name only the id; and by time.
    async fn z07_the_failures_of_one_user_are_found_by_name(system) {
        let (tenant, other) = (system.tenant("failing"), system.tenant("other"));
        let client = tenant.client();
        let ada = client.post("/Users", &user("ada")).await.expect(201).id();
        client.post("/Users", &user("ADA")).await.expect(409);
        client.post("/Users", &json!({ "schemas": [urn::USER], "userName": "bob", "externalId": "e-7", "active": 3 })).await.expect(400);
        client.patch(&format!("/Users/{ada}"), &patch_one("replace", "nonsense", "x")).await.expect(400);
        failures(&system, &tenant, 3, &[]).await;
        assert_eq!(failures(&system, &tenant, 2, &["--user", "Ada"]).await.len(), 2);
        assert_eq!(failures(&system, &tenant, 1, &["--user", "e-7"]).await.len(), 1);
        assert_eq!(failures(&system, &tenant, 3, &["--since", "1h"]).await.len(), 3);
        assert_eq!(failures(&system, &tenant, 0, &["--since", "2999-01-01T00:00:00Z"]).await, [] as [Value; 0]);
        assert_eq!(failures(&system, &other, 0, &[]).await, [] as [Value; 0], "another tenant has none of it");
        system.tenantry(&["failures", "list", "no-such-tenant"]).expect(3);
        system.tenantry(&["failures", "list", &tenant.name, "--since", "yesterday"]).expect(2);
    }

    /// Each failed operation of a bulk request, and none that was done.
    async fn z07_failed_operations_of_a_bulk_request_are_in_the_log(system) {
        let tenant = system.tenant("failing");
        let client = tenant.client();
        client.post("/Users", &user("ada")).await.expect(201);
        let post = |id: &str, name: &str| json!({ "method": "POST", "path": "/Users", "bulkId": id, "data": user(name) });
        let operations = json!([post("1", "ada"), post("2", "bob"), json!({ "method": "POST", "path": "/Users", "data": user("eve") }),
                                json!({ "method": "DELETE", "path": "/Groups/0f6c1a52-6a35-4f5e-9c1d-3f1f0a6f8f10" })]);
        client.post("/Bulk", &json!({ "schemas": [urn::BULK], "Operations": operations })).await.expect(200);
        let logged = failures(&system, &tenant, 3, &[]).await;
        let shorts: Vec<_> = logged.iter().rev().map(short).collect();
        assert_eq!(shorts, [
            expected("create", "User", 409, "ada"),
            expected("create", "", 400, "eve"),
            expected("delete", "Group", 404, "0f6c1a52-6a35-4f5e-9c1d-3f1f0a6f8f10"),
        ]);
    }

    /// A token that has ended is in the log of its tenant; one that is nobody's is in none.
    async fn z07_a_refused_token_is_in_the_log_of_its_tenant(system) {
        let tenant = system.tenant("failing");
        let renewed = system.issue(&tenant);
        for _ in 0..3 {
            tenant.client().get("/Users").await.expect(401);
        }
        tenant.client().with_token("nonsense").get("/Users").await.expect(401);
        renewed.client().get("/Users").await.expect(200);
        let logged = failures(&system, &tenant, 1, &[]).await;
        let times: u64 = logged.iter().filter_map(|failure| failure["times"].as_u64()).sum();
        let (alike, told) = (logged.iter().all(|failure| failure["status"] == 401), logged[0].to_string());
        assert!(alike && told.contains("replaced by a newer one"), "{told}");
        until("all three", async || {
            let logged = failures(&system, &tenant, 1, &[]).await;
            let times: u64 = logged.iter().filter_map(|failure| failure["times"].as_u64()).sum();
            (times >= 3).then_some(())
        })
        .await;
        assert!(times <= 3, "what is nobody's is in no log: {logged:?}");
        let read_only = system.tenantry(&["token", "issue", &tenant.name, "--scope", "read-only", "--json"]).expect(0).json();
        let reader = tenant.client().with_token(read_only["token"].as_str().expect("a token"));
        reader.post("/Users", &user("ada")).await.expect(403);
        until("the scope in the log", async || {
            let newest = failures(&system, &tenant, 2, &[]).await;
            (newest[0]["status"] == 403 && newest[0]["operation"] == "create").then_some(())
        })
        .await;
    }

    /// A client that asks too often fills no log.
    async fn z07_what_is_too_much_is_one_row_and_its_number(system) {
        let tenant = system.tenant_with("failing", &json!({ "rate_per_second": 1, "rate_burst": 1 }));
        let client = tenant.client();
        let mut limited = 0;
        while limited < 30 {
            let answer = client.send_any(Request::new("GET", "/Users")).await;
            limited += u64::from(answer.status == 429);
        }
        let logged = until("all of them", async || {
            let logged = failures(&system, &tenant, 1, &[]).await;
            let times: u64 = logged.iter().filter_map(|failure| failure["times"].as_u64()).sum();
            (times == limited).then_some(logged)
        })
        .await;
        assert!(logged.len() < 30, "{} rows", logged.len());
    }

    /// The newest stay; more and older ones are removed.
    async fn z07_the_log_is_bounded_in_rows_and_days(database: Database) {
        let system = System::start_with(database, &[("TENANTRY_FAILURES__MOST", "5")]).await;
        let tenant = system.tenant("failing");
        for number in 0..12 {
            tenant.client().put(&format!("/Users/none-{number}"), &user("ada")).await.expect(404);
        }
        failures(&system, &tenant, 12, &[]).await;
        assert!(system.server().stop().await.success());
        system.server().start_again().await;
        let left = until("the log to be shortened", async || {
            let left = failures(&system, &tenant, 0, &[]).await;
            (left.len() <= 5).then_some(left)
        })
        .await;
        let ids: Vec<_> = left.iter().map(|failure| failure["resource_id"].as_str().unwrap_or_default()).collect();
        assert_eq!(ids, ["none-11", "none-10", "none-9", "none-8", "none-7"]);
        assert!(system.server().stop().await.success());
        // It is from the year 2004.
        let old = "01000000-0000-7000-8000-000000000000";
        let old = if database == Database::Postgres { format!("CAST('{old}' AS uuid)") } else { format!("'{old}'") };
        system.server().change_rows(&format!("UPDATE failures SET id = {old} WHERE resource_id = 'none-7'")).await;
        system.server().start_again().await;
        until("the old one to go", async || (failures(&system, &tenant, 0, &[]).await.len() == 4).then_some(())).await;
        system.tenantry(&["tenant", "delete", &tenant.name, "--yes"]).expect(0);
    }

    /// What was noted is written also when the server ends at once.
    async fn z07_what_was_noted_is_written_before_the_end(database: Database) {
        let system = System::start(database).await;
        let tenant = system.tenant("failing");
        tenant.client().delete("/Users/nobody").await.expect(404);
        assert!(system.server().stop().await.success());
        assert_eq!(failures(&system, &tenant, 1, &[]).await.len(), 1, "read without a server");
    }

    /// No password and no token is kept, whatever is sent.
    async fn z07_no_password_is_in_the_log(system) {
        let tenant = system.tenant("failing");
        let client = tenant.client();
        let secret = "hunter2-secret";
        let body = |name: &str, more: Value| {
            let mut body = user(name);
            body["password"] = json!(secret);
            body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            body
        };
        client.post("/Users", &user("ada")).await.expect(201);
        client.post("/Users", &body("ada", json!({}))).await.expect(409);
        client.post("/Users", &body("bob", json!({ "active": secret }))).await.expect(400);
        client.patch("/Users/nobody", &patch_one("replace", "password", secret)).await.expect(404);
        client.patch("/Users/nobody", &patch_one("replace", &format!("password eq \"{secret}\""), "x")).await;
        client.get(&format!("/Users?filter=password%20eq%20%22{secret}%22%20nonsense")).await;
        let logged = failures(&system, &tenant, 5, &[]).await;
        for failure in &logged {
            assert!(!failure.to_string().contains(secret) && !failure.to_string().contains(&tenant.token), "{failure}");
        }
    }
}
