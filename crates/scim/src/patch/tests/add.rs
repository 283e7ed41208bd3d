//! `add` (RFC 7644 section 3.5.2.1).

use super::*;

#[test]
fn r078_add_without_path_sets_each_attribute() {
    let after = repairing(&mara(), json!([{"op": "add", "value": {"nickName": "Mo", "title": "CTO"}}]), &[]);
    assert_eq!(after, with(with(mara(), "/nickName", json!("Mo")), "/title", json!("CTO")));
}

#[test]
fn r078_add_sets_a_single_value() {
    let after = repairing(&mara(), json!([{"op": "add", "path": "title", "value": "CTO"}]), &[]);
    assert_eq!(after, with(mara(), "/title", json!("CTO")));
}

#[test]
fn r078_add_creates_a_missing_target() {
    let operations = json!([{"op": "add", "path": "name.middleName", "value": "K"}]);
    let after = repairing(&json!({"userName": "m"}), operations, &[]);
    assert_eq!(after, json!({"userName": "m", "name": {"middleName": "K"}}));
}

#[test]
fn r078_add_merges_a_complex_value() {
    let after = repairing(&mara(), json!([{"op": "add", "path": "name", "value": {"familyName": "Lind"}}]), &[]);
    assert_eq!(after, with(mara(), "/name/familyName", json!("Lind")));
}

#[test]
fn r078_add_appends_to_an_array() {
    let email = json!({"value": "m@lab.example", "type": "other"});
    let after = repairing(&mara(), json!([{"op": "add", "path": "emails", "value": [email]}]), &[]);
    assert_eq!(after, with(mara(), "/emails/2", email));
}

#[test]
fn r079_adding_a_present_value_changes_nothing() {
    for value in [
        json!([{"value": "mv@home.example", "type": "home"}]),
        json!([{"value": "mv@home.example"}]),
        json!([{"value": "mara.voss@acme.example", "type": "work", "primary": true}]),
    ] {
        assert_eq!(repairing(&mara(), json!([{"op": "add", "path": "emails", "value": value}]), &[]), mara());
    }
    assert_eq!(repairing(&mara(), json!([{"op": "add", "path": "title", "value": "Lead"}]), &[]), mara());
    let levels = json!([{"op": "add", "path": format!("{BADGE}:levels"), "value": ["L2", "L1"]}]);
    assert_eq!(repairing(&mara(), levels, &[]), mara());
}

#[test]
fn r079_an_address_is_added_once() {
    let address = json!({"type": "work", "streetAddress": "Kai 4", "primary": true});
    let add = json!([{"op": "add", "path": "addresses", "value": [address]}]);
    let once = patched(&mara(), add.clone());
    assert_eq!(once["addresses"], json!([address]));
    assert_eq!(patched(&once, add), once);
}

#[test]
fn r079_the_same_value_with_another_type_is_another_element() {
    let email = json!({"value": "mv@home.example", "type": "other"});
    let after = patched(&mara(), json!([{"op": "add", "path": "emails", "value": [email]}]));
    assert_eq!(after, with(mara(), "/emails/2", email));
}

#[test]
fn r079_letter_case_matters_only_where_the_schema_says_so() {
    let after = patched(&mara(), json!([{"op": "add", "path": "emails", "value": [{"value": "MV@home.example"}]}]));
    // The text is kept as it was last sent.
    assert_eq!(after, with(mara(), "/emails/1/value", json!("MV@home.example")));
}

#[test]
fn r080_add_without_path_appends_to_arrays() {
    let email = json!({"value": "babs@jensen.example", "type": "other"});
    let after = repairing(&mara(), json!([{"op": "add", "value": {"emails": [email], "nickname": "Babs"}}]), &[]);
    assert_eq!(after, with(with(mara(), "/emails/2", email), "/nickName", json!("Babs")));
}

#[test]
fn r076_a_new_primary_element_is_the_only_one() {
    let email = json!({"value": "m@lab.example", "primary": true});
    let after = repairing(&mara(), json!([{"op": "add", "path": "emails", "value": [email]}]), &[]);
    let emails = json!([
        {"value": "mara.voss@acme.example", "type": "work", "primary": false},
        {"value": "mv@home.example", "type": "home"},
        {"value": "m@lab.example", "primary": true}]);
    assert_eq!(after["emails"], emails);
}

