//! Bodies that many tests send.

use serde_json::{Value, json};

/// URNs as they stand on the wire.
pub(crate) mod urn {
    pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
    pub(crate) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
    pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    pub(crate) const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
    pub(crate) const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
    pub(crate) const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
    pub(crate) const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
    pub(crate) const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
}

/// A user of this name.
pub(crate) fn user(name: &str) -> Value {
    json!({
        "schemas": [urn::USER],
        "userName": name,
        "externalId": format!("ext-{name}"),
        "displayName": format!("The user {name}"),
        "emails": [{ "value": format!("{name}@mail.example"), "type": "work", "primary": true }],
    })
}

/// A group of this name with these members.
pub(crate) fn group(name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
    json!({ "schemas": [urn::GROUP], "displayName": name, "members": members })
}

/// A PATCH body.
pub(crate) fn patch(operations: &[Value]) -> Value {
    json!({ "schemas": [urn::PATCH], "Operations": operations })
}

/// A PATCH body with one operation.
pub(crate) fn patch_one(operation: &str, path: &str, value: impl Into<Value>) -> Value {
    patch(&[json!({ "op": operation, "path": path, "value": value.into() })])
}

/// A PATCH body that adds one member.
pub(crate) fn added_member(id: &str) -> Value {
    patch_one("add", "members", json!([{ "value": id }]))
}
