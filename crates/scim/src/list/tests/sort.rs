//! The order of resources.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::{Dialect, Quirk, ResourceKind, Schema, Schemas, ScimType, SortBy, SortKey};

const ACME: &str = "urn:acme:hr:1.0:Badge";

fn schemas() -> Arc<Schemas> {
    let schema: Schema = serde_json::from_value(json!({"id": ACME, "name": "Badge", "attributes": [
        {"name": "quota", "type": "decimal"},
        {"name": "pin", "returned": "never"},
        {"name": "tags", "multiValued": true}
    ]}))
    .unwrap();
    Schemas::unchecked(vec![schema])
}

fn sort_by(name: &str) -> SortBy {
    SortBy::parse(name, schemas().of(ResourceKind::User), &mut Dialect::lenient()).unwrap()
}

fn key(name: &str, tree: &Value) -> SortKey {
    sort_by(name).key(tree.as_object().unwrap())
}

/// The trees are in ascending order; the pairs say that no two are equal.
fn ascending(name: &str, trees: &[Value]) {
    let keys: Vec<SortKey> = trees.iter().map(|tree| key(name, tree)).collect();
    assert!(keys.windows(2).all(|pair| pair[0] < pair[1]), "{name}: {keys:?}");
    let written = serde_json::to_string(&keys).unwrap();
    assert_eq!(serde_json::from_str::<Vec<SortKey>>(&written).unwrap(), keys, "a cursor carries them without loss");
}

#[test]
fn r127_what_has_no_value_comes_last() {
    ascending("title", &[json!({"title": "a"}), json!({"title": "b"}), json!({})]);
    ascending("active", &[json!({"active": false}), json!({"active": true}), json!({})]);
    for empty in [json!({"title": ""}), json!({"title": null}), json!({"title": []})] {
        assert_eq!(key("title", &empty), SortKey::Missing);
    }
}

#[test]
fn r127_letter_case_counts_only_where_it_is_exact() {
    assert_eq!(key("userName", &json!({"userName": "\u{c4}da"})), key("USERNAME", &json!({"userName": "\u{e4}DA"})));
    ascending("userName", &[json!({"userName": "ADA"}), json!({"userName": "bob"}), json!({"userName": "Carl"})]);
    ascending("externalId", &[json!({"externalId": "B"}), json!({"externalId": "a"})]);
}

#[test]
fn long_texts_are_sorted_by_their_beginning_so_that_a_cursor_can_carry_it() {
    let title =
        |start: &str, end: &str| json!({ "title": format!("{start}{}{end}", "\u{ff21}e\u{301}".repeat(50_000)) });
    ascending("title", &[title("A", ""), title("b", "")]);
    assert_eq!(key("title", &title("A", "x")), key("title", &title("a", "y")));
    let SortKey::Text(text) = key("title", &title("", "")) else { panic!("a text") };
    assert!(text.len() <= 512 && text.starts_with("a\u{e9}a\u{e9}"), "{}", text.len());
    ascending("externalId", &[json!({ "externalId": "A".repeat(9_000) }), json!({ "externalId": "a".repeat(9_000) })]);
}

#[test]
fn r127_the_primary_element_counts_else_the_first() {
    let primary = json!({"emails": [{"value": "a"}, {"value": "c", "primary": true}]});
    let first = json!({"emails": [{"value": "b"}, {"value": "a", "primary": false}]});
    ascending("emails.value", &[first.clone(), primary.clone(), json!({"emails": []})]);
    ascending("emails", &[first, primary]);
    assert_eq!(key("emails.type", &json!({"emails": [{"value": "a"}]})), SortKey::Missing);
    assert_eq!(key(&format!("{ACME}:tags"), &json!({ACME: {"tags": ["b", "a"]}})), SortKey::Text("b".to_owned()));
}

#[test]
fn r127_date_times_and_numbers_are_no_texts() {
    let created = |text: &str| json!({"meta": {"created": text}});
    ascending(
        "meta.created",
        &[
            created("2026-11-03T09:15:30+02:00"),
            created("2026-11-03T08:15:30Z"),
            created("2026-11-03T08:15:30.12Z"),
            created("not a time"),
        ],
    );
    let quota = |number: Value| json!({ACME: {"quota": number}});
    let numbers = [json!(-1e300), json!(-2), json!(-0.5), json!(0), json!(0.25), json!(9), json!(10), json!(1e300)];
    ascending(&format!("{ACME}:quota"), &numbers.map(quota));
    let zero = |number: Value| key(&format!("{ACME}:quota"), &quota(number));
    assert_eq!(zero(json!(-0.0)), zero(json!(0)));
}

#[test]
fn r127_a_sort_attribute_must_be_one() {
    let schemas = schemas();
    for name in ["shoeSize", "name", "meta", "password", &format!("{ACME}:pin"), "emails[type eq \"work\"]", "members"]
    {
        let error = SortBy::parse(name, schemas.of(ResourceKind::User), &mut Dialect::lenient()).unwrap_err();
        assert_eq!((error.status, error.scim_type), (400, Some(ScimType::InvalidValue)), "{name}");
        assert!(error.detail.starts_with("sortBy: "), "{}", error.detail);
    }
    let error = SortBy::parse("emails", schemas.of(ResourceKind::User), &mut Dialect::strict()).unwrap_err();
    assert!(error.detail.contains(Quirk::ComparedComplex.reason()));
}

#[test]
fn r129_on_the_root_a_type_without_the_attribute_comes_last() {
    let schemas = schemas();
    let sort_by = SortBy::parse_root("userName", &schemas, ResourceKind::Group, &mut Dialect::strict()).unwrap();
    assert_eq!(
        (sort_by.path(), sort_by.key(json!({"displayName": "x"}).as_object().unwrap())),
        (None, SortKey::Missing)
    );
    let sort_by = SortBy::parse_root("displayName", &schemas, ResourceKind::Group, &mut Dialect::strict()).unwrap();
    assert_eq!(sort_by.path().unwrap().to_string(), "displayName");
}
