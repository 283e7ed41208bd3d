//! Names, URNs and the rules for extension schemas.

use serde_json::{Value, json};

use crate::{Attribute, Dialect, Kind, Mutability, Quirk, ResourceKind, Returned, Schema, Schemas, Uniqueness};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn extension(id: &str, attributes: &Value) -> Schema {
    serde_json::from_value(json!({ "id": id, "name": "Own", "attributes": attributes })).unwrap()
}

fn own(extensions: Vec<Schema>) -> std::sync::Arc<Schemas> {
    Schemas::with_extensions(extensions).unwrap()
}

fn resolved(schemas: &Schemas, name: &str) -> Option<String> {
    let mut dialect = Dialect::lenient();
    schemas.of(ResourceKind::User).resolve(name, &mut dialect).unwrap().map(|path| path.to_string())
}

fn refusal(attributes: &Value) -> String {
    extension("urn:acme:scim:own", attributes).check().unwrap_err().detail
}

#[test]
fn the_standard_documents_are_complete() {
    let schemas = Schemas::standard();
    assert_eq!(schemas.all().count(), 3);
    for schema in schemas.all() {
        assert!(schema.attributes.iter().all(|attribute| !attribute.description.is_empty()), "{}", schema.id);
        let read: Schema = serde_json::from_value(serde_json::to_value(schema).unwrap()).unwrap();
        assert_eq!(&read, schema.as_ref());
    }
}

#[test]
fn r019_names_and_urns_are_found_in_any_letter_case() {
    let schemas = Schemas::standard();
    assert_eq!(resolved(&schemas, "USERNAME").as_deref(), Some("userName"));
    assert_eq!(resolved(&schemas, "Name.FamilyName").as_deref(), Some("name.familyName"));
    let core = "URN:IETF:params:scim:schemas:core:2.0:user:USERNAME";
    assert_eq!(resolved(&schemas, core).as_deref(), Some("userName"));
    let department = "urn:ietf:params:scim:schemas:extension:ENTERPRISE:2.0:User:Department";
    assert_eq!(resolved(&schemas, department), Some(format!("{ENTERPRISE}:department")));
    assert_eq!(resolved(&schemas, "meta.LASTMODIFIED").as_deref(), Some("meta.lastModified"));
}

#[test]
fn r020_ref_can_be_named() {
    let group = Schemas::standard();
    let path = group.of(ResourceKind::Group).resolve("members.$ref", &mut Dialect::strict()).unwrap().unwrap();
    assert_eq!(path.to_string(), "members.$ref");
    assert_eq!(path.leaf().kind, Kind::Reference);
}

#[test]
fn r020_names_have_letters_digits_and_three_signs() {
    let schemas = own(vec![extension("urn:acme:scim:own", &json!([{ "name": "a$B-9_z" }]))]);
    let user = schemas.of(ResourceKind::User);
    let name = "urn:acme:scim:own:A$b-9_Z";
    let path = crate::Path::parse(name, user, &mut Dialect::strict()).unwrap().unwrap();
    assert_eq!(path.to_string(), "urn:acme:scim:own:a$B-9_z");
    let filter = crate::Filter::parse(&format!("{name} eq \"x\""), user, &mut Dialect::strict()).unwrap();
    assert!(filter.matches(json!({ "urn:acme:scim:own": { "a$B-9_z": "X" } }).as_object().unwrap()));
    assert!(crate::Projection::parse(Some(name), None).unwrap().includes(user, "id"));
}

#[test]
fn what_no_schema_has_is_not_found() {
    let schemas = Schemas::standard();
    let unknown = ["", ".", "name.", "name.first", "userName.value", "name.formatted.x", "members", "urn:acme:x:color"];
    for name in unknown.into_iter().chain([ENTERPRISE, "urn:ietf:params:scim:schemas:core:2.0:Userx:userName"]) {
        assert_eq!(resolved(&schemas, name), None, "{name}");
    }
}

#[test]
fn r021_characteristics_left_out_have_the_defaults_of_the_rfc() {
    let attribute: Attribute = serde_json::from_value(json!({ "name": "color" })).unwrap();
    assert_eq!(attribute.kind, Kind::String);
    assert!(!attribute.required && !attribute.case_exact && !attribute.multi_valued);
    assert!(attribute.canonical_values.is_empty());
    assert_eq!(attribute.mutability, Mutability::ReadWrite);
    assert_eq!((attribute.returned, attribute.uniqueness), (Returned::Default, Uniqueness::None));
}

