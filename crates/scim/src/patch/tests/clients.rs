//! Bodies as the clients send them.

use super::*;
use crate::Member;

fn entra(operations: Value) -> Value {
    patched(&mara(), operations)
}

#[test]
fn entra_updates_a_user() {
    let after = entra(json!([
        {"op": "Replace", "path": "displayName", "value": "Mara Voss-Lind"},
        {"op": "Replace", "path": "name.familyName", "value": "Voss-Lind"},
        {"op": "Add", "path": "emails[type eq \"work\"].value", "value": "m.lind@acme.example"},
        {"op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+4915100000"},
        {"op": "Replace", "path": "addresses[type eq \"work\"].streetAddress", "value": "Kai 4"},
        {"op": "Replace", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": "Lasers"},
        {"op": "Replace", "path": "externalId", "value": "m.lind"}]));
    let expected = with(mara(), "/displayName", json!("Mara Voss-Lind"));
    let expected = with(expected, "/name/familyName", json!("Voss-Lind"));
    let expected = with(expected, "/emails/0/value", json!("m.lind@acme.example"));
    let expected = with(expected, "/phoneNumbers", json!([{"type": "mobile", "value": "+4915100000"}]));
    let expected = with(expected, "/addresses", json!([{"type": "work", "streetAddress": "Kai 4"}]));
    let expected = with(expected, &format!("/{ENTERPRISE}/department"), json!("Lasers"));
    assert_eq!(after, with(expected, "/externalId", json!("m.lind")));
}

#[test]
fn entra_disables_and_enables_a_user() {
    let off = entra(json!([{"op": "Replace", "path": "active", "value": "False"}]));
    assert_eq!(off, with(mara(), "/active", json!(false)));
    assert_eq!(patched(&off, json!([{"op": "Replace", "path": "active", "value": "True"}])), mara());
    assert_eq!(patched(&mara(), json!([{"op": "replace", "path": "active", "value": false}])), off);
}

#[test]
fn entra_with_the_flag_puts_paths_into_the_value() {
    let after = entra(json!([
        {"op": "replace", "value": {"displayName": "Mara Voss-Lind", "name.familyName": "Voss-Lind", "name.formatted": "Mara Voss-Lind",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department": "Lasers"}},
        {"op": "add", "path": "emails[type eq \"work\"].value", "value": "m.lind@acme.example"}]));
    let expected = with(mara(), "/displayName", json!("Mara Voss-Lind"));
    let expected =
        with(expected, "/name", json!({"givenName": "Mara", "familyName": "Voss-Lind", "formatted": "Mara Voss-Lind"}));
    let expected = with(expected, &format!("/{ENTERPRISE}/department"), json!("Lasers"));
    assert_eq!(after, with(expected, "/emails/0/value", json!("m.lind@acme.example")));
}

#[test]
fn q11_entra_sets_and_clears_a_manager() {
    let pointer = format!("/{ENTERPRISE}/manager");
    let manager = format!("{ENTERPRISE}:manager");
    for operation in [
        json!({"op": "Add", "path": manager, "value": "52b1"}),
        json!({"op": "Replace", "path": manager, "value": "52b1"}),
        json!({"op": "Add", "path": "manager", "value": [{"$ref": "https://gw.example/Users/52b1", "value": "52b1"}]}),
        json!({"op": "Replace", "path": manager, "value": {"value": "52b1"}}),
        json!({"op": "Replace", "path": format!("{manager}.value"), "value": "52b1"}),
    ] {
        assert_eq!(entra(json!([operation])), with(mara(), &pointer, json!({"value": "52b1"})), "{operation}");
    }
    for operation in [
        json!({"op": "Replace", "path": manager, "value": ""}),
        json!({"op": "Replace", "path": manager, "value": null}),
        json!({"op": "Replace", "path": manager, "value": []}),
        json!({"op": "Remove", "path": manager}),
        json!({"op": "Replace", "path": format!("{manager}.value"), "value": ""}),
        json!({"op": "Replace", "value": {(manager): ""}}),
    ] {
        assert_eq!(entra(json!([operation])), with(mara(), &pointer, Value::Null), "{operation}");
    }
}

#[test]
fn q10_entra_puts_a_role_into_a_string() {
    let role = "{\"id\":\"7d2f\",\"value\":\"Owner\",\"displayName\":\"The owner\"}";
    let after = entra(json!([{"op": "Add", "path": "roles", "value": [{"value": role}]}]));
    assert_eq!(
        after["roles"],
        json!([{"value": "Editor", "primary": true}, {"value": "Owner", "display": "The owner"}])
    );
    assert_eq!(patched(&after, json!([{"op": "Add", "path": "roles", "value": [{"value": role}]}])), after);
    let after = entra(json!([{"op": "Replace", "path": "roles[primary eq \"True\"].value", "value": role}]));
    assert_eq!(after["roles"], json!([{"value": "Owner", "primary": true, "display": "The owner"}]));
    let text = "{not json";
    let after = entra(json!([{"op": "Add", "path": "roles", "value": [{"value": text}]}]));
    assert_eq!(after["roles"][1], json!({"value": text}));
}

#[test]
fn entra_replaces_the_set_of_roles() {
    let kind = "WindowsAzureActiveDirectoryRole";
    let roles = json!([
        {"primary": false, "type": kind, "display": "Editor", "value": "Editor"},
        {"primary": false, "type": kind, "display": "Billing", "value": "Billing"}]);
    let after = entra(json!([{"op": "replace", "path": "roles", "value": roles}]));
    assert_eq!(after["roles"], roles);
}

#[test]
fn q18_entra_clears_every_mapped_path_with_an_empty_string_and_with_null() {
    let department = format!("{ENTERPRISE}:department");
    let paths = [
        "title",
        "name.givenName",
        "emails[type eq \"work\"].value",
        "phoneNumbers[type eq \"mobile\"].value",
        &department,
    ];
    for value in [json!(""), json!(null)] {
        let by_path: Value = paths.iter().map(|path| json!({"op": "replace", "path": path, "value": value})).collect();
        let keys: serde_json::Map<_, _> = paths.iter().map(|&path| (path.to_owned(), value.clone())).collect();
        let expected = with(mara(), "/title", Value::Null);
        let expected = with(expected, "/name/givenName", Value::Null);
        let expected = with(expected, "/emails/0", Value::Null);
        let expected = with(expected, &format!("/{ENTERPRISE}/department"), Value::Null);
        assert_eq!(entra(by_path), expected);
        assert_eq!(entra(json!([{"op": "replace", "value": keys}])), expected);
    }
}

#[test]
fn entra_changes_members() {
    let add = json!([{"op": "Add", "path": "members", "value": [{"$ref": null, "value": "u1"}, {"$ref": null, "value": "u2"}]}]);
    let remove = json!([{"op": "Remove", "path": "members", "value": [{"$ref": null, "value": "u1"}]}]);
    let mut dialect = Dialect::lenient();
    let (patch, steps) = group_steps(add, &mut dialect).unwrap();
    assert!(patch.is_empty());
    assert_eq!(steps, [MemberStep::Add(vec![Member::new("u1"), Member::new("u2")])]);
    let (_, steps) = group_steps(remove, &mut dialect).unwrap();
    assert_eq!(steps, [MemberStep::Remove(vec!["u1".to_owned()])]);
    let repaired: Vec<_> = dialect.repaired().iter().collect();
    assert_eq!(repaired, [Quirk::OperationCase, Quirk::RemoveByValue, Quirk::NullMember]);
}

#[test]
fn okta_deactivates_without_path() {
    let after = repairing(&mara(), json!([{"op": "replace", "value": {"active": false}}]), &[]);
    assert_eq!(after, with(mara(), "/active", json!(false)));
}

#[test]
fn okta_pushes_a_group() {
    let operations = json!([
        {"op": "replace", "value": {"id": "c41f", "displayName": "Optics Lab"}},
        {"op": "remove", "path": "members[value eq \"0d9e\"]"},
        {"op": "add", "path": "members", "value": [{"value": "6f1c", "display": "mara.voss@acme.example"}]}]);
    let (patch, steps) = group_steps(operations, &mut Dialect::lenient()).unwrap();
    let mara = Member { id: "6f1c".to_owned(), display: Some("mara.voss@acme.example".to_owned()) };
    assert_eq!(steps, [MemberStep::Remove(vec!["0d9e".to_owned()]), MemberStep::Add(vec![mara])]);
    assert!(patch.touches("displayName"));
}

#[test]
fn onelogin_sends_one_email_as_an_object_and_old_words() {
    let value = json!({"emails": {"value": "m@lab.example"}, "active": "true",
        (ENTERPRISE): {"department": "Lasers", "manager": {"managerId": "52b1", "displayName": ""}}});
    let after = patched(&mara(), json!([{"op": "replace", "value": value}]));
    let expected = with(mara(), "/emails", json!([{"value": "m@lab.example"}]));
    let enterprise = json!({"department": "Lasers", "manager": {"value": "52b1"}});
    assert_eq!(after, with(expected, &format!("/{ENTERPRISE}"), enterprise));
}

#[test]
fn jumpcloud_sends_one_operation_for_each_attribute() {
    let operations = json!([
        {"op": "replace", "path": "name.givenName", "value": "Mara"},
        {"op": "replace", "path": "name.familyName", "value": "Lind"},
        {"op": "replace", "path": "active", "value": false}]);
    let expected = with(with(mara(), "/name/familyName", json!("Lind")), "/active", json!(false));
    assert_eq!(repairing(&mara(), operations, &[]), expected);
    let (_, steps) = group_steps(
        json!([{"op": "remove", "path": "members", "value": [{"value": "6f1c"}]}]),
        &mut Dialect::lenient(),
    )
    .unwrap();
    assert_eq!(steps, [MemberStep::Remove(vec!["6f1c".to_owned()])]);
}

#[test]
fn authentik_replaces_the_whole_object() {
    let mut value = with(mara(), "/title", json!("CTO"));
    value["id"] = json!("6f1c");
    value["schemas"] = json!(["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE, BADGE]);
    value["meta"] = json!({"resourceType": "User"});
    let after = patched(&mara(), json!([{"op": "replace", "path": null, "value": value}]));
    assert_eq!(after, with(mara(), "/title", json!("CTO")));
}

#[test]
fn q39_authentik_sends_the_id_inside_the_value() {
    let operations = json!([{"op": "replace", "value": {"id": "6f1c", "displayName": "M"}}]);
    let after = repairing(&mara(), operations, &[Quirk::ReadOnlyNoise]);
    assert_eq!(after, with(mara(), "/displayName", json!("M")));
}

#[test]
fn authentik_adds_members_one_by_one() {
    let operations = json!([
        {"op": "add", "path": "members", "value": [{"value": "u1"}]},
        {"op": "add", "path": "members", "value": [{"value": "u2"}]},
        {"op": "remove", "path": "members", "value": [{"value": "u3"}]}]);
    let (_, steps) = group_steps(operations, &mut Dialect::lenient()).unwrap();
    assert_eq!(steps.len(), 3);
}

#[test]
fn keycloak_sends_active_as_a_string_and_empties_a_group_with_null() {
    let after = patched(
        &mara(),
        json!([
        {"op": "replace", "path": "active", "value": "false"},
        {"op": "replace", "path": "userName", "value": "mara"},
        {"op": "replace", "path": "displayName", "value": "Mara"}]),
    );
    let expected = with(with(mara(), "/active", json!(false)), "/userName", json!("mara"));
    assert_eq!(after, with(expected, "/displayName", json!("Mara")));
    let (_, steps) =
        group_steps(json!([{"op": "remove", "path": "members", "value": null}]), &mut Dialect::lenient()).unwrap();
    assert_eq!(steps, [MemberStep::Clear]);
}
