//! What each client of the market sends is refused by a strict tenant, with the reason.

use super::*;

#[test]
fn a_strict_tenant_says_why() {
    for (operation, quirk) in [
        (json!({"op": "Replace", "path": "title", "value": "x"}), Quirk::OperationCase),
        (json!({"op": "replace", "path": "active", "value": "True"}), Quirk::StringBoolean),
        (json!({"op": "replace", "path": "title", "value": ""}), Quirk::EmptyString),
        (json!({"op": "replace", "value": {"name.givenName": "x"}}), Quirk::PathKeys),
        (json!({"op": "replace", "value": {"id": "1"}}), Quirk::ReadOnlyNoise),
        (json!({"op": "replace", "path": "manager", "value": {"value": "1"}}), Quirk::UnqualifiedExtension),
        (json!({"op": "replace", "path": format!("{ENTERPRISE}:manager"), "value": "1"}), Quirk::ValueForComplex),
        (
            json!({"op": "replace", "path": format!("{ENTERPRISE}:manager"), "value": [{"value": "1"}]}),
            Quirk::ArrayForSingle,
        ),
        (json!({"op": "remove", "path": "emails", "value": [{"value": "x"}]}), Quirk::RemoveByValue),
        (json!({"op": "remove", "path": "emails[type eq \"x\"]"}), Quirk::NothingToRemove),
        (json!({"op": "add", "path": "emails[type eq \"x\"].value", "value": "x"}), Quirk::CreatedElement),
        (json!({"op": "add", "path": "emails", "value": {"value": "x"}}), Quirk::SingleForArray),
        (json!({"op": "add", "path": "emails", "value": [{"value": "x", "display": null}]}), Quirk::NullMember),
        (json!({"op": "replace", "path": "roles[primary eq \"True\"].value", "value": "x"}), Quirk::BooleanAsString),
        (json!({"op": "add", "path": "roles", "value": [{"value": "{\"value\":\"Owner\"}"}]}), Quirk::JsonInString),
        (json!({"op": "replace", "path": "title", "value": 7}), Quirk::Coerced),
        (json!({"op": "replace", "path": "urn:x:y:z", "value": "x"}), Quirk::UnknownExtensionPath),
        (json!({"op": "replace", "value": {"colour": "x"}}), Quirk::UnknownAttribute),
        (json!({"op": "replace", "path": "title", "value": "x", "extra": 1}), Quirk::ForeignMember),
    ] {
        let refusal = strictly(&mara(), json!([operation])).unwrap_err();
        assert_eq!(refusal.status, 400);
        assert!(refusal.scim_type.is_some());
        assert!(refusal.detail.contains(quirk.reason()), "{operation}: {refusal}");
        repairing(&mara(), json!([operation]), &[quirk]);
    }
}
