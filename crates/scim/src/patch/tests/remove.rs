//! `remove` (RFC 7644 section 3.5.2.2).

use super::*;

#[test]
fn r081_remove_unassigns() {
    for (path, pointer) in [
        ("title", "/title"),
        ("name", "/name"),
        ("name.givenName", "/name/givenName"),
        ("emails", "/emails"),
        ("emails[type eq \"work\"]", "/emails/0"),
        ("emails[type eq \"work\" and value ew \"acme.example\"]", "/emails/0"),
        ("emails[type eq \"work\"].primary", "/emails/0/primary"),
    ] {
        let expected = with(mara(), pointer, Value::Null);
        assert_eq!(repairing(&mara(), json!([{"op": "remove", "path": path}]), &[]), expected, "{path}");
        let with_null = json!([{"op": "remove", "path": path, "value": null}]);
        assert_eq!(repairing(&mara(), with_null, &[]), expected, "{path}");
    }
}

#[test]
fn r081_without_elements_or_parts_the_attribute_is_unassigned() {
    for operations in [
        json!([{"op": "remove", "path": "emails[type pr]"}]),
        json!([{"op": "remove", "path": "emails[type eq \"work\"]"}, {"op": "remove", "path": "emails[type eq \"home\"]"}]),
    ] {
        assert_eq!(repairing(&mara(), operations, &[]), with(mara(), "/emails", Value::Null));
    }
    let user = json!({"userName": "m", "name": {"givenName": "M"}, (ENTERPRISE): {"department": "Optics"}});
    let operations = json!([{"op": "remove", "path": "name.givenName"}, {"op": "remove", "path": format!("{ENTERPRISE}:department")}]);
    assert_eq!(repairing(&user, operations, &[]), json!({"userName": "m"}));
}

#[test]
fn r075_removing_an_extension_removes_all_of_it() {
    let expected = with(mara(), &format!("/{ENTERPRISE}"), Value::Null);
    assert_eq!(repairing(&mara(), json!([{"op": "remove", "path": ENTERPRISE}]), &[]), expected);
    let lower = ENTERPRISE.to_ascii_lowercase();
    assert_eq!(repairing(&mara(), json!([{"op": "remove", "path": lower}]), &[]), expected);
}

#[test]
fn r035_r082_what_an_extension_requires_goes_only_with_the_extension() {
    let visa = json!({"id": "urn:acme:visa", "name": "Visa", "attributes": [
        {"name": "number", "required": true}, {"name": "country"}, {"name": "issuer", "mutability": "immutable"}]});
    let schemas = Schemas::with_extensions(vec![serde_json::from_value(visa).unwrap()]).unwrap();
    let of = schemas.of(ResourceKind::User);
    let removed = |user: Value, path: &str| {
        let body = message(json!([{"op": "remove", "path": path}]));
        let patch = Patch::parse(body, of, 9, &mut Dialect::strict()).unwrap();
        let current = Resource::from_document(&user.to_string()).unwrap();
        patch.apply(&current, of, &mut Dialect::strict()).map(|after| Value::Object(after.attributes().clone()))
    };
    let user = json!({"userName": "m", "urn:acme:visa": {"number": "1", "country": "US"}});
    let refusal = removed(user.clone(), "urn:acme:visa:number").unwrap_err();
    assert_eq!(keyword(&refusal), (400, Some(ScimType::Mutability)));
    assert_eq!(removed(user, "urn:acme:visa"), Ok(json!({"userName": "m"})));
    let issued = json!({"userName": "m", "urn:acme:visa": {"number": "1", "issuer": "i"}});
    assert_eq!(keyword(&removed(issued, "urn:acme:visa").unwrap_err()), (400, Some(ScimType::Mutability)));
}

#[test]
fn r082_a_required_attribute_cannot_be_removed() {
    let refusal = refused(&mara(), json!([{"op": "remove", "path": "userName"}]));
    assert_eq!(keyword(&refusal), (400, Some(ScimType::Mutability)));
}

