//! Creating and replacing.

use serde_json::{Value, json};

use super::{BADGE, Resource, framed, parse, schemas};
use crate::{Dialect, ResourceKind, ScimError, ScimType};

fn stored(attributes: &Value) -> Resource {
    parse(ResourceKind::User, framed(attributes), Dialect::strict()).unwrap().0.resource
}

fn replaced(current: &Value, next: &Value) -> Result<Value, ScimError> {
    let (draft, _) = parse(ResourceKind::User, framed(next), Dialect::strict()).unwrap();
    let draft = draft.replacing(&stored(current), schemas().of(ResourceKind::User))?;
    let mut attributes = draft.resource.attributes().clone();
    attributes.shift_remove("userName");
    Ok(Value::Object(attributes))
}

#[test]
fn a_new_user_is_active_unless_the_client_says_otherwise() {
    let created = |attributes: &Value| {
        let (draft, _) = parse(ResourceKind::User, framed(attributes), Dialect::strict()).unwrap();
        (draft.names_active, draft.creating().resource.active())
    };
    assert_eq!(created(&json!({})), (false, true));
    assert_eq!(created(&json!({ "active": null })), (false, true));
    assert_eq!(created(&json!({ "active": false })), (true, false));
    let (group, _) = parse(ResourceKind::Group, json!({ "displayName": "Lab" }), Dialect::lenient()).unwrap();
    assert_eq!(group.creating().resource.attributes().len(), 1);
}

#[test]
fn r057_what_a_put_omits_is_cleared() {
    let current = json!({ "active": true, "title": "Dr", "emails": [{ "value": "a@b" }] });
    assert_eq!(
        replaced(&current, &json!({ "active": true, "nickName": "M" })),
        Ok(json!({ "active": true, "nickName": "M" }))
    );
}

#[test]
fn r057_null_and_an_empty_array_clear() {
    let current =
        json!({ "active": true, "title": "Dr", "emails": [{ "value": "a@b" }], "name": { "givenName": "M" } });
    let next = json!({ "active": true, "title": null, "emails": [], "name": { "givenName": null } });
    assert_eq!(replaced(&current, &next), Ok(json!({ "active": true })));
}

#[test]
fn a_put_without_active_reactivates_nobody() {
    assert_eq!(replaced(&json!({ "active": false }), &json!({})), Ok(json!({ "active": false })));
    assert_eq!(replaced(&json!({ "active": true }), &json!({ "active": null })), Ok(json!({ "active": true })));
    assert_eq!(replaced(&json!({ "active": false }), &json!({ "active": true })), Ok(json!({ "active": true })));
}

#[test]
fn r058_what_is_immutable_stays() {
    let current = json!({ "active": true, BADGE: { "serial": "s-1", "doors": ["a"] } });
    let kept = json!({ "active": true, BADGE: { "serial": "s-1" } });
    assert_eq!(replaced(&current, &kept), Ok(kept.clone()));
    assert_eq!(replaced(&current, &json!({ "active": true })), Ok(kept.clone()));
    assert_eq!(replaced(&json!({}), &kept), Ok(kept));
    let other = replaced(&current, &json!({ BADGE: { "serial": "s-2" } })).unwrap_err();
    assert_eq!(other.scim_type, Some(ScimType::Mutability));
    assert!(other.detail.starts_with("serial is immutable"), "{other}");
}

#[test]
fn r058_immutable_parts_stay() {
    let current = json!({ "active": true, BADGE: { "desk": { "floor": 1, "room": "r" } } });
    let moved = json!({ "active": true, BADGE: { "desk": { "floor": 2 } } });
    let expected = json!({ "active": true, BADGE: { "desk": { "floor": 2, "room": "r" } } });
    assert_eq!(replaced(&current, &moved), Ok(expected));
    assert!(replaced(&current, &json!({ BADGE: { "desk": { "floor": 1, "room": "x" } } })).is_err());
    let without_room = json!({ "active": true, BADGE: { "desk": { "floor": 1 } } });
    assert_eq!(replaced(&without_room, &json!({ "active": true })), Ok(json!({ "active": true })));
}

#[test]
fn r058_a_put_without_an_attribute_keeps_it_whole_if_a_part_is_immutable() {
    let current = json!({ "active": true, BADGE: { "desk": { "floor": 1, "room": "r" }, "doors": ["a"] } });
    let kept = json!({ "active": true, BADGE: { "desk": { "floor": 1, "room": "r" } } });
    assert_eq!(replaced(&current, &json!({ "active": true })), Ok(kept.clone()), "a floor is required");
    assert_eq!(replaced(&current, &json!({ "active": true, BADGE: { "desk": null } })), Ok(kept));
}

#[test]
fn r059_an_id_in_the_body_is_ignored() {
    assert_eq!(
        replaced(&json!({ "active": true }), &json!({ "id": "other", "active": true })),
        Ok(json!({ "active": true }))
    );
}

#[test]
fn r060_a_put_needs_the_required_attributes() {
    let error = parse(ResourceKind::User, json!({ "id": "x", "active": true }), Dialect::lenient()).unwrap_err();
    assert_eq!((error.status, error.scim_type), (400, Some(ScimType::InvalidValue)));
}
