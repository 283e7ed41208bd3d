//! What paths and keys mean.

use super::*;

#[test]
fn r069_malformed_paths_are_invalid() {
    for path in [
        "/title",
        "emails[type eq",
        "emails[type eq \"work\"",
        "emails[type eq \"work\"].",
        "name.",
        "title title",
        "emails[type eq \"work\"]value",
        "name.familyName.x",
        ".title",
        "nope",
        "name.nope",
        "emails[type eq \"work\"].nope",
        "title[value eq \"x\"]",
        "emails.value[type eq \"x\"]",
        "emails[type eq \"work]",
    ] {
        let refusal = refused(&mara(), json!([{"op": "replace", "path": path, "value": "x"}]));
        assert_eq!(keyword(&refusal), (400, Some(ScimType::InvalidPath)), "{path}: {refusal}");
    }
}

#[test]
fn r092_a_malformed_filter_inside_a_path_is_an_invalid_filter() {
    for filter in [
        "type regex \"x\"",
        "primary gt true",
        "type eq",
        "(type eq \"x\"",
        "0",
        "",
        "nope eq \"x\"",
        "type eq \"x\" and",
        "type eq \"\\x\"",
        "type eq \"]\" or",
    ] {
        for path in [format!("emails[{filter}]"), format!("emails[{filter}].value")] {
            let refusal = refused(&mara(), json!([{"op": "remove", "path": path}]));
            assert_eq!(keyword(&refusal), (400, Some(ScimType::InvalidFilter)), "{path}: {refusal}");
        }
    }
    for path in ["emails[type eq\"work\"]", "roles[primary eq \"True\"]"] {
        let refusal = strictly(&mara(), json!([{"op": "remove", "path": path}])).unwrap_err();
        assert_eq!(keyword(&refusal), (400, Some(ScimType::InvalidFilter)), "{path}: {refusal}");
    }
}

#[test]
fn r092_a_path_whose_bracket_is_not_closed_is_an_invalid_path() {
    for path in ["emails[type eq", "emails[", "emails[type eq \"]", "emails[type regex \"x\"", "emails[(type eq \"x\")"]
    {
        for operation in [json!({"op": "remove", "path": path}), json!({"op": "add", "value": {(path): "x"}})] {
            let refusal = refused(&mara(), json!([operation]));
            assert_eq!(keyword(&refusal), (400, Some(ScimType::InvalidPath)), "{operation}: {refusal}");
        }
    }
}

#[test]
fn r069_only_arrays_have_elements_to_select() {
    let operations = json!([{"op": "replace", "path": "name[givenName eq \"Mara\"].familyName", "value": "x"}]);
    assert_eq!(keyword(&refused(&mara(), operations)), (400, Some(ScimType::InvalidPath)));
}

#[test]
fn r070_urns_are_split_by_the_longest_known_schema() {
    let core = "urn:ietf:params:scim:schemas:core:2.0:User";
    for (path, pointer) in [
        (format!("{ENTERPRISE}:department"), format!("/{ENTERPRISE}/department")),
        (format!("{ENTERPRISE}:manager.value"), format!("/{ENTERPRISE}/manager/value")),
        (format!("{core}:name.familyName"), "/name/familyName".to_owned()),
        (format!("{core}:title"), "/title".to_owned()),
        (format!("{}:DEPARTMENT", ENTERPRISE.to_ascii_uppercase()), format!("/{ENTERPRISE}/department")),
    ] {
        let after = repairing(&mara(), json!([{"op": "replace", "path": path, "value": "X"}]), &[]);
        assert_eq!(after, with(mara(), &pointer, json!("X")), "{path}");
    }
}

#[test]
fn q50_an_extension_need_not_end_in_user() {
    let after = repairing(&mara(), json!([{"op": "add", "path": format!("{BADGE}:doorCode"), "value": "B7"}]), &[]);
    assert_eq!(after[BADGE], json!({"levels": ["L1", "L2"], "doorCode": "B7"}));
    let operations = json!([{"op": "replace", "path": format!("{BADGE}:valid"), "value": "True"}]);
    assert_eq!(repairing(&mara(), operations, &[Quirk::StringBoolean])[BADGE]["valid"], json!(true));
}

