//! Discovery, as clients read it.

use serde_json::{Value, json};

use super::{Capabilities, resource_type, resource_types, schema, schemas, service_provider_config};
use crate::{EventContent, Schema, Schemas, SecurityEvent};

const BASE: &str = "https://gw.example.net/t/acme/scim/v2";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn capabilities() -> Capabilities {
    Capabilities {
        documentation_uri: None,
        max_operations: 1_000,
        max_payload_size: 1_048_576,
        max_results: 200,
        default_page_size: 100,
        cursor_timeout_seconds: 3_600,
        security_events: Vec::new(),
    }
}

fn with_badge() -> std::sync::Arc<Schemas> {
    let badge: Schema = serde_json::from_value(json!({
        "id": "urn:acme:scim:badge", "name": "Badge", "attributes": [{ "name": "color" }],
    }))
    .unwrap();
    Schemas::with_extensions(vec![badge]).unwrap()
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        _ => false,
    }
}

fn attribute<'a>(attributes: &'a Value, name: &str) -> &'a Value {
    attributes.as_array().unwrap().iter().find(|attribute| attribute["name"] == name).unwrap()
}

#[test]
fn r151_r152_the_service_tells_what_it_can() {
    let expected = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": { "supported": true, "maxOperations": 1000, "maxPayloadSize": 1_048_576 },
        "filter": { "supported": true, "maxResults": 200 },
        "changePassword": { "supported": false },
        "sort": { "supported": true },
        "etag": { "supported": true },
        "pagination": {
            "cursor": true, "index": true, "defaultPaginationMethod": "index",
            "defaultPageSize": 100, "maxPageSize": 200, "cursorTimeout": 3600,
        },
        "authenticationSchemes": [{
            "type": "oauthbearertoken", "name": "Bearer token",
            "description": "The provisioning token of the tenant, in the Authorization header",
            "specUri": "https://www.rfc-editor.org/info/rfc6750", "primary": true,
        }, {
            "type": "oauth2", "name": "OAuth 2.0 client credentials",
            "description": format!("An access token from {BASE}/oauth2/token, in the Authorization header"),
            "specUri": "https://www.rfc-editor.org/info/rfc6749", "primary": false,
        }],
        "meta": { "resourceType": "ServiceProviderConfig", "location": format!("{BASE}/ServiceProviderConfig") },
    });
    assert_eq!(service_provider_config(&capabilities(), BASE), expected);
}

#[test]
fn r168_what_streams_tell_is_announced_if_there_are_any() {
    let streams = Capabilities { security_events: SecurityEvent::of(EventContent::Notice), ..capabilities() };
    let expected = json!({
        "asyncRequest": "request",
        "eventUris": [
            "urn:ietf:params:scim:event:feed:add",
            "urn:ietf:params:scim:event:prov:create:notice",
            "urn:ietf:params:scim:event:prov:patch:notice",
            "urn:ietf:params:scim:event:prov:put:notice",
            "urn:ietf:params:scim:event:prov:delete",
            "urn:ietf:params:scim:event:prov:activate",
            "urn:ietf:params:scim:event:prov:deactivate",
            "urn:ietf:params:scim:event:misc:asyncresp",
        ],
    });
    assert_eq!(service_provider_config(&streams, BASE)["securityEvents"], expected);
    assert_eq!(service_provider_config(&capabilities(), BASE).get("securityEvents"), None);
}

#[test]
fn r152_documentation_is_named_when_there_is_one() {
    let uri = Some("https://docs.example.net/scim".to_owned());
    let config = service_provider_config(&Capabilities { documentation_uri: uri, ..capabilities() }, BASE);
    assert_eq!(config["documentationUri"], "https://docs.example.net/scim");
}

#[test]
fn r153_r155_resource_types_are_a_list_of_both() {
    let user = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": "User", "name": "User", "description": "User account", "endpoint": "/Users", "schema": USER,
        "schemaExtensions": [{ "schema": ENTERPRISE, "required": false }],
        "meta": { "resourceType": "ResourceType", "location": format!("{BASE}/ResourceTypes/User") },
    });
    let group = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": "Group", "name": "Group", "description": "Group", "endpoint": "/Groups", "schema": GROUP,
        "meta": { "resourceType": "ResourceType", "location": format!("{BASE}/ResourceTypes/Group") },
    });
    let standard = Schemas::standard();
    assert_eq!(
        resource_types(&standard, BASE),
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": 2, "itemsPerPage": 2, "startIndex": 1, "Resources": [user, group],
        })
    );
    assert_eq!(resource_type(&standard, "user", BASE), Some(user));
    assert_eq!(resource_type(&standard, "Device", BASE), None);
}

