//! Filling in `bulkId:` references (RFC 7644 section 3.7.2).

use super::*;
use crate::bulk::reference::BulkIds;

fn filled(mut value: Value) -> Result<Value, ScimError> {
    let ids = [("a", Some("id-a")), ("ab", Some("id-ab")), ("lost", None)];
    let ids = ids.into_iter().map(|(name, id)| (name.to_owned(), id.map(str::to_owned))).collect();
    BulkIds(ids).fill(&mut value).map(|()| value)
}

#[test]
fn r145_references_are_filled_in_everywhere() {
    let filled = filled(json!({
        "members": [{"value": "bulkId:a", "$ref": "https://gw.example/Users/bulkId:a"}, {"value": "bulkId:ab"}],
        (ENTERPRISE): {"manager": {"value": "bulkId:a"}},
        "Operations": [{"op": "remove", "path": "members[value eq \"bulkId:ab\" or value eq \"bulkId:a\"]"}, {"value": "bulkId:a"}],
    }));
    let expected = json!({
        "members": [{"value": "id-a", "$ref": "https://gw.example/Users/id-a"}, {"value": "id-ab"}],
        (ENTERPRISE): {"manager": {"value": "id-a"}},
        "Operations": [{"op": "remove", "path": "members[value eq \"id-ab\" or value eq \"id-a\"]"}, {"value": "id-a"}],
    });
    assert_eq!(filled.unwrap(), expected);
}

#[test]
fn r145_the_keys_of_a_patch_without_path_are_paths() {
    let manager = format!("{ENTERPRISE}:manager");
    let sent = json!({"op": "add", "value": {
        "title": "x",
        "members[value eq \"bulkId:a\"].type": "User",
        "members[value eq \"bulkId:ab\" or value eq \"bulkId:a\"]": {"value": "bulkId:ab"},
        (&manager): "bulkId:a",
        "bulkId:nobody": 1,
    }});
    let expected = json!({"op": "add", "value": {
        "title": "x",
        "members[value eq \"id-a\"].type": "User",
        "members[value eq \"id-ab\" or value eq \"id-a\"]": {"value": "id-ab"},
        (&manager): "id-a",
        "bulkId:nobody": 1,
    }});
    assert_eq!(filled(sent).unwrap().to_string(), expected.to_string());
    let error = filled(json!({"members[value eq \"bulkId:nobody\"]": null})).unwrap_err();
    assert_eq!((error.status, error.scim_type), (400, Some(ScimType::InvalidValue)));
    let twice = json!({"members[value eq \"bulkId:a\"]": 1, "members[value eq \"id-a\"]": 2});
    assert_eq!(filled(twice).unwrap_err().scim_type, Some(ScimType::InvalidSyntax));
}

#[test]
fn texts_that_only_look_like_references_stay() {
    let texts = json!([
        "bulkId",
        "bulkId:",
        "about bulkId:a",
        "see /Users/bulkId:a and more",
        "\"bulkId:",
        "a\"bulkId:\"",
        "BULKID:a",
        7,
        null
    ]);
    assert_eq!(filled(texts.clone()).unwrap(), texts);
}

#[test]
fn r145_a_reference_to_nothing_is_refused() {
    let refusal = filled(json!({"value": "bulkId:nobody"})).unwrap_err();
    assert_eq!((refusal.status, refusal.scim_type), (400, Some(ScimType::InvalidValue)));
    assert!(refusal.detail.contains("nobody"), "{refusal}");
}

#[test]
fn r146_a_reference_to_what_could_not_be_created_is_a_conflict() {
    let refusal = filled(json!({"value": "bulkId:lost"})).unwrap_err();
    assert_eq!((refusal.status, refusal.scim_type), (409, None));
}
