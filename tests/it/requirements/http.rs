//! Media types, methods, paths and messages (RFC 7644 sections 2, 3.1, 3.8 and 3.13).

use serde_json::json;

use crate::support::{Request, encode, patch_one, urn, user};

on_both! {
    /// Nobody is told 406; every body is `application/scim+json`, which the client checks in every answer.
    async fn r004_any_accept_header_gets_scim_json(system) {
        let client = system.tenant("accept").client();
        client.get("/Users").await.expect(200);
        for accept in [
            "application/scim+json",
            "application/json",
            "application/json, application/scim+json;q=0.9",
            "application/scim+json; charset=utf-8",
            "*/*",
            "text/html",
            "",
        ] {
            client.clone().with("accept", accept).get("/Users").await.expect(200);
        }
    }

    /// Lists, errors and resources name their schema; messages are not among the schemas that are announced.
    async fn r006_every_message_names_its_schema(system) {
        let client = system.tenant("messages").client();
        assert_eq!(client.get("/Users").await.expect(200).body["schemas"], json!([urn::LIST]));
        assert_eq!(client.get("/Users/none").await.expect(404).body["schemas"], json!([urn::ERROR]));
        assert_eq!(client.post("/Users", &user("ada")).await.expect(201).body["schemas"], json!([urn::USER]));
        let announced = client.get("/Schemas").await.expect(200);
        assert!(!announced.ids().iter().any(|id| id.starts_with("urn:ietf:params:scim:api:")), "{:?}", announced.ids());
    }

    /// PUT replaces what is there; it makes nothing, also under an id of the right form.
    async fn r007_put_creates_nothing(system) {
        let client = system.tenant("put").client();
        for id in ["01890a5d-ac96-774b-bcce-b302099a8057", "my-own-id"] {
            client.put(&format!("/Users/{id}"), &user("ada")).await.expect(404);
            client.patch(&format!("/Users/{id}"), &patch_one("replace", "title", json!("x"))).await.expect(404);
        }
        assert_eq!(client.get("/Users").await.expect(200).total(), 0);
    }

    /// Entra's flag stands in the Tenant URL, so it turns up in front of, behind and without other parameters.
    async fn r009_q06_a_flag_in_the_query_changes_nothing(system) {
        let client = system.tenant("flag").client();
        client.post("/Users?aadOptscim062020", &user("ada")).await.expect(201);
        let filter = encode("userName eq \"ada\"");
        for path in [
            format!("/Users?aadOptscim062020&filter={filter}"),
            format!("/Users?filter={filter}&aadOptscim062020"),
            format!("/Users/?aadOptscim062020=&filter={filter}"),
            "/?aadOptscim062020".to_owned(),
        ] {
            assert_eq!(client.get(&path).await.expect(200).total(), 1, "{path}");
        }
    }

    /// The `ETag` header of every answer is the `meta.version` in it, which the client checks; it is a weak tag.
    async fn r015_the_entity_tag_is_the_version(system) {
        let client = system.tenant("tag").client();
        let created = client.post("/Users", &user("ada")).await.expect(201);
        let path = format!("/Users/{}", created.id());
        for answer in [
            client.get(&path).await.expect(200),
            client.put(&path, &user("ada")).await.expect(200),
            client.patch(&path, &patch_one("replace", "title", json!("x"))).await.expect(200),
        ] {
            let tag = answer.header("etag").expect("a tag");
            assert!(tag.starts_with("W/\"") && tag.ends_with('"'), "{tag}");
            assert_eq!(answer.body["meta"]["version"], json!(tag));
        }
    }

    /// A provisioning token stands for a tenant, not for a person.
    async fn r159_there_is_no_me(system) {
        let client = system.tenant("me").client();
        for method in ["GET", "PUT", "PATCH", "POST", "DELETE"] {
            for path in ["/Me", "/Me/emails"] {
                client.send(Request::new(method, path)).await.expect(501);
            }
        }
    }

    /// What the service tells about itself is not for writing.
    async fn r158_discovery_is_not_written(system) {
        let client = system.tenant("discovery").client();
        for path in ["/ServiceProviderConfig", "/ResourceTypes", "/ResourceTypes/User", "/Schemas"] {
            for method in ["POST", "PUT", "PATCH", "DELETE"] {
                let answer = client.send(Request::new(method, path).json(&json!({}))).await.expect(405);
                assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{method} {path}");
            }
        }
    }

    /// RFC 7643 section 2.3.2, as the schemas announce it.
    async fn r023_booleans_have_neither_letter_case_nor_uniqueness(system) {
        let client = system.tenant("booleans").client();
        let schemas = client.get("/Schemas").await.expect(200);
        let mut seen = 0;
        for attribute in schemas.resources().iter().flat_map(attributes).filter(|attribute| attribute["type"] == "boolean") {
            assert!(attribute.get("caseExact").is_none_or(|exact| exact == &json!(false)), "{attribute}");
            assert!(attribute.get("uniqueness").is_none_or(|unique| unique == &json!("none")), "{attribute}");
            seen += 1;
        }
        assert!(seen > 1, "active, and primary of several");
    }
}

/// The attributes of a schema and the parts of the complex ones.
fn attributes(schema: &serde_json::Value) -> Vec<&serde_json::Value> {
    let own: Vec<_> = schema["attributes"].as_array().into_iter().flatten().collect();
    let parts = own.iter().flat_map(|attribute| attribute["subAttributes"].as_array().into_iter().flatten());
    own.iter().copied().chain(parts).collect()
}