#[test]
fn r153_a_schema_is_found_in_any_letter_case() {
    let found = schema(&Schemas::standard(), &ENTERPRISE.to_ascii_uppercase(), BASE).unwrap();
    assert_eq!(found["id"], ENTERPRISE);
    assert_eq!(found["schemas"], json!(["urn:ietf:params:scim:schemas:core:2.0:Schema"]));
    assert_eq!(found["meta"], json!({ "resourceType": "Schema", "location": format!("{BASE}/Schemas/{ENTERPRISE}") }));
    assert_eq!(schema(&Schemas::standard(), "urn:acme:unknown", BASE), None);
}

#[test]
fn r156_attributes_are_published_with_every_characteristic() {
    let user = schema(&Schemas::standard(), USER, BASE).unwrap();
    assert_eq!(
        attribute(&user["attributes"], "userName"),
        &json!({
            "name": "userName", "type": "string", "multiValued": false,
            "description": "The name the user signs in with, unique among the users.", "required": true,
            "caseExact": false, "mutability": "readWrite", "returned": "default", "uniqueness": "server",
        })
    );
    let email = &attribute(&user["attributes"], "emails")["subAttributes"];
    assert_eq!(attribute(email, "type")["canonicalValues"], json!(["work", "home", "other"]));
    let groups = &attribute(&user["attributes"], "groups")["subAttributes"];
    assert_eq!(attribute(groups, "$ref")["referenceTypes"], json!(["Group"]));
}

#[test]
fn r156_every_characteristic_has_a_word_of_the_rfc() {
    fn check(attribute: &Value) {
        let one_of =
            |name: &str, words: &[&str]| assert!(words.contains(&attribute[name].as_str().unwrap()), "{attribute}");
        one_of("type", &["string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex"]);
        one_of("mutability", &["readOnly", "readWrite", "immutable", "writeOnly"]);
        one_of("returned", &["always", "never", "default", "request"]);
        one_of("uniqueness", &["none", "server", "global"]);
        for flag in ["multiValued", "required", "caseExact"] {
            assert!(attribute[flag].is_boolean(), "{attribute}");
        }
        attribute["subAttributes"].as_array().into_iter().flatten().for_each(check);
    }
    let every: Schema = serde_json::from_value(json!({
        "id": "urn:acme:scim:every", "name": "Every", "attributes": [
            { "name": "a", "type": "dateTime", "returned": "request" }, { "name": "b", "type": "binary", "returned": "never" },
            { "name": "c", "type": "decimal", "mutability": "immutable" }, { "name": "d", "type": "integer", "mutability": "readOnly" },
        ],
    }))
    .unwrap();
    let listed = schemas(&Schemas::unchecked(vec![every]), BASE);
    for schema in listed["Resources"].as_array().unwrap() {
        schema["attributes"].as_array().unwrap().iter().for_each(check);
    }
}

#[test]
fn r138_paging_is_announced_with_its_default() {
    let pagination = service_provider_config(&capabilities(), BASE)["pagination"].clone();
    let expected = json!({
        "cursor": true, "index": true, "defaultPaginationMethod": "index",
        "defaultPageSize": 100, "maxPageSize": 200, "cursorTimeout": 3600,
    });
    assert_eq!(pagination, expected);
}

#[test]
fn r157_a_tenants_extension_is_announced_everywhere() {
    let own = with_badge();
    let listed = schemas(&own, BASE);
    let ids: Vec<&str> = listed["Resources"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [USER, GROUP, ENTERPRISE, "urn:acme:scim:badge"]);
    let extensions = &resource_type(&own, "User", BASE).unwrap()["schemaExtensions"];
    assert_eq!(extensions[1], json!({ "schema": "urn:acme:scim:badge", "required": false }));
}

#[test]
fn r032_nothing_announced_is_null() {
    let own = with_badge();
    assert!(!has_null(&schemas(&own, BASE)));
    assert!(!has_null(&resource_types(&own, BASE)));
    assert!(!has_null(&service_provider_config(&capabilities(), BASE)));
}
