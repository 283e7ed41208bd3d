//! What a resource tells about itself, and how two states differ.

use serde_json::{Value, json};

use super::{ENTERPRISE, Resource, USER, schemas};
use crate::{Change, Dialect, ResourceKind, changes};

fn resource(attributes: &Value) -> Resource {
    Resource::from_document(&attributes.to_string()).unwrap()
}

fn change(path: &str, old: Option<Value>, new: Option<Value>) -> Change {
    Change { path: path.to_owned(), old, new }
}

#[test]
fn a_document_is_read_as_it_was_written() {
    let text = format!(
        r#"{{"schemas":["{USER}","{ENTERPRISE}"],"id":"u-1","userName":"mara","active":false,"{ENTERPRISE}":{{"division":"x"}}}}"#
    );
    let resource = Resource::from_document(&text).unwrap();
    let names: Vec<&String> = resource.attributes().keys().collect();
    assert_eq!(names, ["userName", "active", ENTERPRISE]);
    assert_eq!(resource.to_document(schemas().of(ResourceKind::User), "u-1"), text);
    assert!(Resource::from_document("[]").is_err());
}

#[test]
fn the_parts_the_directory_looks_up_are_at_hand() {
    let mara = resource(&json!({
        "userName": "mara", "externalId": "a8", "displayName": "Mara", "active": false,
        "emails": [{ "value": "a@b" }, { "type": "work" }, { "value": "c@d" }],
        ENTERPRISE: { "manager": { "value": "0d9e" } },
    }));
    assert_eq!((mara.user_name(), mara.external_id(), mara.display_name()), (Some("mara"), Some("a8"), Some("Mara")));
    assert_eq!(mara.emails().collect::<Vec<_>>(), ["a@b", "c@d"]);
    assert_eq!((mara.manager(), mara.active()), (Some("0d9e"), false));
    assert!(!resource(&json!({})).active());
}

#[test]
fn the_name_shown_is_the_first_that_is_known() {
    let shown = |attributes: &Value| resource(attributes).display();
    let name = json!({ "formatted": "Dr. Mara Voss", "givenName": "Mara", "familyName": "Voss" });
    assert_eq!(shown(&json!({ "displayName": "MV", "name": name })).as_deref(), Some("MV"));
    assert_eq!(shown(&json!({ "userName": "m", "name": name })).as_deref(), Some("Dr. Mara Voss"));
    let parts = json!({ "familyName": "Voss", "givenName": "Mara" });
    assert_eq!(shown(&json!({ "userName": "m", "name": parts })).as_deref(), Some("Mara Voss"));
    assert_eq!(shown(&json!({ "userName": "m", "name": { "middleName": "x" } })).as_deref(), Some("m"));
    assert_eq!(shown(&json!({})), None);
}

#[test]
fn a_value_is_found_by_its_path() {
    let mara = resource(&json!({
        "userName": "m", "name": { "givenName": "Mara" }, "emails": [{ "value": "a" }], ENTERPRISE: { "manager": { "value": "x" } },
    }));
    let get = |name: &str| {
        let schemas = schemas();
        let path = schemas.of(ResourceKind::User).resolve(name, &mut Dialect::lenient()).unwrap().unwrap();
        mara.get(&path).cloned()
    };
    assert_eq!(get("username"), Some(json!("m")));
    assert_eq!(get("name.givenName"), Some(json!("Mara")));
    assert_eq!(get("name.familyName"), None);
    assert_eq!(get("emails"), Some(json!([{ "value": "a" }])));
    assert_eq!(get("emails.value"), None);
    assert_eq!(get("manager.value"), Some(json!("x")));
    assert_eq!(get("department"), None);
}

#[test]
fn changes_are_told_by_attribute() {
    let before = resource(&json!({
        "userName": "m", "title": "Dr", "name": { "givenName": "Mara", "familyName": "Voss" }, "emails": [{ "value": "a" }],
        ENTERPRISE: { "department": "Optics", "manager": { "value": "x" } },
    }));
    let after = resource(&json!({
        "userName": "m", "name": { "familyName": "Lind", "givenName": "Mara" }, "emails": [{ "value": "b" }], "active": true,
        ENTERPRISE: { "manager": { "value": "y" } },
    }));
    let expected = [
        change("title", Some(json!("Dr")), None),
        change("name.familyName", Some(json!("Voss")), Some(json!("Lind"))),
        change("emails", Some(json!([{ "value": "a" }])), Some(json!([{ "value": "b" }]))),
        change(&format!("{ENTERPRISE}:department"), Some(json!("Optics")), None),
        change(&format!("{ENTERPRISE}:manager.value"), Some(json!("x")), Some(json!("y"))),
        change("active", None, Some(json!(true))),
    ];
    assert_eq!(changes(Some(&before), Some(&after)), expected);
    assert_eq!(changes(Some(&before), Some(&before)), []);
}

#[test]
fn r028_the_order_of_parts_is_irrelevant() {
    let one = resource(&json!({ "userName": "m", "name": { "givenName": "Mara", "familyName": "Voss" } }));
    let other = resource(&json!({ "name": { "familyName": "Voss", "givenName": "Mara" }, "userName": "m" }));
    assert_eq!(one, other);
    assert_eq!(changes(Some(&one), Some(&other)), []);
}

#[test]
fn creation_and_deletion_are_changes_of_everything() {
    let mara = resource(&json!({ "userName": "m", ENTERPRISE: { "manager": { "value": "x" } } }));
    let path = format!("{ENTERPRISE}:manager.value");
    let created = [change("userName", None, Some(json!("m"))), change(&path, None, Some(json!("x")))];
    assert_eq!(changes(None, Some(&mara)), created);
    let deleted = [change("userName", Some(json!("m")), None), change(&path, Some(json!("x")), None)];
    assert_eq!(changes(Some(&mara), None), deleted);
}