#[test]
fn r076_a_present_element_can_become_primary() {
    let email = json!({"value": "mv@home.example", "type": "home", "primary": true});
    let after = patched(&mara(), json!([{"op": "add", "path": "emails", "value": [email]}]));
    let emails = json!([{"value": "mara.voss@acme.example", "type": "work", "primary": false}, email]);
    assert_eq!(after["emails"], emails);
}

#[test]
fn r091_one_object_is_an_array_of_one() {
    let email = json!({"value": "m@lab.example"});
    let operations = json!([{"op": "add", "path": "emails", "value": email}]);
    assert_eq!(repairing(&mara(), operations, &[Quirk::SingleForArray]), with(mara(), "/emails/2", email));
}

#[test]
fn r090_adding_null_does_nothing() {
    for path in ["title", "name", "emails", "name.givenName", "emails[type eq \"work\"]"] {
        assert_eq!(repairing(&mara(), json!([{"op": "add", "path": path, "value": null}]), &[]), mara(), "{path}");
    }
    assert_eq!(repairing(&mara(), json!([{"op": "add", "path": "emails", "value": []}]), &[]), mara());
}

#[test]
fn r078_add_needs_a_value() {
    for operation in [json!({"op": "add", "path": "title"}), json!({"op": "add"}), json!({"op": "replace"})] {
        assert_eq!(keyword(&refused(&mara(), json!([operation]))), (400, Some(ScimType::InvalidValue)));
    }
}

#[test]
fn r078_add_updates_the_elements_a_value_path_selects() {
    let operations = json!([{"op": "add", "path": "emails[type eq \"work\"].display", "value": "Mara"}]);
    assert_eq!(repairing(&mara(), operations, &[]), with(mara(), "/emails/0/display", json!("Mara")));
    let operations = json!([{"op": "add", "path": "emails[type eq \"work\"]", "value": {"display": "Mara"}}]);
    assert_eq!(repairing(&mara(), operations, &[]), with(mara(), "/emails/0/display", json!("Mara")));
}

#[test]
fn q08_add_creates_the_element_a_value_path_describes() {
    let add = |path: &str, value: Value| json!([{"op": "add", "path": path, "value": value}]);
    let user = json!({"userName": "m"});
    for (operations, attribute, element) in [
        (add("emails[type eq \"work\"].value", json!("a@b")), "emails", json!({"type": "work", "value": "a@b"})),
        (add("emails[type eq \"work\"]", json!({"value": "a@b"})), "emails", json!({"type": "work", "value": "a@b"})),
        (
            add("addresses[type eq \"work\" and primary eq true].locality", json!("Kiel")),
            "addresses",
            json!({"type": "work", "primary": true, "locality": "Kiel"}),
        ),
    ] {
        let after = repairing(&user, operations, &[Quirk::CreatedElement]);
        assert_eq!(after[attribute], json!([element]));
    }
}

#[test]
fn r075_an_extension_attribute_brings_its_schema_along() {
    let operations = json!([{"op": "add", "path": format!("{ENTERPRISE}:employeeNumber"), "value": "7"}]);
    let after = repairing(&json!({"userName": "m"}), operations, &[]);
    assert_eq!(after, json!({"userName": "m", (ENTERPRISE): {"employeeNumber": "7"}}));
    let schemas = schemas();
    let of = schemas.of(ResourceKind::User);
    let document = Resource::from_document(&after.to_string()).unwrap().to_document(of, "1");
    let document: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document["schemas"], json!([of.schema.id.as_ref(), ENTERPRISE]));
}

#[test]
fn r075_a_whole_extension_can_be_added() {
    let value = json!({"department": "Lasers", "costCenter": "9"});
    let after = repairing(&mara(), json!([{"op": "add", "path": ENTERPRISE, "value": value}]), &[]);
    let enterprise = json!({"department": "Lasers", "manager": {"value": "0d9e"}, "costCenter": "9"});
    assert_eq!(after, with(mara(), &format!("/{ENTERPRISE}"), enterprise));
}
