//! `replace` (RFC 7644 section 3.5.2.3).

use super::*;

#[test]
fn r085_replace_without_path_replaces_what_is_given() {
    let value = json!({"title": "CTO", "emails": [{"value": "m@lab.example"}], "name": {"familyName": "Lind"}});
    let after = repairing(&mara(), json!([{"op": "replace", "value": value}]), &[]);
    let expected = with(mara(), "/title", json!("CTO"));
    let expected = with(expected, "/emails", json!([{"value": "m@lab.example"}]));
    assert_eq!(after, with(expected, "/name/familyName", json!("Lind")));
}

#[test]
fn r085_replace_of_an_array_replaces_all_of_it() {
    let after = repairing(&mara(), json!([{"op": "replace", "path": "emails", "value": [{"value": "x@y"}]}]), &[]);
    assert_eq!(after, with(mara(), "/emails", json!([{"value": "x@y"}])));
}

#[test]
fn r086_replace_of_a_missing_attribute_adds_it() {
    let after = repairing(&mara(), json!([{"op": "replace", "path": "nickName", "value": "Mo"}]), &[]);
    assert_eq!(after, with(mara(), "/nickName", json!("Mo")));
}

#[test]
fn r087_replace_of_a_complex_value_keeps_what_is_not_given() {
    let expected = with(mara(), "/name/familyName", json!("Lind"));
    for operation in [
        json!({"op": "replace", "path": "name", "value": {"familyName": "Lind"}}),
        json!({"op": "replace", "value": {"name": {"familyName": "Lind"}}}),
        json!({"op": "replace", "path": "name.familyName", "value": "Lind"}),
        json!({"op": "replace", "path": "NAME.FamilyName", "value": "Lind"}),
    ] {
        assert_eq!(repairing(&mara(), json!([operation]), &[]), expected);
    }
}

#[test]
fn r087_parts_given_as_null_are_unassigned() {
    let operations = json!([{"op": "replace", "path": "name", "value": {"givenName": null, "familyName": "Lind"}}]);
    let expected = json!({"familyName": "Lind", "formatted": "Mara Voss"});
    assert_eq!(repairing(&mara(), operations, &[]), with(mara(), "/name", expected));
}

#[test]
fn r087_a_part_is_named_once_by_whatever_name() {
    let manager = format!("{ENTERPRISE}:manager");
    let without = with(mara(), &format!("/{ENTERPRISE}/manager"), Value::Null);
    for value in [json!({"value": null}), json!({"managerId": null}), json!({"ManagerID": ""})] {
        assert_eq!(patched(&mara(), json!([{"op": "replace", "path": manager, "value": value}])), without, "{value}");
    }
    let old = json!([{"op": "replace", "path": manager, "value": {"managerId": null}}]);
    assert_eq!(repairing(&mara(), old, &[Quirk::OldWording]), without);
    for value in [json!({"givenName": null, "GivenName": "x"}), json!({"givenName": "x", "GIVENNAME": "y"})] {
        let refusal = refused(&mara(), json!([{"op": "replace", "path": "name", "value": value}]));
        assert_eq!(keyword(&refusal), (400, Some(ScimType::InvalidValue)), "{value}");
    }
}

#[test]
fn r088_all_selected_elements_are_replaced() {
    let user = with(mara(), "/emails/1/type", json!("work"));
    let operations = json!([{"op": "replace", "path": "emails[type eq \"work\"].display", "value": "Mara"}]);
    let after = repairing(&user, operations, &[]);
    assert_eq!(after["emails"][0]["display"], json!("Mara"));
    assert_eq!(after["emails"][1]["display"], json!("Mara"));
    let operations = json!([{"op": "replace", "path": "emails[type eq \"work\"]", "value": {"type": "other"}}]);
    let after = repairing(&user, operations, &[]);
    assert_eq!(after["emails"][0]["type"], json!("other"));
    assert_eq!(after["emails"][1], json!({"value": "mv@home.example", "type": "other"}));
}

