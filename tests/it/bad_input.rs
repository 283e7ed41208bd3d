//! Hostile and broken requests: a clear refusal, bounded memory, nothing lost, and the server goes on.

use serde_json::json;

use crate::support::{Answer, Request, System, Tenant, Wire, encode, group, patch, urn, user};

const MEGABYTE: usize = 1 << 20;

on_both! {
    /// 413 names the limit, whether the length is announced or not.
    async fn an_oversized_body_is_413(system) {
        let tenant = system.tenant("hostile");
        let mut body = user("big");
        body["title"] = json!("x".repeat(2 * MEGABYTE));
        let refused = tenant.client().post("/Users", &body).await.expect(413);
        assert!(refused.body["detail"].as_str().is_some_and(|detail| detail.contains(&MEGABYTE.to_string())), "{}", refused.text);
        let announced = format!("{}Content-Length: 99999999999\r\n\r\n", head(&system, &tenant, "POST", "/Users"));
        assert_eq!(answer_to(&system, announced.as_bytes()).await.status, 413);
        let chunk = format!("{:x}\r\n{}\r\n", MEGABYTE, "x".repeat(MEGABYTE));
        let chunked = format!("{}Transfer-Encoding: chunked\r\n\r\n{chunk}{chunk}{chunk}0\r\n\r\n", head(&system, &tenant, "POST", "/Users"));
        assert_eq!(answer_to(&system, chunked.as_bytes()).await.status, 413);
        alive(&tenant).await;
    }

    /// Okta pushes whole groups: ten megabytes are taken.
    async fn a_group_of_many_members_may_be_large(system) {
        let tenant = system.tenant("hostile");
        let client = tenant.client();
        let member = client.post("/Users", &user("member")).await.expect(201).id();
        let id = client.post("/Groups", &group("large", &[])).await.expect(201).id();
        let same: Vec<&str> = std::iter::repeat_n(member.as_str(), 50_000).collect();
        let put = client.put(&format!("/Groups/{id}"), &group("large", &same)).await.expect(200);
        assert_eq!(put.members(), [member]);
    }

    /// 10,000 levels neither overflow a stack nor take long.
    async fn deeply_nested_json_is_refused(system) {
        let tenant = system.tenant("hostile");
        let id = tenant.client().post("/Users", &user("ada")).await.expect(201).id();
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let deep = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
            for (method, path) in [("POST", "/Users".to_owned()), ("PATCH", format!("/Users/{id}")), ("PUT", format!("/Users/{id}")), ("POST", "/Bulk".to_owned()), ("POST", "/.search".to_owned())] {
                let body = format!("{{\"schemas\":[\"{}\"],\"x\":{deep}}}", urn::USER);
                for body in [deep.clone(), body] {
                    let request = Request::new(method, path.as_str()).body(body).header("content-type", "application/scim+json");
                    tenant.client().send(request).await.expect(400);
                }
            }
        }
        alive(&tenant).await;
    }

    /// A megabyte of filter, parentheses or terms is refused with a reason.
    async fn r115_filters_are_bounded(system) {
        let tenant = system.tenant("hostile");
        let client = tenant.client();
        let long = format!("userName eq \"{}\"", "x".repeat(MEGABYTE));
        let body = json!({ "schemas": [urn::SEARCH], "filter": long });
        let refused = client.post("/Users/.search", &body).await;
        assert!(matches!(refused.status, 400 | 413), "{}", refused.text);
        for filter in [
            format!("userName eq \"{}\"", "x".repeat(20_000)),
            format!("{}userName pr{}", "(".repeat(5_000), ")".repeat(5_000)),
            format!("{}userName pr{}", "not (".repeat(1_500), ")".repeat(1_500)),
            vec!["userName pr"; 3_000].join(" or "),
            "emails[".repeat(2_000),
        ] {
            client.post("/Users/.search", &json!({ "schemas": [urn::SEARCH], "filter": filter })).await.refused(400, Some("invalidFilter"));
        }
        let in_the_line = client.send(Request::new("GET", format!("/Users?filter={}", encode(&"(".repeat(9_000))))).await;
        assert!(matches!(in_the_line.status, 400 | 414), "{}", in_the_line.status);
        alive(&tenant).await;
    }

    /// The request line has an end, and who passes it is told in JSON.
    async fn a_megabyte_in_the_request_line_is_refused(system) {
        let tenant = system.tenant("hostile");
        let mut wire = Wire::connect(system.server().port()).await;
        let path = format!("/Users?filter={}", "x".repeat(MEGABYTE));
        wire.send(head(&system, &tenant, "GET", &path)).await;
        wire.send("\r\n").await;
        wire.closed().await;
        alive(&tenant).await;
    }

    /// 100,000 operations are refused before one is done.
    async fn a_hundred_thousand_patch_operations_are_refused(system) {
        let tenant = system.tenant("hostile");
        let client = tenant.client();
        let id = client.post("/Users", &user("ada")).await.expect(201).id();
        let team = client.post("/Groups", &group("team", &[])).await.expect(201).id();
        let body = patch(&vec![json!({ "op": "add", "path": "title", "value": "x" }); 100_000]);
        let refused = client.patch(&format!("/Users/{id}"), &body).await;
        assert!(matches!(refused.status, 400 | 413), "{}", refused.status);
        let body = patch(&vec![json!({ "op": "add", "path": "members", "value": [{ "value": id }] }); 100_000]);
        let refused = client.patch(&format!("/Groups/{team}"), &body).await;
        assert!(matches!(refused.status, 400 | 413), "{}", refused.status);
        assert!(client.get(&format!("/Groups/{team}")).await.expect(200).members().is_empty());
        assert_eq!(client.get(&format!("/Users/{id}")).await.expect(200).body.get("title"), None);
    }

    /// Bytes that are no UTF-8 are refused in the body and name nothing in the path.
    async fn invalid_utf_8_is_refused(system) {
        let tenant = system.tenant("hostile");
        let client = tenant.client();
        for body in [&b"{\"userName\":\"\xff\xfe\"}"[..], b"\xff", b"{\"userName\":\"\xed\xa0\x80\"}"] {
            let request = Request::new("POST", "/Users").body(body).header("content-type", "application/scim+json");
            client.send(request).await.refused(400, Some("invalidSyntax"));
        }
        client.get("/Users/%ff%fe").await.expect(404);
        let answer = client.get("/Users?filter=userName%20eq%20%22%ff%22").await;
        assert!(matches!(answer.status, 200 | 400), "{}", answer.status);
        alive(&tenant).await;
    }

    /// The same key twice means two things.
    async fn duplicate_keys_are_refused(system) {
        let tenant = system.tenant("hostile");
        let id = tenant.client().post("/Users", &user("ada")).await.expect(201).id();
        for (method, path, body) in [
            ("POST", "/Users".to_owned(), r#"{"userName":"a","userName":"b"}"#.to_owned()),
            ("PUT", format!("/Users/{id}"), r#"{"userName":"a","name":{"givenName":"x","givenName":"y"}}"#.to_owned()),
            ("PATCH", format!("/Users/{id}"), r#"{"Operations":[{"op":"replace","op":"remove","path":"title"}]}"#.to_owned()),
            ("POST", "/.search".to_owned(), r#"{"count":1,"count":2}"#.to_owned()),
        ] {
            let request = Request::new(method, path.as_str()).body(body).header("content-type", "application/json");
            tenant.client().send(request).await.refused(400, Some("invalidSyntax"));
        }
    }

    /// What is no JSON is said to be none.
    async fn broken_json_is_invalid_syntax(system) {
        let tenant = system.tenant("hostile");
        for body in ["", " ", "{", "{\"userName\":}", "null", "[]", "\"text\"", "42", "{\"userName\":\"a\"} trailing", "{'userName':'a'}", "{\"userName\":\"a\",}", "NaN", "{\"userName\":\"\u{1}\"}"] {
            for path in ["/Users", "/Groups", "/Bulk", "/.search"] {
                let request = Request::new("POST", path).body(body).header("content-type", "application/scim+json");
                tenant.client().send(request).await.refused(400, Some("invalidSyntax"));
            }
        }
        let with_mark = format!("\u{feff}{}", user("marked"));
        let request = Request::new("POST", "/Users").body(with_mark).header("content-type", "application/scim+json; charset=utf-8");
        tenant.client().send(request).await.expect(201);
    }

    /// 415 for what is no JSON by its own words; every spelling of JSON is taken (R5).
    async fn r005_media_types(system) {
        let tenant = system.tenant("hostile");
        for wrong in ["text/plain", "text/html", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/scim+json; charset=iso-8859-1"] {
            let request = Request::new("POST", "/Users").body(user("x").to_string()).header("content-type", wrong);
            tenant.client().send(request).await.expect(415);
        }
        for (number, right) in ["application/scim+json", "application/json", "application/scim+json; charset=utf-8", "APPLICATION/SCIM+JSON;CHARSET=\"UTF-8\"", "application/json;charset=utf8"].into_iter().enumerate() {
            let request = Request::new("POST", "/Users").body(user(&format!("media-{number}")).to_string()).header("content-type", right);
            tenant.client().send(request).await.expect(201);
        }
        tenant.client().send(Request::new("POST", "/Users").body(user("no-type").to_string())).await.expect(201);
    }

    /// What is not there is 404, what is not done is 405 with what is.
    async fn r012_unknown_routes_and_methods(system) {
        let tenant = system.tenant("hostile");
        let client = tenant.client();
        for path in ["/Devices", "/Users/x/y", "/Schemas/x/y", "/../../etc/passwd", "/Users/%2e%2e%2fGroups", "/.well-known"] {
            client.get(path).await.expect(404);
        }
        for (method, path, allowed) in [
            ("DELETE", "/Users", "GET"), ("PATCH", "/Groups", "POST"), ("PUT", "/Users", "POST"), ("POST", "/Users/x", "PATCH"),
            ("GET", "/Bulk", "POST"), ("PUT", "/.search", "POST"), ("POST", "/Schemas", "GET"), ("DELETE", "/ServiceProviderConfig", "GET"),
            ("TRACE", "/Users", "GET"), ("OPTIONS", "/Users", "GET"), ("FROB", "/Users", "GET"),
        ] {
            let refused = client.send(Request::new(method, path)).await.expect(405);
            assert!(refused.header("allow").is_some_and(|allow| allow.contains(allowed)), "{refused:?}");
        }
        client.get("/Me").await.expect(501);
    }

    /// Values of every wrong kind in every place are 400, never 500.
    async fn values_of_the_wrong_kind_are_refused_or_tolerated_but_never_an_error_of_ours(system) {
        let tenant = system.tenant("hostile");
        let client = tenant.client();
        let id = client.post("/Users", &user("ada")).await.expect(201).id();
        let team = client.post("/Groups", &group("team", &[&id])).await.expect(201).id();
        let wrong = [json!(null), json!(true), json!(1), json!(1.5), json!(-1e300), json!(""), json!("x"), json!([]), json!([null]), json!([1]), json!({}), json!({ "a": null }), json!([[]]), json!("\u{0}")];
        for value in &wrong {
            for attribute in ["userName", "name", "emails", "active", "displayName", "schemas", "id", "meta", "groups", "externalId", "roles", urn::ENTERPRISE, "password"] {
                let mut body = user("wrong-kind");
                body[attribute] = value.clone();
                not_ours(&client.put(&format!("/Users/{id}"), &body).await);
                not_ours(&client.patch(&format!("/Users/{id}"), &patch(&[json!({ "op": "replace", "path": attribute, "value": value })])).await);
            }
            for attribute in ["members", "displayName"] {
                not_ours(&client.patch(&format!("/Groups/{team}"), &patch(&[json!({ "op": "add", "path": attribute, "value": value })])).await);
            }
            for body in [json!({ "schemas": value }), json!({ "Operations": value }), json!({ "Operations": [value] }), json!({ "Operations": [{ "op": value }] }), json!({ "Operations": [{ "op": "add", "path": value, "value": 1 }] }), json!({ "filter": value, "count": value })] {
                not_ours(&client.patch(&format!("/Users/{id}"), &body).await);
                not_ours(&client.post("/Bulk", &body).await);
                not_ours(&client.post("/.search", &body).await);
            }
        }
        alive(&tenant).await;
    }

    /// A NUL in a value is kept or refused, on both databases alike.
    async fn a_nul_in_a_value_is_no_error_of_ours(system) {
        let tenant = system.tenant("hostile");
        let client = tenant.client();
        for body in [json!({ "schemas": [urn::USER], "userName": "nul\u{0}name" }), json!({ "schemas": [urn::USER], "userName": "fine", "title": "a\u{0}b", "externalId": "c\u{0}d" })] {
            let answer = client.post("/Users", &body).await;
            assert!(matches!(answer.status, 201 | 400), "{} {}", answer.status, answer.text);
        }
        for filter in ["userName eq \"nul\\u0000name\"", "externalId eq \"c\\u0000d\"", "emails.value sw \"\\u0000\"", "title co \"\\u0000\""] {
            let answer = client.find("Users", filter).await;
            assert!(matches!(answer.status, 200 | 400), "{filter}: {}", answer.text);
        }
    }

    /// Very long names are kept or refused in words.
    async fn long_values_are_no_error_of_ours(system) {
        let tenant = system.tenant("hostile");
        let client = tenant.client();
        for length in [300, 5_000, 200_000] {
            for attribute in ["userName", "externalId", "displayName", "title"] {
                let mut body = user(&format!("long-{length}-{attribute}"));
                body[attribute] = json!(format!("{}{attribute}{length}", "é".repeat(length)));
                let answer = client.post("/Users", &body).await;
                assert!(matches!(answer.status, 201 | 400), "{} {}", answer.status, answer.text);
            }
        }
    }

    /// Who sends a body drop by drop is cut off, others are served meanwhile.
    async fn a_slow_body_is_cut_off(database: Database) {
        let system = System::start_with(database, &[("TENANTRY_LIMITS__BODY_SECONDS", "1")]).await;
        let tenant = system.tenant("slow");
        let mut slow = Vec::new();
        for _ in 0..20 {
            let mut wire = Wire::connect(system.server().port()).await;
            wire.send(format!("{}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{", head(&system, &tenant, "POST", "/Users"))).await;
            slow.push(wire);
        }
        alive(&tenant).await;
        for mut wire in slow {
            assert_eq!(wire.answer().await.status, 408);
        }
    }
}

/// The beginning of a request by hand, up to the header that a test adds.
fn head(system: &System, tenant: &Tenant, method: &str, path: &str) -> String {
    let Tenant { name, token, .. } = tenant;
    let port = system.server().port();
    format!("{method} /t/{name}/scim/v2{path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n")
}

async fn answer_to(system: &System, bytes: &[u8]) -> Answer {
    let mut wire = Wire::connect(system.server().port()).await;
    wire.send(bytes).await;
    wire.answer().await
}

/// The tenant is served as before.
async fn alive(tenant: &Tenant) {
    tenant.client().get("/Users?count=1").await.expect(200);
}

#[track_caller]
fn not_ours(answer: &Answer) {
    assert!(answer.status < 500 || answer.status == 501, "{} → {} {}", answer.request, answer.status, answer.text);
}