#[test]
fn r070_the_core_urn_alone_is_the_resource() {
    let core = "urn:ietf:params:scim:schemas:core:2.0:User";
    let operations = json!([{"op": "replace", "path": core, "value": {"title": "CTO"}}]);
    assert_eq!(patched(&mara(), operations), with(mara(), "/title", json!("CTO")));
    let operations = json!([{"op": "replace", "value": {(core): {"title": "CTO"}}}]);
    assert_eq!(patched(&mara(), operations), with(mara(), "/title", json!("CTO")));
    let refusal = refused(&mara(), json!([{"op": "remove", "path": core}]));
    assert_eq!(keyword(&refusal), (400, Some(ScimType::NoTarget)));
}

#[test]
fn q03_keys_of_a_value_without_path_may_be_paths() {
    for (key, value, pointer) in [
        ("name.familyName".to_owned(), json!("Lind"), "/name/familyName".to_owned()),
        (format!("{ENTERPRISE}:department"), json!("Lasers"), format!("/{ENTERPRISE}/department")),
        (format!("{ENTERPRISE}:manager.value"), json!("52b1"), format!("/{ENTERPRISE}/manager/value")),
        ("emails[type eq \"work\"].value".to_owned(), json!("m@lab.example"), "/emails/0/value".to_owned()),
    ] {
        let operations = json!([{"op": "replace", "value": {(key): value}}]);
        assert_eq!(repairing(&mara(), operations, &[Quirk::PathKeys]), with(mara(), &pointer, value));
    }
    let manager = json!([{"op": "replace", "value": {(format!("{ENTERPRISE}:manager")): "52b1"}}]);
    let after = repairing(&mara(), manager, &[Quirk::PathKeys, Quirk::ValueForComplex]);
    assert_eq!(after, with(mara(), &format!("/{ENTERPRISE}/manager/value"), json!("52b1")));
}

#[test]
fn r034_an_extension_object_needs_no_repair() {
    let value = json!({"title": "CTO", (ENTERPRISE): {"department": "Lasers"}});
    let after = repairing(&mara(), json!([{"op": "replace", "value": value}]), &[]);
    let expected = with(mara(), "/title", json!("CTO"));
    assert_eq!(after, with(expected, &format!("/{ENTERPRISE}/department"), json!("Lasers")));
}

#[test]
fn q11_an_extension_attribute_may_stand_without_its_urn() {
    for operations in [
        json!([{"op": "replace", "path": "department", "value": "Lasers"}]),
        json!([{"op": "replace", "value": {"department": "Lasers"}}]),
    ] {
        let after = repairing(&mara(), operations, &[Quirk::UnqualifiedExtension]);
        assert_eq!(after, with(mara(), &format!("/{ENTERPRISE}/department"), json!("Lasers")));
    }
}

#[test]
fn q48_unknown_attributes_in_a_value_are_left_out() {
    let operations = json!([{"op": "replace", "value": {"favouriteColour": "blue", "title": "CTO"}}]);
    assert_eq!(repairing(&mara(), operations, &[Quirk::UnknownAttribute]), with(mara(), "/title", json!("CTO")));
    let operations = json!([{"op": "add", "path": ENTERPRISE, "value": {"shoeSize": 43}}]);
    assert_eq!(repairing(&mara(), operations, &[Quirk::UnknownExtensionPath]), mara());
    let operations = json!([{"op": "replace", "path": "name", "value": {"nick": "Mo", "familyName": "Lind"}}]);
    let expected = with(mara(), "/name/familyName", json!("Lind"));
    assert_eq!(repairing(&mara(), operations, &[Quirk::UnknownAttribute]), expected);
}

#[test]
fn q51_a_path_into_an_unknown_extension_does_not_block_the_others() {
    let operations = json!([
        {"op": "replace", "path": "urn:ietf:params:scim:schemas:extension:custom:2.0:User:tag", "value": "x"},
        {"op": "replace", "path": "active", "value": false}]);
    let after = repairing(&mara(), operations, &[Quirk::UnknownExtensionPath]);
    assert_eq!(after, with(mara(), "/active", json!(false)));
    let operations = json!([{"op": "replace", "value": {"urn:x:custom:User:tag": "x", "active": false}}]);
    let after = repairing(&mara(), operations, &[Quirk::UnknownExtensionPath]);
    assert_eq!(after, with(mara(), "/active", json!(false)));
}

