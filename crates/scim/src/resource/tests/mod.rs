//! Resources as clients describe them, and what is kept of it.

mod bodies;
mod lists;
mod properties;
mod puts;
mod reads;
mod values;

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Draft, Resource};
use crate::{Dialect, Quirk, ResourceKind, Schema, Schemas, ScimError};

pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(super) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub(super) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
pub(super) const BADGE: &str = "urn:acme:scim:badge";

/// The standard schemas and an extension with every type.
pub(super) fn schemas() -> Arc<Schemas> {
    let badge: Schema = serde_json::from_value(json!({ "id": BADGE, "name": "Badge", "attributes": [
        { "name": "number", "type": "integer" },
        { "name": "weight", "type": "decimal" },
        { "name": "issued", "type": "dateTime" },
        { "name": "chip", "type": "binary" },
        { "name": "valid", "type": "boolean" },
        { "name": "doors", "multiValued": true },
        { "name": "serial", "mutability": "immutable" },
        { "name": "printed", "mutability": "readOnly" },
        { "name": "desk", "type": "complex", "subAttributes": [
            { "name": "floor", "type": "integer", "required": true }, { "name": "room", "mutability": "immutable" },
        ] },
    ] }))
    .unwrap();
    Schemas::with_extensions(vec![badge]).unwrap()
}

/// What a body with only these attributes says, and what had to be repaired.
pub(super) fn parse(kind: ResourceKind, body: Value, mut dialect: Dialect) -> Result<(Draft, Dialect), ScimError> {
    let draft = Draft::parse(body, schemas().of(kind), &mut dialect)?;
    Ok((draft, dialect))
}

/// A user's body in a well-formed frame.
pub(super) fn framed(attributes: &Value) -> Value {
    let mut body = json!({ "schemas": [USER, ENTERPRISE, BADGE], "userName": "mara" });
    body.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
    body
}

/// What is kept of a user's attributes.
pub(super) fn user(attributes: &Value) -> Value {
    let (draft, _) = parse(ResourceKind::User, framed(attributes), Dialect::lenient()).unwrap();
    let mut kept = draft.resource.attributes().clone();
    kept.shift_remove("userName");
    Value::Object(kept)
}

/// The sentence with which a user's attributes are refused by a lenient dialect.
pub(super) fn refusal(attributes: &Value) -> String {
    let error = parse(ResourceKind::User, framed(attributes), Dialect::lenient()).unwrap_err();
    assert_eq!(error.status, 400);
    error.detail
}

/// Asserts that exactly this deviation is repaired, and that a strict dialect refuses it with its reason.
pub(super) fn assert_repaired(quirk: Quirk, body: &Value) -> Resource {
    let kind = if body.get("displayName").is_some() { ResourceKind::Group } else { ResourceKind::User };
    let (draft, dialect) = parse(kind, body.clone(), Dialect::lenient()).unwrap();
    assert_eq!(dialect.repaired().iter().collect::<Vec<_>>(), [quirk], "{body}");
    let error = parse(kind, body.clone(), Dialect::strict()).unwrap_err();
    assert!(error.detail.contains(quirk.reason()), "{error}");
    draft.resource
}
