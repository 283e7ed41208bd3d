//! Filling in `bulkId:` references (RFC 7644 section 3.7.2).

use super::*;
use crate::bulk::reference::BulkIds;

fn fill(mut action: BulkAction) -> Result<Value, ScimError> {
    let ids = [("a", Some("id-a")), ("ab", Some("id-ab")), ("lost", None)];
    let ids = ids.into_iter().map(|(name, id)| (name.to_owned(), id.map(str::to_owned))).collect();
    BulkIds(ids).fill(&mut action)?;
    Ok(action.data().unwrap().clone())
}

fn filled(kind: ResourceKind, data: Value) -> Result<Value, ScimError> {
    fill(BulkAction::Create { kind, data })
}

/// The operations of a patch of a group.
fn patched(operations: Value) -> Result<Value, ScimError> {
    let data = json!({"schemas": [PATCH_OP], "Operations": operations});
    let filled = fill(BulkAction::Patch { kind: ResourceKind::Group, id: "g".to_owned(), version: None, data });
    filled.map(|data| data["Operations"].clone())
}

#[test]
fn r145_references_are_filled_in_everywhere() {
    let group = json!({"members": [{"value": "bulkId:a", "$ref": "https://gw.example/Users/bulkId:a"}, "bulkId:ab"]});
    let expected = json!({"members": [{"value": "id-a", "$ref": "https://gw.example/Users/id-a"}, "id-ab"]});
    assert_eq!(filled(ResourceKind::Group, group).unwrap(), expected);
    let user = json!({(ENTERPRISE): {"manager": {"value": "bulkId:a"}}, "urn:acme:User": {"mentor": "bulkId:ab"}});
    let expected = json!({(ENTERPRISE): {"manager": {"value": "id-a"}}, "urn:acme:User": {"mentor": "id-ab"}});
    assert_eq!(filled(ResourceKind::User, user).unwrap(), expected);
    let operations = json!([
        {"op": "remove", "path": "members[value eq \"bulkId:ab\" or value eq \"bulkId:a\"]"},
        {"op": "add", "path": "members", "value": [{"value": "bulkId:a"}]}]);
    let expected = json!([
        {"op": "remove", "path": "members[value eq \"id-ab\" or value eq \"id-a\"]"},
        {"op": "add", "path": "members", "value": [{"value": "id-a"}]}]);
    assert_eq!(patched(operations).unwrap(), expected);
}

#[test]
fn r145_plain_texts_are_left_alone() {
    let user = json!({"externalId": "bulkId:zz", "displayName": "bulkId:a", "name": {"givenName": "bulkId:a"},
        "emails": [{"value": "bulkId:a"}], (ENTERPRISE): {"department": "bulkId:a"}});
    assert_eq!(filled(ResourceKind::User, user.clone()).unwrap(), user);
    let group = json!({"displayName": "bulkId:zz", "members": [{"value": "x", "display": "bulkId:zz"}]});
    assert_eq!(filled(ResourceKind::Group, group.clone()).unwrap(), group);
    let operations = json!([
        {"op": "add", "path": "displayName", "value": "bulkId:zz"},
        {"op": "add", "value": {"externalId": "bulkId:zz"}},
        {"op": "replace", "path": "members[value eq \"x\"].display", "value": "bulkId:zz"}]);
    assert_eq!(patched(operations.clone()).unwrap(), operations);
}

#[test]
fn r145_the_keys_of_a_patch_without_path_are_paths() {
    let manager = format!("{ENTERPRISE}:manager");
    let sent = json!([{"op": "add", "value": {
        "title": "x",
        "members[value eq \"bulkId:a\"].type": "User",
        "members[value eq \"bulkId:ab\" or value eq \"bulkId:a\"]": {"value": "bulkId:ab"},
        (&manager): "bulkId:a",
        "bulkId:nobody": 1,
    }}]);
    let expected = json!([{"op": "add", "value": {
        "title": "x",
        "members[value eq \"id-a\"].type": "User",
        "members[value eq \"id-ab\" or value eq \"id-a\"]": {"value": "id-ab"},
        (&manager): "id-a",
        "bulkId:nobody": 1,
    }}]);
    assert_eq!(patched(sent).unwrap().to_string(), expected.to_string());
    let of_value = |value: Value| patched(json!([{"op": "add", "value": value}]));
    let error = of_value(json!({"members[value eq \"bulkId:nobody\"]": null})).unwrap_err();
    assert_eq!((error.status, error.scim_type), (400, Some(ScimType::InvalidValue)));
    let twice = json!({"members[value eq \"bulkId:a\"]": 1, "members[value eq \"id-a\"]": 2});
    assert_eq!(of_value(twice).unwrap_err().scim_type, Some(ScimType::InvalidSyntax));
}

#[test]
fn texts_that_only_look_like_references_stay() {
    let texts = json!({"members": [
        "bulkId",
        "bulkId:",
        "about bulkId:a",
        "see /Users/bulkId:a and more",
        "\"bulkId:",
        "a\"bulkId:\"",
        "BULKID:a",
        7,
        null
    ]});
    assert_eq!(filled(ResourceKind::Group, texts.clone()).unwrap(), texts);
}

#[test]
fn r145_a_reference_to_nothing_is_refused() {
    let refusal = filled(ResourceKind::Group, json!({"members": [{"value": "bulkId:nobody"}]})).unwrap_err();
    assert_eq!((refusal.status, refusal.scim_type), (400, Some(ScimType::InvalidValue)));
    assert!(refusal.detail.contains("nobody"), "{refusal}");
}

#[test]
fn r146_a_reference_to_what_could_not_be_created_is_a_conflict() {
    let refusal = filled(ResourceKind::Group, json!({"members": [{"value": "bulkId:lost"}]})).unwrap_err();
    assert_eq!((refusal.status, refusal.scim_type), (409, None));
}
