//! The message around the operations.

use super::*;

fn parse(body: Value, dialect: &mut Dialect) -> Result<Patch, ScimError> {
    Patch::parse(body, schemas().of(ResourceKind::User), 3, dialect)
}

/// Reads the body in both dialects.
fn assert_repaired(body: Value, quirk: Quirk) -> Patch {
    let mut dialect = Dialect::lenient();
    let patch = parse(body.clone(), &mut dialect).unwrap();
    assert_eq!(dialect.repaired().iter().collect::<Vec<_>>(), [quirk], "{body}");
    let refusal = parse(body, &mut Dialect::strict()).unwrap_err();
    assert_eq!(refusal.status, 400);
    assert!(refusal.detail.contains(quirk.reason()), "{refusal}");
    patch
}

fn assert_refused(body: Value, scim_type: ScimType) -> ScimError {
    let refusal = parse(body.clone(), &mut Dialect::lenient()).unwrap_err();
    assert_eq!(keyword(&refusal), (400, Some(scim_type)), "{body}: {refusal}");
    refusal
}

fn title() -> Value {
    json!({"op": "replace", "path": "title", "value": "CTO"})
}

#[test]
fn r065_the_message_names_its_schema() {
    parse(json!({"schemas": [PATCH_OP], "Operations": [title()]}), &mut Dialect::strict()).unwrap();
    assert_refused(
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "Operations": [title()]}),
        ScimType::InvalidSyntax,
    );
}

#[test]
fn q49_schemas_may_be_missing_or_in_other_letter_case() {
    for body in [
        json!({"Operations": [title()]}),
        json!({"schemas": null, "Operations": [title()]}),
        json!({"schemas": [], "Operations": [title()]}),
        json!({"schemas": [PATCH_OP.to_ascii_lowercase()], "Operations": [title()]}),
        json!({"schemas": PATCH_OP, "Operations": [title()]}),
    ] {
        assert_repaired(body, Quirk::MessageSchemas);
    }
}

#[test]
fn r066_operations_is_an_array() {
    for body in [
        json!([title()]),
        json!("x"),
        json!({"schemas": [PATCH_OP]}),
        json!({"schemas": [PATCH_OP], "Operations": null}),
        json!({"schemas": [PATCH_OP], "Operations": title()}),
        json!({"schemas": [PATCH_OP], "Operations": ["replace"]}),
    ] {
        assert_refused(body, ScimType::InvalidSyntax);
    }
}

#[test]
fn q42_no_operations_change_nothing() {
    let patch = assert_repaired(message(json!([])), Quirk::NoOperations);
    assert!(patch.is_empty());
    assert_eq!(patched(&mara(), json!([])), mara());
}

#[test]
fn r067_op_is_add_replace_or_remove() {
    for op in [json!("set"), json!("move"), json!(""), json!(null), json!(1), json!("add ")] {
        assert_refused(message(json!([{"op": op, "path": "title", "value": "x"}])), ScimType::InvalidSyntax);
    }
    assert_refused(message(json!([{"path": "title", "value": "x"}])), ScimType::InvalidSyntax);
}

#[test]
fn q02_op_may_be_in_any_letter_case() {
    for op in ["Add", "Replace", "ADD", "REPLACE", "rEpLaCe"] {
        assert_repaired(message(json!([{"op": op, "path": "title", "value": "x"}])), Quirk::OperationCase);
    }
    assert_repaired(message(json!([{"op": "Remove", "path": "title"}])), Quirk::OperationCase);
}

#[test]
fn r068_members_may_be_in_other_letter_case() {
    assert_repaired(json!({"schemas": [PATCH_OP], "operations": [title()]}), Quirk::ForeignMember);
    assert_repaired(message(json!([{"Op": "replace", "Path": "title", "Value": "CTO"}])), Quirk::ForeignMember);
    assert_refused(
        message(json!([{"op": "add", "OP": "remove", "path": "title", "value": "x"}])),
        ScimType::InvalidSyntax,
    );
}

#[test]
fn foreign_members_and_null_paths_are_forgiven() {
    assert_repaired(
        message(json!([{"op": "replace", "path": "title", "value": "x", "name": "title"}])),
        Quirk::ForeignMember,
    );
    assert_repaired(message(json!([{"op": "replace", "path": null, "value": {"title": "x"}}])), Quirk::ForeignMember);
    assert_repaired(message(json!([{"op": "replace", "path": "", "value": {"title": "x"}}])), Quirk::ForeignMember);
    assert_refused(message(json!([{"op": "replace", "path": ["title"], "value": "x"}])), ScimType::InvalidSyntax);
}

#[test]
fn more_operations_than_the_limit_are_refused_by_name() {
    let refusal = assert_refused(message(json!([title(), title(), title(), title()])), ScimType::InvalidValue);
    assert!(refusal.detail.contains("limit of 3"), "{refusal}");
    parse(message(json!([title(), title(), title()])), &mut Dialect::strict()).unwrap();
}

#[test]
fn r071_without_path_the_value_is_an_object() {
    for value in [json!("x"), json!([{"title": "x"}]), json!(true), json!(null)] {
        assert_refused(message(json!([{"op": "add", "value": value}])), ScimType::InvalidValue);
    }
    assert_refused(message(json!([{"op": "add", "value": {"title": "x", "Title": "y"}}])), ScimType::InvalidSyntax);
}

#[test]
fn a_patch_knows_what_it_touches() {
    let body = message(json!([{"op": "replace", "value": {"title": "x", "name": {"givenName": "M"}}},
        {"op": "remove", "path": "emails[type eq \"work\"].value"}]));
    let patch = parse(body, &mut Dialect::strict()).unwrap();
    for (attribute, touched) in
        [("title", true), ("name", true), ("emails", true), ("userName", false), ("active", false)]
    {
        assert_eq!(patch.touches(attribute), touched, "{attribute}");
    }
}

#[test]
fn r072_operations_apply_in_order() {
    let operations = json!([
        {"op": "add", "path": "title", "value": "A"},
        {"op": "remove", "path": "title"},
        {"op": "add", "path": "title", "value": "B"},
        {"op": "replace", "path": "title", "value": "C"}]);
    assert_eq!(repairing(&mara(), operations, &[]), with(mara(), "/title", json!("C")));
}

#[test]
fn r073_a_failing_operation_undoes_all() {
    let schemas = schemas();
    let of = schemas.of(ResourceKind::User);
    let before = Resource::from_document(&mara().to_string()).unwrap();
    let current = before.clone();
    let operations = json!([
        {"op": "remove", "path": "emails"},
        {"op": "replace", "path": "title", "value": "CTO"},
        {"op": "remove", "path": "userName"}]);
    let mut dialect = Dialect::lenient();
    let patch = Patch::parse(message(operations), of, 10, &mut dialect).unwrap();
    patch.apply(&current, of, &mut dialect).unwrap_err();
    assert_eq!(current, before);
}