#[test]
fn r026_r027_what_is_case_exact_by_its_type_says_so() {
    let exact = |path: &str| {
        let user = Schemas::standard();
        let user = user.of(ResourceKind::User);
        user.resolve(path, &mut Dialect::strict()).unwrap().unwrap().leaf().case_exact
    };
    assert!(exact("x509Certificates.value") && exact("groups.$ref") && exact("profileUrl") && exact("externalId"));
    assert!(!exact("userName") && !exact("emails.value"));
}

#[test]
fn r026_r027_binaries_and_references_of_a_tenant_are_case_exact_whatever_its_schema_says() {
    let subs = json!([{ "name": "scan", "type": "binary", "caseExact": false }]);
    let attributes = json!([
        { "name": "photo", "type": "binary" }, { "name": "page", "type": "reference" }, { "name": "color" },
        { "name": "card", "type": "complex", "subAttributes": subs },
    ]);
    let schemas = own(vec![extension("urn:acme:scim:own", &attributes)]);
    let user = schemas.of(ResourceKind::User);
    let exact = |path: &str| user.resolve(path, &mut Dialect::lenient()).unwrap().unwrap().leaf().case_exact;
    assert!(exact("photo") && exact("page") && exact("card.scan") && !exact("color"));
    let filter = crate::Filter::parse("page eq \"https://x/A\"", user, &mut Dialect::lenient()).unwrap();
    let tree = json!({ "urn:acme:scim:own": { "page": "https://x/a" } });
    assert!(!filter.matches(tree.as_object().unwrap()));
}

#[test]
fn r023_booleans_have_neither_letter_case_nor_uniqueness() {
    assert!(refusal(&json!([{ "name": "x", "type": "boolean", "uniqueness": "server" }])).contains("uniqueness"));
    let schemas =
        own(vec![extension("urn:acme:scim:own", &json!([{ "name": "x", "type": "boolean", "caseExact": true }]))]);
    let user = schemas.of(ResourceKind::User);
    let filter = crate::Filter::parse("urn:acme:scim:own:x eq \"TRUE\"", user, &mut Dialect::lenient()).unwrap();
    assert!(filter.matches(json!({ "urn:acme:scim:own": { "x": true } }).as_object().unwrap()));
}

#[test]
fn r028_nothing_complex_is_inside_a_complex_attribute() {
    let inner = json!({ "name": "inner", "type": "complex", "subAttributes": [{ "name": "x" }] });
    let sentence = refusal(&json!([{ "name": "outer", "type": "complex", "subAttributes": [inner] }]));
    assert_eq!(sentence, "urn:acme:scim:own:outer.inner is complex inside a complex attribute");
}

#[test]
fn r035_no_extension_is_required() {
    let schemas = Schemas::standard();
    assert_eq!(schemas.of(ResourceKind::User).extensions.len(), 1);
    assert!(schemas.of(ResourceKind::Group).extensions.is_empty());
}

#[test]
fn q11_an_unambiguous_extension_attribute_needs_no_urn() {
    let schemas = Schemas::standard();
    let user = schemas.of(ResourceKind::User);
    let mut dialect = Dialect::lenient();
    let path = user.resolve("manager", &mut dialect).unwrap().unwrap();
    assert_eq!(path.to_string(), format!("{ENTERPRISE}:manager"));
    assert!(dialect.repaired().contains(Quirk::UnqualifiedExtension));
    let refusal = user.resolve("manager.value", &mut Dialect::strict()).unwrap_err();
    assert!(refusal.detail.contains(&format!("write {ENTERPRISE}:manager.value")), "{refusal}");
    let two = own(vec![extension("urn:acme:scim:own", &json!([{ "name": "Manager" }, { "name": "title" }]))]);
    assert_eq!(resolved(&two, "manager"), None, "two extensions have it");
    assert_eq!(resolved(&two, "title").as_deref(), Some("title"), "core attributes come first");
}

