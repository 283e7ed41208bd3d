//! Who may write what (RFC 7644 section 3.5.2, RFC 7643 section 7).

use super::*;

fn assert_mutability(user: &Value, operation: Value) {
    let refusal = refused(user, json!([operation]));
    assert_eq!(keyword(&refusal), (400, Some(ScimType::Mutability)), "{refusal}");
}

#[test]
fn r074_read_only_attributes_cannot_be_patched() {
    for path in ["id", "ID", "meta", "meta.created", "groups", "groups[value eq \"g\"]"] {
        assert_mutability(&mara(), json!({"op": "replace", "path": path, "value": "x"}));
        assert_mutability(&mara(), json!({"op": "remove", "path": path}));
    }
    for path in [format!("{BADGE}:serial"), format!("{ENTERPRISE}:manager.displayName")] {
        assert_mutability(&mara(), json!({"op": "add", "path": path, "value": "x"}));
    }
}

#[test]
fn q04_what_the_server_wrote_may_come_back_in_a_value() {
    let value = json!({"id": "1", "meta": {"version": "W/\"1\""}, "groups": [{"value": "g"}], "title": "CTO"});
    let operations = json!([{"op": "replace", "value": value}]);
    assert_eq!(repairing(&mara(), operations, &[Quirk::ReadOnlyNoise]), with(mara(), "/title", json!("CTO")));
}

#[test]
fn r075_schemas_follow_from_the_attributes() {
    for operation in [
        json!({"op": "add", "path": "schemas", "value": [ENTERPRISE]}),
        json!({"op": "replace", "value": {"schemas": ["urn:x"]}}),
    ] {
        assert_eq!(repairing(&mara(), json!([operation]), &[]), mara());
    }
}

#[test]
fn r074_an_immutable_attribute_is_set_once() {
    let issued = format!("{BADGE}:issued");
    let add = json!([{"op": "add", "path": issued, "value": "2026"}]);
    let once = repairing(&mara(), add.clone(), &[]);
    assert_eq!(once[BADGE]["issued"], json!("2026"));
    assert_eq!(repairing(&once, add, &[]), once);
    assert_mutability(&once, json!({"op": "replace", "path": issued, "value": "2027"}));
    assert_mutability(&once, json!({"op": "remove", "path": issued}));
    assert_mutability(&once, json!({"op": "remove", "path": BADGE}));
    assert_mutability(&once, json!({"op": "replace", "value": {(BADGE): {"issued": "2027"}}}));
}

#[test]
fn r074_an_immutable_part_of_an_element_stays() {
    let user = with(mara(), &format!("/{BADGE}/lockers"), json!([{"value": "17"}]));
    let path = format!("{BADGE}:lockers[value eq \"17\"]");
    assert_mutability(&user, json!({"op": "replace", "path": format!("{path}.value"), "value": "18"}));
    let operations = json!([{"op": "replace", "path": format!("{path}.note"), "value": "blue"}]);
    assert_eq!(repairing(&user, operations, &[])[BADGE]["lockers"], json!([{"value": "17", "note": "blue"}]));
    let operations = json!([{"op": "remove", "path": path}]);
    assert_eq!(repairing(&user, operations, &[])[BADGE], json!({"levels": ["L1", "L2"]}));
}

#[test]
fn r074_an_immutable_part_does_not_go_with_the_whole() {
    let user = with(mara(), &format!("/{BADGE}/desk"), json!({"room": "r", "floor": 3}));
    let desk = format!("{BADGE}:desk");
    for operation in [
        json!({"op": "remove", "path": desk}),
        json!({"op": "replace", "path": desk, "value": null}),
        json!({"op": "remove", "path": format!("{desk}.room")}),
        json!({"op": "replace", "path": desk, "value": {"room": "other"}}),
        json!({"op": "remove", "path": BADGE}),
    ] {
        assert_mutability(&user, operation);
    }
    let floor = json!([{"op": "replace", "path": desk, "value": {"floor": 4, "room": "r"}}]);
    assert_eq!(repairing(&user, floor, &[])[BADGE]["desk"], json!({"room": "r", "floor": 4}));
    let without = with(mara(), &format!("/{BADGE}/desk"), json!({"floor": 3}));
    let cleared = repairing(&without, json!([{"op": "remove", "path": desk}]), &[]);
    assert_eq!(cleared, mara());
}