#[test]
fn r075_the_last_attribute_of_an_extension_takes_its_schema_along() {
    let user = json!({"userName": "m", (ENTERPRISE): {"department": "Optics"}});
    let after = patched(&user, json!([{"op": "remove", "path": format!("{ENTERPRISE}:department")}]));
    let schemas = schemas();
    let of = schemas.of(ResourceKind::User);
    let document = Resource::from_document(&after.to_string()).unwrap().to_document(of, "1");
    let document: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document, json!({"schemas": [of.schema.id.as_ref()], "id": "1", "userName": "m"}));
}

#[test]
fn r084_a_remove_that_names_some_never_removes_all() {
    for value in [json!([{"value": "x@y"}]), json!({"value": "x@y"}), json!("x@y"), json!([]), json!(""), json!([{}])] {
        let operations = json!([{"op": "remove", "path": "emails", "value": value}]);
        assert_eq!(patched(&mara(), operations), mara(), "{value}");
    }
    let levels = json!([{"op": "remove", "path": format!("{BADGE}:levels"), "value": "L2"}]);
    assert_eq!(patched(&mara(), levels)[BADGE]["levels"], json!(["L1"]));
}

#[test]
fn r071_remove_needs_a_path() {
    for operation in [
        json!({"op": "remove"}),
        json!({"op": "remove", "value": {"title": "x"}}),
        json!({"op": "remove", "path": null}),
        json!({"op": "remove", "path": "", "value": [{"value": "x"}]}),
    ] {
        assert_eq!(keyword(&refused(&mara(), json!([operation]))), (400, Some(ScimType::NoTarget)), "{operation}");
    }
}

#[test]
fn q12_remove_with_a_value_removes_what_it_names() {
    let remove = |path: &str, value: Value| json!([{"op": "remove", "path": path, "value": value}]);
    let quirk = &[Quirk::RemoveByValue];
    let without_home = with(mara(), "/emails/1", Value::Null);
    for value in [
        json!([{"value": "mv@home.example"}]),
        json!([{"value": "mv@home.example", "type": "home", "display": "ignored"}]),
        json!([{"value": "MV@HOME.example"}]),
    ] {
        assert_eq!(repairing(&mara(), remove("emails", value), quirk), without_home);
    }
    assert_eq!(
        repairing(&mara(), remove("emails", json!([{"value": "mv@home.example", "type": "work"}])), quirk),
        mara()
    );
    assert_eq!(repairing(&mara(), remove("emails", json!([{"value": "nobody@x"}])), quirk), mara());
    assert_eq!(repairing(&mara(), remove("emails", json!([])), quirk), mara());
    let after = repairing(&mara(), remove(&format!("{BADGE}:levels"), json!(["L1", "L8"])), quirk);
    assert_eq!(after[BADGE]["levels"], json!(["L2"]));
}

#[test]
fn q12_remove_of_a_complex_value_or_an_extension_removes_the_parts_it_names() {
    let quirk = &[Quirk::RemoveByValue];
    let name = json!([{"op": "remove", "path": "name", "value": {"GivenName": "whatever"}}]);
    assert_eq!(repairing(&mara(), name, quirk), with(mara(), "/name/givenName", Value::Null));
    let none = json!([{"op": "remove", "path": "name", "value": {}}]);
    assert_eq!(repairing(&mara(), none, quirk), mara());
    let manager = json!([{"op": "remove", "path": format!("{ENTERPRISE}:manager"), "value": {"value": "0d9e"}}]);
    assert_eq!(repairing(&mara(), manager, quirk), with(mara(), &format!("/{ENTERPRISE}/manager"), Value::Null));
    let extension =
        json!([{"op": "remove", "path": ENTERPRISE, "value": {"department": "Optics", "manager": {"value": "0d9e"}}}]);
    assert_eq!(repairing(&mara(), extension, quirk), with(mara(), &format!("/{ENTERPRISE}"), Value::Null));
    let department = json!([{"op": "remove", "path": ENTERPRISE, "value": {"department": null}}]);
    assert_eq!(repairing(&mara(), department, quirk), with(mara(), &format!("/{ENTERPRISE}/department"), Value::Null));
    let nothing = json!([{"op": "remove", "path": ENTERPRISE, "value": {}}]);
    assert_eq!(repairing(&mara(), nothing, quirk), mara());
    let refusal = refused(&mara(), json!([{"op": "remove", "path": ENTERPRISE, "value": ["department"]}]));
    assert_eq!(keyword(&refusal), (400, Some(ScimType::InvalidValue)));
}

