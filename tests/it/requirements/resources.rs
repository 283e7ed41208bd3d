//! Create, read, replace, change, delete (RFC 7644 sections 3.3 to 3.6).

use serde_json::{Value, json};

use crate::support::{Request, group, patch, patch_one, urn, user};

on_both! {
    /// What nobody changed was modified when it was created; a PATCH that changes nothing is no change.
    async fn r039_what_was_never_changed_is_as_old_as_its_creation(system) {
        let client = system.tenant("age").client();
        let created = client.post("/Users", &user("ada")).await.expect(201);
        assert_eq!(created.body["meta"]["lastModified"], created.body["meta"]["created"]);
        let path = format!("/Users/{}", created.id());
        client.patch(&path, &patch_one("add", "active", json!(true))).await.expect(200);
        assert_eq!(client.get(&path).await.expect(200).body["meta"], created.body["meta"]);
    }

    /// 201, the whole resource, and where it is.
    async fn r050_a_created_resource_comes_back_whole(system) {
        let client = system.tenant("create").client();
        for (kind, body) in [("Users", user("ada")), ("Groups", group("team", &[]))] {
            let created = client.post(&format!("/{kind}"), &body).await.expect(201);
            let location = created.header("location").expect("a location");
            assert_eq!(client.get(location).await.expect(200).body, created.body);
        }
    }

    /// The endpoint says what a resource is, not the body.
    async fn r053_the_endpoint_gives_the_resource_type(system) {
        let client = system.tenant("types").client();
        let mut body = user("ada");
        body["meta"] = json!({ "resourceType": "Group", "created": "2001-01-01T00:00:00Z" });
        let created = client.post("/Users", &body).await.expect(201);
        assert_eq!(created.body["meta"]["resourceType"], "User");
        assert_ne!(created.body["meta"]["created"], "2001-01-01T00:00:00Z");
        let created = client.post("/Groups", &group("team", &[])).await.expect(201);
        assert_eq!(created.body["meta"]["resourceType"], "Group");
    }

    /// The answer is not the request's body but what was made of it.
    async fn r054_the_answer_is_what_is_stored(system) {
        let client = system.tenant("stored").client();
        let body = json!({ "USERNAME": "ada", "active": "False", "title": "", "favouriteColour": "blue", "password": "x" });
        let created = client.post("/Users", &body).await.expect(201);
        assert_eq!((&created.body["userName"], &created.body["active"]), (&json!("ada"), &json!(false)));
        for absent in ["USERNAME", "title", "favouriteColour", "password"] {
            assert_eq!(created.body.get(absent), None, "{absent}");
        }
        assert_eq!(client.get(&format!("/Users/{}", created.id())).await.expect(200).body, created.body);
    }

    /// Both ways of changing are there, for both types.
    async fn r056_resources_can_be_replaced_and_patched(system) {
        let client = system.tenant("change").client();
        for (kind, body) in [("Users", user("ada")), ("Groups", group("team", &[]))] {
            let id = client.post(&format!("/{kind}"), &body).await.expect(201).id();
            let path = format!("/{kind}/{id}");
            let mut changed = body.clone();
            changed["displayName"] = json!("by PUT");
            assert_eq!(client.put(&path, &changed).await.expect(200).body["displayName"], "by PUT");
            let by_patch = patch_one("replace", "displayName", json!("by PATCH"));
            assert_eq!(client.patch(&path, &by_patch).await.expect(200).body["displayName"], "by PATCH");
        }
    }

    /// 200 and everything, also what the server added.
    async fn r061_a_put_answers_with_the_whole_resource(system) {
        let client = system.tenant("whole").client();
        let id = client.post("/Users", &user("ada")).await.expect(201).id();
        let path = format!("/Users/{id}");
        let replaced = client.put(&path, &user("ada.lovelace")).await.expect(200);
        assert_eq!(replaced.body, client.get(&path).await.expect(200).body);
        assert_eq!(replaced.body["userName"], "ada.lovelace");
    }

    /// Gone from every answer, and the name is free for somebody else, who gets another id.
    async fn r062_q43_what_is_deleted_is_gone_and_its_name_is_free(system) {
        let client = system.tenant("deleted").client();
        let id = client.post("/Users", &user("ada")).await.expect(201).id();
        let path = format!("/Users/{id}");
        client.patch(&path, &patch_one("replace", "active", json!(false))).await.expect(200);
        client.delete(&path).await.expect(204);
        client.get(&path).await.expect(404);
        client.put(&path, &user("ada")).await.expect(404);
        client.patch(&path, &patch_one("replace", "title", json!("x"))).await.expect(404);
        client.delete(&path).await.expect(404);
        assert_eq!(client.find("Users", "userName eq \"ada\"").await.expect(200).total(), 0);
        assert_ne!(client.post("/Users", &user("ada")).await.expect(201).id(), id);
    }

    /// The answer to a POST, PUT or PATCH shows what the client asks to see.
    async fn r064_the_view_applies_to_answers_of_changes(system) {
        let client = system.tenant("views").client();
        let keys = |body: &Value| body.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
        let created = client.post("/Users?attributes=userName", &user("ada")).await.expect(201);
        assert_eq!(keys(&created.body), ["schemas", "id", "userName"]);
        let path = format!("/Users/{}", created.id());
        let replaced = client.put(&format!("{path}?attributes=emails.value"), &user("ada")).await.expect(200);
        assert_eq!(replaced.body["emails"], json!([{ "value": "ada@mail.example" }]));
        assert_eq!(keys(&replaced.body), ["schemas", "id", "emails"]);
        let change = patch_one("replace", "title", json!("x"));
        let patched = client.patch(&format!("{path}?excludedAttributes=emails,id"), &change).await.expect(200);
        assert_eq!((patched.body.get("emails"), &patched.body["title"]), (None, &json!("x")));
        assert_eq!(patched.id(), created.id(), "what is always returned stays");
    }

    /// A remove that names members removes these, not all of them.
    async fn r084_a_remove_with_a_value_removes_only_what_it_names(system) {
        let client = system.tenant("removal").client();
        let ada = client.post("/Users", &user("ada")).await.expect(201).id();
        let bob = client.post("/Users", &user("bob")).await.expect(201).id();
        let team = client.post("/Groups", &group("team", &[&ada, &bob])).await.expect(201).id();
        let path = format!("/Groups/{team}");
        let removed = client.patch(&path, &patch_one("Remove", "members", json!([{ "$ref": null, "value": ada }]))).await;
        assert_eq!(removed.expect(200).members(), [bob]);
        client.patch(&path, &patch(&[json!({ "op": "remove", "path": "members" })])).await.expect(200);
        assert_eq!(client.get(&path).await.expect(200).members(), Vec::<String>::new());
    }

    /// The keyword tells which part is wrong, and nothing is changed.
    async fn r092_a_malformed_path_is_told_from_a_malformed_filter(system) {
        let client = system.tenant("paths").client();
        let created = client.post("/Users", &user("ada")).await.expect(201);
        let path = format!("/Users/{}", created.id());
        for (wrong, keyword) in [
            ("emails[type eq \"work\"", "invalidPath"),
            ("/title", "invalidPath"),
            ("emails.", "invalidPath"),
            ("emails[type foo \"work\"].value", "invalidFilter"),
            ("emails[type eq].value", "invalidFilter"),
        ] {
            let title = json!({ "op": "replace", "path": "title", "value": "x" });
            let body = patch(&[title, json!({ "op": "replace", "path": wrong, "value": "x" })]);
            client.patch(&path, &body).await.refused(400, Some(keyword));
        }
        assert_eq!(client.get(&path).await.expect(200).body, created.body);
    }

    /// A name that is taken is refused whichever way it comes.
    async fn r093_a_patch_cannot_take_a_name_that_is_taken(system) {
        let tenant = system.tenant("names");
        let client = tenant.client();
        client.post("/Users", &user("ada")).await.expect(201);
        let bob = client.post("/Users", &user("bob")).await.expect(201).id();
        let path = format!("/Users/{bob}");
        client.patch(&path, &patch_one("replace", "userName", json!("ADA"))).await.refused(409, Some("uniqueness"));
        client.put(&path, &user("ada")).await.refused(409, Some("uniqueness"));
        assert_eq!(client.get(&path).await.expect(200).body["userName"], "bob");
    }

    /// A body is a resource or it is refused with the attribute that is missing.
    async fn r049_what_is_missing_is_named(system) {
        let client = system.tenant("missing").client();
        let refused = client.post("/Users", &json!({ "schemas": [urn::USER] })).await.refused(400, Some("invalidValue"));
        assert!(refused.body["detail"].as_str().expect("a sentence").contains("userName"), "{}", refused.text);
        let empty = Request::new("POST", "/Users").json(&json!({ "schemas": [urn::USER], "userName": "" }));
        client.send(empty).await.refused(400, Some("invalidValue"));
    }
}