#[test]
fn r088_a_part_without_filter_is_replaced_in_all_elements() {
    let after = repairing(&mara(), json!([{"op": "replace", "path": "emails.display", "value": "M"}]), &[]);
    assert_eq!(after["emails"][0]["display"], json!("M"));
    assert_eq!(after["emails"][1]["display"], json!("M"));
}

#[test]
fn r089_a_value_path_that_selects_nothing_is_no_target_for_a_strict_tenant() {
    for path in ["emails[type eq \"other\"].value", "emails[type eq \"other\"]"] {
        let value = if path.ends_with("value") { json!("x@y") } else { json!({"value": "x@y"}) };
        let operations = json!([{"op": "replace", "path": path, "value": value}]);
        let after = repairing(&mara(), operations.clone(), &[Quirk::CreatedElement]);
        assert_eq!(after, with(mara(), "/emails/2", json!({"type": "other", "value": "x@y"})));
        let refusal = strictly(&mara(), operations).unwrap_err();
        assert_eq!(keyword(&refusal), (400, Some(ScimType::NoTarget)));
    }
}

#[test]
fn r089_a_filter_that_describes_no_element_creates_none() {
    for filter in [
        "type eq \"a\" or type eq \"b\"",
        "value co \"lab\"",
        "not (type eq \"work\" or type eq \"home\")",
        "type eq \"a\" and type eq \"b\"",
    ] {
        let operations = json!([{"op": "replace", "path": format!("emails[{filter}].value"), "value": "x@y"}]);
        assert_eq!(keyword(&refused(&mara(), operations)), (400, Some(ScimType::NoTarget)), "{filter}");
    }
}

#[test]
fn r090_null_and_the_empty_array_unassign() {
    for (path, pointer) in
        [("title", "/title"), ("name", "/name"), ("emails", "/emails"), ("name.givenName", "/name/givenName")]
    {
        let operations = json!([{"op": "replace", "path": path, "value": null}]);
        assert_eq!(repairing(&mara(), operations, &[]), with(mara(), pointer, Value::Null), "{path}");
    }
    let operations = json!([{"op": "replace", "path": "emails", "value": []}]);
    assert_eq!(repairing(&mara(), operations, &[]), with(mara(), "/emails", Value::Null));
    let operations = json!([{"op": "replace", "path": ENTERPRISE, "value": null}]);
    assert_eq!(repairing(&mara(), operations, &[]), with(mara(), &format!("/{ENTERPRISE}"), Value::Null));
}

#[test]
fn q18_an_empty_string_unassigns() {
    for (path, pointer) in
        [("title", "/title"), ("name", "/name"), ("emails", "/emails"), ("name.givenName", "/name/givenName")]
    {
        let operations = json!([{"op": "replace", "path": path, "value": ""}]);
        assert_eq!(repairing(&mara(), operations, &[Quirk::EmptyString]), with(mara(), pointer, Value::Null), "{path}");
    }
    let operations = json!([{"op": "replace", "path": "name", "value": {"givenName": ""}}]);
    let expected = with(mara(), "/name/givenName", Value::Null);
    assert_eq!(repairing(&mara(), operations, &[Quirk::EmptyString]), expected);
}

#[test]
fn r090_a_required_attribute_cannot_be_emptied() {
    for value in [json!(null), json!(""), json!([])] {
        let refusal = refused(&mara(), json!([{"op": "replace", "path": "userName", "value": value}]));
        assert_eq!(keyword(&refusal), (400, Some(ScimType::InvalidValue)), "{value}");
        assert!(refusal.detail.contains("userName"), "{refusal}");
    }
}

#[test]
fn r031_null_among_the_elements_is_refused() {
    for operation in [
        json!({"op": "replace", "path": "emails", "value": [null]}),
        json!({"op": "add", "path": "emails", "value": [{"value": "x@y"}, null]}),
        json!({"op": "add", "value": {"emails": [null]}}),
    ] {
        assert_eq!(keyword(&refused(&mara(), json!([operation]))), (400, Some(ScimType::InvalidValue)));
    }
}

