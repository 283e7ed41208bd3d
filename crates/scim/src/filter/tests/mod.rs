//! Tests of filters; the subject is Mara of the conformance vectors.

mod bounds;
mod literals;
mod model;
mod names;
mod properties;
mod tolerance;
mod vectors;

use serde_json::{Map, Value, json};

use crate::{Dialect, Filter, Quirk, ResourceKind, ResourceType, Schema, Schemas, ScimError, ScimType};

const MANAGER: &str = "0d9e5a34-77aa-4c1f-9c02-6e1f1f6f0b55";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ACME: &str = "urn:acme:params:scim:schemas:hr:1.0:Badge";

/// The standard schemas and an extension with every type, whose URN does not end in `User`.
fn schemas() -> std::sync::Arc<Schemas> {
    let schema: Schema = serde_json::from_value(json!({"id": ACME, "name": "Badge", "attributes": [
        {"name": "grade", "type": "integer"},
        {"name": "quota", "type": "decimal"},
        {"name": "since", "type": "dateTime"},
        {"name": "tags", "type": "string", "multiValued": true},
        {"name": "code", "type": "string", "caseExact": true},
        {"name": "pin", "type": "string", "returned": "never"},
        {"name": "photo", "type": "binary", "caseExact": true},
        {"name": "remote", "type": "boolean"}
    ]}))
    .unwrap();
    Schemas::unchecked(vec![schema])
}

fn user() -> ResourceType {
    schemas().of(ResourceKind::User).clone()
}

fn mara() -> Map<String, Value> {
    let tree = json!({
        "schemas": [CORE, ENTERPRISE],
        "id": "2819c223-7f76-453a-919d-413861904646",
        "externalId": "a8d3f0c2-11",
        "userName": "mara.voss@acme.example",
        "name": {"familyName": "Voss", "givenName": "Mara"},
        "title": "R\"D lead",
        "active": true,
        "emails": [
            {"value": "mara.voss@acme.example", "type": "work", "primary": true},
            {"value": "mv@home.example", "type": "home"}
        ],
        "roles": [{"value": "Editor", "primary": true}],
        "groups": [{"value": "g1", "display": "Lead"}],
        "meta": {
            "resourceType": "User",
            "created": "2026-11-01T08:00:00.000Z",
            "lastModified": "2026-11-03T08:15:30.120Z",
            "version": "W/\"3\""
        },
        ENTERPRISE: {"department": "Research", "manager": {"value": MANAGER}},
        ACME: {"grade": 12, "quota": 0.5, "since": "2026-01-01T00:00:00+02:00", "tags": ["red", "Blue"], "code": "Ab",
            "photo": "AAEC", "remote": false}
    });
    tree.as_object().unwrap().clone()
}

fn parse(text: &str) -> Result<Filter, ScimError> {
    Filter::parse(text, &user(), &mut Dialect::lenient())
}

/// Whether Mara matches.
fn matches(text: &str) -> bool {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).matches(&mara())
}

/// The detail of the refusal, which must be `invalidFilter`.
fn refusal(text: &str) -> String {
    let error = parse(text).expect_err(text);
    assert_eq!((error.status, error.scim_type), (400, Some(ScimType::InvalidFilter)), "{text}");
    error.detail
}

/// Mara matches, this and only this was repaired, and a strict dialect refuses it.
fn repaired(text: &str, quirk: Quirk) {
    let mut dialect = Dialect::lenient();
    let filter = Filter::parse(text, &user(), &mut dialect).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert!(filter.matches(&mara()), "{text}");
    assert_eq!(dialect.repaired().iter().collect::<Vec<_>>(), [quirk], "{text}");
    let error = Filter::parse(text, &user(), &mut Dialect::strict()).expect_err(text);
    assert_eq!((error.status, error.scim_type), (400, Some(ScimType::InvalidFilter)), "{text}");
    assert!(error.detail.contains(quirk.reason()), "{text}: {}", error.detail);
}

/// Mara matches, also in a strict dialect.
fn plain(text: &str) {
    let filter = Filter::parse(text, &user(), &mut Dialect::strict()).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert!(filter.matches(&mara()), "{text}");
}
