//! Objects of sub-attributes.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{normalize as normalize_sub, refused, within};
use crate::{Attribute, Dialect, Mutability, Quirk, ScimError};

/// Names that sub-attributes have elsewhere: SCIM 1.1 says `managerId` (OneLogin), Entra says `displayName` in roles.
const OTHER_NAMES: [(&str, &str); 2] = [("managerId", "value"), ("displayName", "display")];

pub(super) fn normalize(
    attribute: &Attribute,
    value: Value,
    dialect: &mut Dialect,
) -> Result<Option<Value>, ScimError> {
    let object = match value {
        Value::Object(object) => object,
        Value::Array(_) => return Err(refused(attribute, "must be an object, not an array")),
        plain => from_plain(attribute, plain, dialect)?,
    };
    let object = unpack(attribute, object, dialect)?;
    let names_value = object.keys().any(|name| name.eq_ignore_ascii_case("value"));
    let kept = subs(attribute, object, dialect)?;
    let says_nothing = kept.is_empty() || names_value && only_labels(attribute, &kept);
    Ok((!says_nothing).then_some(Value::Object(kept)))
}

fn subs(
    attribute: &Attribute,
    object: Map<String, Value>,
    dialect: &mut Dialect,
) -> Result<Map<String, Value>, ScimError> {
    let mut seen: Vec<&str> = Vec::with_capacity(object.len());
    let mut kept = Map::with_capacity(object.len());
    for (name, value) in object {
        let Some(sub) = named(attribute, &name, dialect)? else { continue };
        if seen.contains(&sub.name.as_str()) {
            return Err(refused(attribute, &format!("has {} twice", sub.name)));
        }
        seen.push(&sub.name);
        if matches!(sub.mutability, Mutability::ReadOnly | Mutability::WriteOnly) {
            continue;
        }
        if value.is_null() && attribute.multi_valued {
            dialect.repair(Quirk::NullMember, || refused(attribute, &format!("has the null {}", sub.name)))?;
        }
        if let Some(value) = normalize_sub(sub, value, dialect).map_err(within(attribute))? {
            kept.insert(sub.name.clone(), value);
        }
    }
    Ok(kept)
}

/// The sub-attribute of that name, or of the name it stands for; what no schema has is dropped.
fn named<'a>(
    attribute: &'a Attribute,
    name: &str,
    dialect: &mut Dialect,
) -> Result<Option<&'a Arc<Attribute>>, ScimError> {
    if let Some(sub) = attribute.sub(name) {
        return Ok(Some(sub));
    }
    let refusal = || refused(attribute, &format!("has no sub-attribute {name}"));
    let other = OTHER_NAMES.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
    if let Some(sub) = other.and_then(|(_, ours)| attribute.sub(ours)) {
        dialect.repair(Quirk::OldWording, refusal)?;
        return Ok(Some(sub));
    }
    dialect.repair(Quirk::UnknownAttribute, refusal)?;
    Ok(None)
}

/// Entra sends `manager` as the id alone; any attribute whose main part is `value` is understood that way.
fn from_plain(attribute: &Attribute, plain: Value, dialect: &mut Dialect) -> Result<Map<String, Value>, ScimError> {
    let refusal = || refused(attribute, "must be an object");
    if attribute.sub("value").is_none() {
        return Err(refusal());
    }
    dialect.repair(Quirk::ValueForComplex, refusal)?;
    Ok(Map::from_iter([("value".to_owned(), plain)]))
}

/// Entra puts a whole role into `value`, as JSON text in a string (`SingleAppRoleAssignment`).
fn unpack(
    attribute: &Attribute,
    mut object: Map<String, Value>,
    dialect: &mut Dialect,
) -> Result<Map<String, Value>, ScimError> {
    if !attribute.multi_valued || attribute.sub("display").is_none() {
        return Ok(object);
    }
    let Some(inner) = object.get("value").and_then(Value::as_str).and_then(packed) else { return Ok(object) };
    dialect.repair(Quirk::JsonInString, || refused(attribute, "has JSON text as its value"))?;
    for (name, value) in inner {
        let display = name.eq_ignore_ascii_case("displayName");
        let name = if display { "display" } else { name.as_str() };
        if attribute.sub(name).is_some() {
            object.insert(name.to_owned(), value);
        }
    }
    Ok(object)
}

fn packed(text: &str) -> Option<Map<String, Value>> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let inner: Map<String, Value> = serde_json::from_str(text).ok()?;
    inner.get("value")?.is_string().then_some(inner)
}

/// Whether an element whose value is empty has nothing left to label.
fn only_labels(attribute: &Attribute, kept: &Map<String, Value>) -> bool {
    attribute.multi_valued && kept.keys().all(|name| matches!(name.as_str(), "type" | "primary"))
}