#[test]
fn q50_the_longest_urn_wins_and_may_end_in_anything() {
    let schemas = own(vec![
        extension("urn:acme:scim", &json!([{ "name": "badge" }])),
        extension("urn:acme:scim:badge", &json!([{ "name": "color" }])),
    ]);
    assert_eq!(resolved(&schemas, "urn:acme:scim:badge:color").as_deref(), Some("urn:acme:scim:badge:color"));
    let user = schemas.of(ResourceKind::User);
    let (schema, rest) = user.split_urn("urn:ACME:scim:badge").unwrap();
    assert_eq!((schema.id.as_ref(), rest), ("urn:acme:scim:badge", ""));
    let (schema, rest) = user.split_urn("urn:acme:scim:other.x").unwrap();
    assert_eq!((schema.id.as_ref(), rest), ("urn:acme:scim", "other.x"));
    assert!(user.split_urn("urn:acme:scimx:badge").is_none());
    assert!(user.split_urn("urn:acme:sci\u{e4}").is_none(), "not cut inside a character");
}

#[test]
fn a_hundred_extensions_are_told_apart() {
    let attributes = |n: usize| json!([{ "name": format!("own{n}") }, { "name": "color", "type": "string" }]);
    let many = (0..100).map(|n| extension(&format!("urn:acme:{}x", "x:".repeat(n)), &attributes(n))).collect();
    let schemas = own(many);
    for n in [0, 1, 50, 99] {
        let urn = format!("urn:acme:{}x", "x:".repeat(n));
        assert_eq!(resolved(&schemas, &format!("OWN{n}")), Some(format!("{urn}:own{n}")));
        assert_eq!(resolved(&schemas, &format!("{}:color", urn.to_uppercase())), Some(format!("{urn}:color")));
    }
    assert_eq!(resolved(&schemas, "color"), None, "all of them have it");
    assert_eq!(resolved(&schemas, "own100"), None);
}

#[test]
fn extension_urns_are_urns_of_their_own() {
    let color = || json!([{ "name": "color" }]);
    let refused = ["acme", "urn:acme", "urn::x", "urn:a b:c", "urn:ietf:params:scim:schemas:core:2.0:Device"];
    for urn in refused {
        assert!(extension(urn, &color()).check().is_err(), "{urn}");
    }
    assert!(Schemas::with_extensions(vec![extension(ENTERPRISE, &color())]).is_err());
    let twice = vec![extension("urn:acme:x", &color()), extension("urn:ACME:x", &color())];
    assert_eq!(Schemas::with_extensions(twice).unwrap_err().detail, "schema urn:acme:x is there twice");
}

#[test]
fn extension_attributes_have_usable_names() {
    assert!(refusal(&json!([])).contains("has no attributes"));
    for name in ["", "1st", "a.b", "a b", "\u{e4}"] {
        assert!(refusal(&json!([{ "name": name }])).contains("unusable name"), "{name}");
    }
    assert!(refusal(&json!([{ "name": "color" }, { "name": "Color" }])).contains("has Color twice"));
    let reference = json!([{ "name": "desk", "type": "complex", "subAttributes": [{ "name": "$ref" }] }]);
    assert_eq!(extension("urn:acme:scim:own", &reference).check(), Ok(()));
}

#[test]
fn r157_nothing_is_announced_that_is_not_enforced() {
    assert!(refusal(&json!([{ "name": "x", "mutability": "writeOnly" }])).contains("writeOnly"));
    assert!(refusal(&json!([{ "name": "x", "returned": "never" }])).contains("secrets are not kept"));
    let part = json!([{ "name": "x", "type": "complex", "subAttributes": [{ "name": "pin", "returned": "never" }] }]);
    assert!(refusal(&part).contains("x.pin is never returned"));
    assert!(refusal(&json!([{ "name": "x", "uniqueness": "server" }])).contains("uniqueness"));
    assert!(refusal(&json!([{ "name": "x", "required": true, "mutability": "readOnly" }])).contains("nobody"));
    assert!(refusal(&json!([{ "name": "x", "type": "complex" }])).contains("no sub-attributes"));
    assert!(refusal(&json!([{ "name": "x", "subAttributes": [{ "name": "y" }] }])).contains("not complex"));
}