#[test]
fn r079_an_immutable_part_that_is_the_same_stays_as_it_is() {
    let user = with(mara(), &format!("/{BADGE}/lockers"), json!([{"value": "a17"}]));
    let operations =
        json!([{"op": "add", "path": format!("{BADGE}:lockers"), "value": [{"value": "A17", "note": "blue"}]}]);
    assert_eq!(repairing(&user, operations, &[])[BADGE]["lockers"], json!([{"value": "a17", "note": "blue"}]));
}

#[test]
fn q28_a_password_is_accepted_and_kept_nowhere() {
    for operations in [
        json!([{"op": "replace", "path": "password", "value": "s3cret"}]),
        json!([{"op": "add", "value": {"password": "s3cret"}}]),
        json!([{"op": "remove", "path": "password"}]),
    ] {
        assert_eq!(repairing(&mara(), operations, &[]), mara());
    }
}

#[test]
fn q28_the_last_password_of_a_patch_is_set_beside_the_resource() {
    let password = |operations: Value| {
        let body = json!({ "schemas": [PATCH_OP], "Operations": operations });
        let mut patch = Patch::parse(body, schemas().of(ResourceKind::User), 10, &mut Dialect::lenient()).unwrap();
        let (was_empty, password) = (patch.is_empty(), patch.take_password());
        assert_eq!((was_empty, patch.is_empty()), (password.is_none(), true), "{operations}");
        password.map(|password| password.reveal().to_owned())
    };
    let set = |value: &str| json!({ "op": "Replace", "path": "password", "value": value });
    assert_eq!(password(json!([set("one"), set("two")])).as_deref(), Some("two"));
    assert_eq!(password(json!([{ "op": "add", "value": { "Password": "one" } }])).as_deref(), Some("one"));
    let remove = json!({ "op": "remove", "path": "password" });
    for nothing in [
        json!([remove]),
        json!([set("one"), remove]),
        json!([set("")]),
        json!([{ "op": "replace", "value": { "password": null } }]),
    ] {
        assert_eq!(password(nothing), None);
    }
}

#[test]
fn r074_values_have_the_type_of_their_attribute() {
    for (path, value) in [
        ("title", json!({"x": 1})),
        ("title", json!(["a", "b"])),
        ("active", json!(1)),
        ("name", json!("Mara")),
        ("name", json!([{"givenName": "a"}, {"givenName": "b"}])),
        ("emails", json!([["x"]])),
        ("name.givenName", json!({"x": 1})),
        ("emails[type eq \"work\"].value", json!(["a", "b"])),
        ("emails[type eq \"work\"].primary", json!("perhaps")),
    ] {
        let refusal = refused(&mara(), json!([{"op": "replace", "path": path, "value": value}]));
        assert_eq!(keyword(&refusal), (400, Some(ScimType::InvalidValue)), "{path} {value}: {refusal}");
        let attribute = path.split('[').next().unwrap();
        assert!(refusal.detail.starts_with(attribute), "{path}: {refusal}");
    }
}

#[test]
fn an_array_does_not_grow_without_end() {
    let many = |start: usize| -> Value { (start..start + 1_500).map(|n| json!(format!("L{n}"))).collect() };
    let path = format!("{BADGE}:levels");
    let operations =
        json!([{"op": "add", "path": path, "value": many(0)}, {"op": "add", "path": path, "value": many(1_500)}]);
    assert_eq!(keyword(&refused(&mara(), operations)), (400, Some(ScimType::InvalidValue)));
}

#[test]
fn long_filters_on_long_arrays_are_refused_before_they_cost_a_minute() {
    let emails: Value = (0..2_000).map(|n| json!({"value": format!("{n}@x")})).collect();
    let filter = vec!["value co \"y\""; 200].join(" or ");
    let operation = json!({"op": "remove", "path": format!("emails[{filter}]")});
    let user = with(mara(), "/emails", emails);
    assert_eq!(patched(&user, json!([operation])), user);
    let refusal = refused(&user, vec![operation; 13].into());
    assert_eq!(keyword(&refusal), (400, Some(ScimType::InvalidValue)));
}