#[test]
fn q12_remove_of_a_multi_valued_part_removes_what_it_names() {
    let lockers = json!([{"value": "17", "keys": ["a", "b", "c"]}, {"value": "18", "keys": ["a"]}]);
    let user = with(mara(), &format!("/{BADGE}/lockers"), lockers);
    let remove = |path: &str, value: Value| {
        let operations = json!([{"op": "remove", "path": format!("{BADGE}:lockers{path}"), "value": value}]);
        repairing(&user, operations, &[Quirk::RemoveByValue])[BADGE]["lockers"].clone()
    };
    let b = json!([{"value": "17", "keys": ["a", "c"]}, {"value": "18", "keys": ["a"]}]);
    assert_eq!(remove("[value eq \"17\"].keys", json!(["B", "x"])), b);
    assert_eq!(remove(".keys", json!(["a"])), json!([{"value": "17", "keys": ["b", "c"]}, {"value": "18"}]));
    assert_eq!(remove(".keys", json!([])), user[BADGE]["lockers"]);
    let all = json!([{"op": "remove", "path": format!("{BADGE}:lockers.keys")}]);
    assert_eq!(repairing(&user, all, &[])[BADGE]["lockers"], json!([{"value": "17"}, {"value": "18"}]));
}

#[test]
fn q12_a_value_beside_a_value_path_or_a_single_value_is_ignored() {
    let quirk = &[Quirk::RemoveByValue];
    let operations = json!([{"op": "remove", "path": "emails[type eq \"work\"]", "value": "x"}]);
    assert_eq!(repairing(&mara(), operations, quirk), with(mara(), "/emails/0", Value::Null));
    let operations = json!([{"op": "remove", "path": "title", "value": "x"}]);
    assert_eq!(repairing(&mara(), operations, quirk), with(mara(), "/title", Value::Null));
    let manager = format!("{ENTERPRISE}:manager");
    let operations = json!([{"op": "remove", "path": manager, "value": "0d9e"}]);
    let pointer = format!("/{ENTERPRISE}/manager");
    assert_eq!(repairing(&mara(), operations, quirk), with(mara(), &pointer, Value::Null));
}

#[test]
fn r083_removing_what_is_not_there_is_a_success() {
    assert_eq!(repairing(&mara(), json!([{"op": "remove", "path": "nickName"}]), &[]), mara());
    for path in ["emails[type eq \"other\"]", "emails[type eq \"other\"].value", "photos[type eq \"photo\"]"] {
        let operations = json!([{"op": "remove", "path": path}]);
        assert_eq!(repairing(&mara(), operations.clone(), &[Quirk::NothingToRemove]), mara());
        let refusal = strictly(&mara(), operations).unwrap_err();
        assert_eq!(keyword(&refusal), (400, Some(ScimType::NoTarget)));
    }
}

#[test]
fn an_element_that_says_nothing_any_more_goes() {
    let operations = json!([{"op": "remove", "path": "emails[type eq \"work\"].value"}]);
    assert_eq!(repairing(&mara(), operations, &[]), with(mara(), "/emails/0", Value::Null));
}

#[test]
fn an_emptied_element_can_be_filled_again_by_the_same_patch() {
    let operations = json!([
        {"op": "remove", "path": "emails[type eq \"work\"].value"},
        {"op": "add", "path": "emails[type eq \"work\"].value", "value": "m.lind@acme.example"}]);
    let after = repairing(&mara(), operations, &[]);
    let expected = json!({"type": "work", "primary": true, "value": "m.lind@acme.example"});
    assert_eq!(after["emails"][0], expected);
}