#[test]
fn q01_booleans_may_be_strings() {
    for (value, expected) in [("True", true), ("False", false), ("false", false), ("TRUE", true)] {
        let operations = json!([{"op": "replace", "path": "active", "value": value}]);
        assert_eq!(repairing(&mara(), operations, &[Quirk::StringBoolean]), with(mara(), "/active", expected.into()));
    }
    let operations = json!([{"op": "replace", "path": "emails[type eq \"home\"].primary", "value": "True"}]);
    let after = repairing(&mara(), operations, &[Quirk::StringBoolean]);
    assert_eq!(after["emails"][1]["primary"], json!(true));
    assert_eq!(after["emails"][0]["primary"], json!(false));
    let refusal = refused(&mara(), json!([{"op": "replace", "path": "active", "value": "yes"}]));
    assert_eq!(keyword(&refusal), (400, Some(ScimType::InvalidValue)));
}

#[test]
fn r076_setting_primary_on_one_element_clears_the_others() {
    for operation in [
        json!({"op": "replace", "path": "emails[type eq \"home\"].primary", "value": true}),
        json!({"op": "add", "path": "emails[type eq \"home\"]", "value": {"primary": true}}),
    ] {
        let after = repairing(&mara(), json!([operation]), &[]);
        let expected = with(mara(), "/emails/0/primary", json!(false));
        assert_eq!(after, with(expected, "/emails/1/primary", json!(true)));
    }
}

#[test]
fn q37_of_several_elements_made_primary_the_first_is() {
    let operations = json!([{"op": "replace", "path": "emails.primary", "value": true}]);
    let after = repairing(&mara(), operations, &[Quirk::SeveralPrimary]);
    assert_eq!(after["emails"][0]["primary"], json!(true));
    assert_eq!(after["emails"][1]["primary"], json!(false));
    let value = json!([{"value": "a@b", "primary": true}, {"value": "c@d", "primary": true}]);
    let after =
        repairing(&mara(), json!([{"op": "replace", "path": "emails", "value": value}]), &[Quirk::SeveralPrimary]);
    assert_eq!(after["emails"], json!([{"value": "a@b", "primary": true}, {"value": "c@d", "primary": false}]));
}

#[test]
fn r088_plain_elements_are_replaced_by_value() {
    let path = format!("{BADGE}:levels[value eq \"L1\"]");
    let after = repairing(&mara(), json!([{"op": "replace", "path": path, "value": "L9"}]), &[]);
    assert_eq!(after[BADGE]["levels"], json!(["L9", "L2"]));
    let path = format!("{BADGE}:levels[value eq \"L7\"]");
    let after = repairing(&mara(), json!([{"op": "replace", "path": path, "value": "L9"}]), &[Quirk::CreatedElement]);
    assert_eq!(after[BADGE]["levels"], json!(["L1", "L2", "L9"]));
}

#[test]
fn q46_texts_come_back_as_they_were_sent() {
    let title = "  Ünïcode \u{1F98A} \"quoted\"  ";
    let after = repairing(&mara(), json!([{"op": "replace", "path": "title", "value": title}]), &[]);
    assert_eq!(after["title"], json!(title));
}

#[test]
fn who_is_not_said_to_be_active_is_not_let_in() {
    let locked_out = with(mara(), "/active", json!(false));
    for operation in [
        json!({"op": "replace", "path": "active", "value": null}),
        json!({"op": "replace", "path": "active", "value": ""}),
        json!({"op": "remove", "path": "active"}),
    ] {
        for before in [&locked_out, &mara()] {
            let after = patched(before, json!([operation]));
            assert_eq!(after, with(mara(), "/active", Value::Null));
            assert!(!Resource::from_document(&after.to_string()).unwrap().active());
        }
    }
}
