//! Bulk requests (RFC 7644 section 3.7): references, cycles, errors, limits.

use serde_json::{Value, json};

use crate::support::{Answer, Client, Request, group, patch_one, urn, user};

on_both! {
    /// R145: a reference may point forwards and backwards.
    async fn r145_references_resolve_in_any_order(system) {
        let client = system.tenant("bulk").client();
        let answer = bulk(&client, &[
            post("/Groups", "g1", group("first", &["bulkId:u1", "bulkId:u2"])),
            post("/Users", "u1", user("one")),
            post("/Users", "u2", with_manager(user("two"), "bulkId:u1")),
            post("/Groups", "g2", group("second", &["bulkId:u2", "bulkId:g1"])),
        ]).await;
        assert_eq!(statuses(&answer), ["201", "201", "201", "201"]);
        let at = |id: &str| location(&answer, id);
        let first = client.get(&at("g1")).await.expect(200);
        assert_eq!(first.members().len(), 2);
        let second = client.get(&at("g2")).await.expect(200);
        assert!(second.members().contains(&first.id()));
        let (one, two) = (client.get(&at("u1")).await.expect(200), client.get(&at("u2")).await.expect(200));
        assert_eq!(two.body[urn::ENTERPRISE]["manager"]["value"], json!(one.id()));
        assert!(!first.text.contains("bulkId") && !two.text.contains("bulkId"), "no reference is stored");
    }

    /// R146: groups that contain each other, users that manage each other.
    async fn r146_cycles_are_closed(system) {
        let client = system.tenant("bulk").client();
        let answer = bulk(&client, &[
            post("/Groups", "a", group("a", &["bulkId:b"])),
            post("/Groups", "b", group("b", &["bulkId:a"])),
            post("/Users", "x", with_manager(user("x"), "bulkId:y")),
            post("/Users", "y", with_manager(user("y"), "bulkId:x")),
        ]).await;
        assert_eq!(statuses(&answer), ["201", "201", "201", "201"]);
        let get = |id: &str| { let (client, path) = (client.clone(), location(&answer, id)); async move { client.get(&path).await.expect(200) } };
        let (a, b, x, y) = (get("a").await, get("b").await, get("x").await, get("y").await);
        assert_eq!((a.members(), b.members()), (vec![b.id()], vec![a.id()]));
        assert_eq!(x.body[urn::ENTERPRISE]["manager"]["value"], json!(y.id()));
        assert_eq!(y.body[urn::ENTERPRISE]["manager"]["value"], json!(x.id()));
    }

    /// R145: references in PATCH values and in paths.
    async fn r145_references_in_paths_and_patches(system) {
        let client = system.tenant("bulk").client();
        let team = client.post("/Groups", &group("team", &[])).await.expect(201).id();
        let answer = bulk(&client, &[
            post("/Users", "new", user("new")),
            json!({ "method": "PATCH", "path": format!("/Groups/{team}"), "data": patch_one("add", "members", json!([{ "value": "bulkId:new" }])) }),
            json!({ "method": "PATCH", "path": "/Users/bulkId:new", "data": patch_one("replace", "title", json!("Boss")) }),
        ]).await;
        assert_eq!(statuses(&answer), ["201", "200", "200"]);
        let created = client.get(&location(&answer, "new")).await.expect(200);
        assert_eq!(created.body["title"], "Boss");
        assert_eq!(client.get(&format!("/Groups/{team}")).await.expect(200).members(), [created.id()]);
    }

    /// A reference to nothing, or to what failed, fails that operation alone.
    async fn r146_a_reference_that_cannot_be_resolved_fails_its_operation(system) {
        let client = system.tenant("bulk").client();
        client.post("/Users", &user("taken")).await.expect(201);
        let answer = bulk(&client, &[
            post("/Groups", "g", group("dangling", &["bulkId:nobody"])),
            post("/Users", "t", user("taken")),
            post("/Groups", "h", group("of the failed", &["bulkId:t"])),
            post("/Users", "ok", user("fine")),
        ]).await;
        let statuses = statuses(&answer);
        assert!(matches!(statuses[0].as_str(), "400" | "409"), "{}", answer.text);
        assert_eq!(statuses[1], "409");
        assert!(matches!(statuses[2].as_str(), "400" | "409"), "{}", answer.text);
        assert_eq!(statuses[3], "201");
        assert_eq!(client.get("/Groups").await.expect(200).total(), 0);
    }

    /// R143, R146: a circle that cannot be closed leaves nothing behind, and no location says otherwise.
    async fn r146_a_circle_with_a_bad_part_leaves_nothing(system) {
        let client = system.tenant("bulk").client();
        let taken = client.post("/Users", &user("taken")).await.expect(201).id();
        let answer = bulk(&client, &[
            post("/Users", "x", with_manager(user("x"), "bulkId:y")),
            post("/Users", "y", with_manager(user("taken"), "bulkId:x")),
            post("/Groups", "g", group("of both", &["bulkId:x", "bulkId:y"])),
        ]).await;
        assert!(statuses(&answer).iter().all(|status| status == "409"), "{}", answer.text);
        assert!(!answer.text.contains("location"), "{}", answer.text);
        assert_eq!(client.get("/Users").await.expect(200).ids(), [taken]);
        assert_eq!(client.get("/Groups").await.expect(200).total(), 0);
    }

    /// R146: a resource may refer to itself.
    async fn r146_a_resource_refers_to_itself(system) {
        let client = system.tenant("bulk").client();
        let answer = bulk(&client, &[post("/Users", "me", with_manager(user("own-boss"), "bulkId:me"))]).await;
        assert_eq!(statuses(&answer), ["201"]);
        let me = client.get(&location(&answer, "me")).await.expect(200);
        assert_eq!(me.body[urn::ENTERPRISE]["manager"]["value"], json!(me.id()));
    }

    /// R144: the operation that makes the number full is the last.
    async fn r144_fail_on_errors_stops(system) {
        let client = system.tenant("bulk").client();
        let delete = |number: u32| json!({ "method": "DELETE", "path": format!("/Users/none-{number}") });
        let body = json!({ "schemas": [urn::BULK], "failOnErrors": 2, "Operations": [
            post("/Users", "a", user("a")), delete(1), delete(2), post("/Users", "b", user("b"))] });
        let answer = client.post("/Bulk", &body).await.expect(200);
        assert_eq!(statuses(&answer), ["201", "404", "404"]);
        assert_eq!(client.get("/Users").await.expect(200).total(), 1);
    }

    /// R147: the limit that is announced is the one that holds.
    async fn r147_as_many_operations_as_announced_and_not_one_more(system) {
        let client = system.tenant("bulk").client();
        let announced = client.get("/ServiceProviderConfig").await.expect(200).body["bulk"]["maxOperations"].as_u64().expect("a number");
        assert_eq!(announced, 1000);
        let operations: Vec<Value> = (0..announced)
            .map(|number| post("/Users", &format!("b{number}"), json!({ "schemas": [urn::USER], "userName": format!("bulk-{number}") })))
            .collect();
        let answer = bulk(&client, &operations).await;
        assert!(statuses(&answer).iter().all(|status| status == "201"));
        assert_eq!(client.get("/Users?count=0").await.expect(200).total(), 1000);
        let more: Vec<Value> = (0..=announced).map(|_| json!({ "method": "DELETE", "path": "/Users/none" })).collect();
        let refused = client.post("/Bulk", &json!({ "schemas": [urn::BULK], "Operations": more })).await.expect(413);
        assert!(refused.body["detail"].as_str().is_some_and(|detail| detail.contains("1000") || detail.contains("1,000")), "{}", refused.text);
    }

    /// R147: so is the size.
    async fn r147_a_body_beyond_the_announced_size_is_413(system) {
        let client = system.tenant("bulk").client();
        let size = client.get("/ServiceProviderConfig").await.expect(200).body["bulk"]["maxPayloadSize"].as_u64().expect("a number");
        let mut big = user("big");
        big["title"] = json!("x".repeat(usize::try_from(size).expect("a size")));
        let body = json!({ "schemas": [urn::BULK], "Operations": [post("/Users", "a", big)] });
        let refused = client.post("/Bulk", &body).await.expect(413);
        assert!(refused.body["detail"].as_str().is_some_and(|detail| detail.contains(&size.to_string())), "{}", refused.text);
    }

    /// R142: a bulkId twice, or a POST without one, cannot be told apart.
    async fn r142_bulk_ids_are_demanded_and_unique(system) {
        let client = system.tenant("bulk").client();
        let twice = json!({ "schemas": [urn::BULK], "Operations": [post("/Users", "a", user("a")), post("/Users", "a", user("b"))] });
        let answer = client.post("/Bulk", &twice).await;
        let refused = answer.status == 400 || statuses(&answer).contains(&"400".to_owned());
        assert!(refused, "{} {}", answer.status, answer.text);
    }

    /// R150: a bulk request counts its operations.
    async fn r150_a_bulk_of_many_counts_as_many(system) {
        let tenant = system.tenant_with("bulk-rate", &json!({ "rate_per_second": 1, "rate_burst": 50 }));
        let operations: Vec<Value> = (0..45).map(|_| json!({ "method": "DELETE", "path": "/Users/none" })).collect();
        bulk(&tenant.client(), &operations).await;
        let mut let_in = 0;
        while tenant.client().get("/Users?count=0").await.status == 200 {
            let_in += 1;
        }
        assert!(let_in < 10, "{let_in} requests more than 45 operations and 1 request leave of 50");
    }
}

fn post(path: &str, bulk_id: &str, data: impl Into<Value>) -> Value {
    json!({ "method": "POST", "path": path, "bulkId": bulk_id, "data": data.into() })
}

fn with_manager(mut user: Value, id: &str) -> Value {
    user["schemas"] = json!([urn::USER, urn::ENTERPRISE]);
    user[urn::ENTERPRISE] = json!({ "manager": { "value": id } });
    user
}

async fn bulk(client: &Client, operations: &[Value]) -> Answer {
    let body = json!({ "schemas": [urn::BULK], "Operations": operations });
    client.send(Request::new("POST", "/Bulk").json(&body)).await.expect(200)
}

fn statuses(answer: &Answer) -> Vec<String> {
    let operations = answer.body["Operations"].as_array().unwrap_or_else(|| panic!("{}", answer.text));
    operations.iter().map(|operation| operation["status"].as_str().expect("a string (R143)").to_owned()).collect()
}

/// The whole URL of what an operation made.
fn location(answer: &Answer, bulk_id: &str) -> String {
    let operations = answer.body["Operations"].as_array().expect("operations");
    let own = operations.iter().find(|operation| operation["bulkId"] == bulk_id).expect("its answer");
    own["location"].as_str().expect("a location").to_owned()
}
