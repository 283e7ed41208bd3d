//! Requests that are under way when their token ends: what has not begun by then is not done.

use serde_json::{Value, json};

use crate::support::{System, Tenant, Wire, until, urn, user};

on_both! {
    /// Whoever has sent the head and half of the body with the old token gets no further once the rotation has returned.
    async fn a_body_that_comes_after_the_end_of_its_token_is_refused(system) {
        let tenant = system.tenant("half");
        let body = user("late").to_string();
        let (half, rest) = body.split_at(body.len() / 2);
        let mut wire = Wire::connect(system.server().port()).await;
        wire.send(format!("{}Content-Length: {}\r\n\r\n{half}", head(&system, &tenant), body.len())).await;
        until("the token to be accepted", async || is_used(&system, &tenant).then_some(())).await;
        let renewed = system.issue(&tenant);
        wire.send(rest).await;
        let refused = wire.answer().await.expect(401);
        let challenge = refused.header("www-authenticate").expect("a challenge");
        assert!(challenge.contains("replaced by a newer one"), "{challenge}");
        assert_eq!(renewed.client().get("/Users").await.expect(200).total(), 0);
        assert!(system.events(&tenant, 0).is_empty());
        renewed.client().post("/Users", &user("late")).await.expect(201);
    }

    /// The same where the tenant is switched off meanwhile.
    async fn a_body_that_comes_when_its_tenant_is_switched_off_is_refused(system) {
        let tenant = system.tenant("half");
        let body = user("late").to_string();
        let mut wire = Wire::connect(system.server().port()).await;
        wire.send(format!("{}Content-Length: {}\r\n\r\n", head(&system, &tenant), body.len())).await;
        until("the token to be accepted", async || is_used(&system, &tenant).then_some(())).await;
        system.tenantry(&["tenant", "disable", &tenant.name]).expect(0);
        wire.send(body).await;
        wire.answer().await.expect(403);
        system.tenantry(&["tenant", "enable", &tenant.name]).expect(0);
        assert_eq!(tenant.client().get("/Users").await.expect(200).total(), 0);
    }

    /// The operations that are left when the token is revoked are refused, and nothing of them is done.
    async fn a_bulk_request_stops_when_its_token_is_revoked(system) {
        let tenant = slow(&system);
        let (client, body) = (tenant.client(), operations());
        let running = tokio::spawn(async move { client.post("/Bulk", &body).await });
        until("its first operation", async || (!system.events(&tenant, 0).is_empty()).then_some(())).await;
        system.tenantry(&["token", "revoke", &tenant.name]).expect(0);
        let written = system.events(&tenant, 0).len();
        let statuses = statuses(&running.await.expect("an answer").expect(200).body);
        let done = statuses.iter().filter(|status| *status == "201").count();
        assert!(statuses[done..].iter().all(|status| status == "401"), "{statuses:?}");
        // One was perhaps being made.
        assert!(done < 20 && done <= written + 1, "{done} of {statuses:?}, {written} before");
        assert_eq!(system.events(&tenant, 0).len(), done);
    }

    /// The same where the whole tenant goes.
    async fn a_bulk_request_stops_when_its_tenant_is_deleted(system) {
        let tenant = slow(&system);
        let (client, body) = (tenant.client(), operations());
        let running = tokio::spawn(async move { client.post("/Bulk", &body).await });
        until("its first operation", async || (!system.events(&tenant, 0).is_empty()).then_some(())).await;
        system.tenantry(&["tenant", "delete", &tenant.name, "--yes"]).expect(0);
        let statuses = statuses(&running.await.expect("an answer").expect(200).body);
        assert_eq!(statuses.len(), 20);
        assert!(matches!(statuses[19].as_str(), "401" | "403"), "{statuses:?}");
        let again = system.tenantry(&["tenant", "create", &tenant.name, "--with-token", "--json"]).expect(0).json();
        let client = tenant.client().with_token(again["token"].as_str().expect("a token"));
        assert_eq!(client.get("/Users").await.expect(200).total(), 0);
    }
}

/// A tenant whose bulk requests take long: after the first, one operation a second.
fn slow(system: &System) -> Tenant {
    system.tenant_with("slow", &json!({ "write_per_second": 1, "write_burst": 1 }))
}

fn operations() -> Value {
    let operation = |number| json!({ "method": "POST", "path": "/Users", "bulkId": format!("b{number}"), "data": user(&format!("u{number}")) });
    json!({ "schemas": [urn::BULK], "Operations": (0..20).map(operation).collect::<Vec<_>>() })
}

fn statuses(body: &Value) -> Vec<String> {
    let operations = body["Operations"].as_array().expect("operations");
    operations.iter().map(|operation| operation["status"].as_str().expect("a status").to_owned()).collect()
}

/// Whether a request with the tenant's token was let in.
fn is_used(system: &System, tenant: &Tenant) -> bool {
    let listed = system.tenantry(&["token", "list", &tenant.name, "--json"]).expect(0).json();
    listed["tokens"][0]["last_used"].is_object()
}

/// The beginning of a request that adds a user.
fn head(system: &System, tenant: &Tenant) -> String {
    let Tenant { name, token, .. } = tenant;
    let port = system.server().port();
    format!(
        "POST /t/{name}/scim/v2/Users HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/scim+json\r\n"
    )
}
