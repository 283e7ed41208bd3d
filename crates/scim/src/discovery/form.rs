//! The form of discovery answers.

use serde_json::{Value, json};

const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// A list: always everything, never a page (RFC 7644 section 4).
pub(super) fn whole(resources: impl Iterator<Item = Value>) -> Value {
    let resources: Vec<Value> = resources.collect();
    let total = resources.len();
    json!({ "schemas": [LIST], "totalResults": total, "itemsPerPage": total, "startIndex": 1, "Resources": resources })
}

/// Leaves out the members that have no value (RFC 7643 section 2.5).
pub(super) fn assigned(mut object: Value) -> Value {
    let unassigned = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        _ => false,
    };
    if let Value::Object(members) = &mut object {
        members.retain(|_, value| !unassigned(value));
    }
    object
}