#[test]
fn q50_a_key_inside_an_extension_belongs_to_it_though_another_urn_starts_alike() {
    let extension = |id: &str, name: &str| json!({"id": id, "name": "x", "attributes": [{"name": name}]});
    let both = [extension("urn:acme:hr", "badge"), extension("urn:acme:hr:badge", "color")];
    let schemas = Schemas::with_extensions(both.map(|one| serde_json::from_value(one).unwrap()).to_vec()).unwrap();
    let of = schemas.of(ResourceKind::User);
    for (operation, expected) in [
        (json!({"op": "add", "path": "urn:acme:hr", "value": {"BADGE": "7"}}), json!({"urn:acme:hr": {"badge": "7"}})),
        (json!({"op": "add", "value": {"urn:acme:hr": {"badge": "7"}}}), json!({"urn:acme:hr": {"badge": "7"}})),
        (
            json!({"op": "add", "path": "urn:acme:hr:badge", "value": {"color": "red"}}),
            json!({"urn:acme:hr:badge": {"color": "red"}}),
        ),
        (
            json!({"op": "add", "path": "urn:acme:hr:badge:color", "value": "red"}),
            json!({"urn:acme:hr:badge": {"color": "red"}}),
        ),
        (
            json!({"op": "add", "value": {"URN:acme:hr:BADGE": {"color": "red"}}}),
            json!({"urn:acme:hr:badge": {"color": "red"}}),
        ),
    ] {
        let patch = Patch::parse(message(json!([operation])), of, 9, &mut Dialect::strict()).unwrap();
        let after = patch.apply(&Resource::from_document("{\"userName\":\"m\"}").unwrap(), of, &mut Dialect::strict());
        let mut attributes = after.unwrap().attributes().clone();
        attributes.shift_remove("userName");
        assert_eq!(Value::Object(attributes), expected, "{operation}");
    }
}

#[test]
fn q36_scim_1_1_urns_are_understood() {
    let old = "urn:scim:schemas:extension:enterprise:1.0";
    let expected = with(mara(), &format!("/{ENTERPRISE}/department"), json!("Lasers"));
    for operation in [
        json!({"op": "replace", "path": format!("{old}:department"), "value": "Lasers"}),
        json!({"op": "replace", "path": format!("{old}:User:department"), "value": "Lasers"}),
        json!({"op": "add", "path": old, "value": {"department": "Lasers"}}),
        json!({"op": "replace", "value": {(old): {"department": "Lasers"}}}),
    ] {
        assert_eq!(repairing(&mara(), json!([operation]), &[Quirk::CoreOne]), expected, "{operation}");
    }
    let title = json!([{"op": "replace", "path": "urn:scim:schemas:core:1.0:title", "value": "CTO"}]);
    assert_eq!(repairing(&mara(), title, &[Quirk::CoreOne]), with(mara(), "/title", json!("CTO")));
}

#[test]
fn r094_a_literal_may_follow_its_operator_at_once() {
    let operations = json!([{"op": "remove", "path": "emails[type eq\"work\"]"}]);
    assert_eq!(repairing(&mara(), operations, &[Quirk::LooseFilter]), with(mara(), "/emails/0", Value::Null));
}

#[test]
fn r094_a_sub_attribute_is_called_by_its_name() {
    // One sample of the RFC has members[…].displayName.
    let path = "members[value eq \"2819c223\"].displayName";
    let refusal = group_steps(json!([{"op": "remove", "path": path}]), &mut Dialect::lenient()).unwrap_err();
    assert_eq!(keyword(&refusal), (400, Some(ScimType::InvalidPath)));
}

#[test]
fn q09_a_boolean_may_be_compared_with_a_string() {
    let operations = json!([{"op": "replace", "path": "roles[primary eq \"True\"].value", "value": "Owner"}]);
    let after = repairing(&mara(), operations, &[Quirk::BooleanAsString]);
    assert_eq!(after["roles"], json!([{"value": "Owner", "primary": true}]));
    let operations = json!([{"op": "add", "path": "roles[primary eq \"True\"].value", "value": "Owner"}]);
    let user = with(mara(), "/roles", json!([{"value": "Viewer"}]));
    let after = repairing(&user, operations, &[Quirk::CreatedElement, Quirk::BooleanAsString]);
    assert_eq!(after["roles"], json!([{"value": "Viewer"}, {"primary": true, "value": "Owner"}]));
}
