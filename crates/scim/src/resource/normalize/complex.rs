//! Objects of sub-attributes.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{normalize as normalize_sub, only_one, refused, within};
use crate::{Attribute, Dialect, Mutability, Quirk, ScimError};

/// A member of an object with the sub-attribute that it is.
pub(crate) type Part<'a> = (&'a Arc<Attribute>, Value);

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
    let mut parts = parts(attribute, object, dialect)?;
    unpack(attribute, &mut parts, dialect)?;
    let names_value = parts.iter().any(|(sub, _)| sub.name == "value");
    let kept = subs(attribute, parts, dialect)?;
    let says_nothing = kept.is_empty() || names_value && only_labels(attribute, &kept);
    Ok((!says_nothing).then_some(Value::Object(kept)))
}

/// The members by their sub-attributes, each once; what no schema has is dropped.
///
/// # Errors
/// A 400 `invalidValue` if two members are the same sub-attribute.
pub(crate) fn parts<'a>(
    attribute: &'a Attribute,
    object: Map<String, Value>,
    dialect: &mut Dialect,
) -> Result<Vec<Part<'a>>, ScimError> {
    let mut parts: Vec<Part<'a>> = Vec::with_capacity(object.len().min(attribute.sub_attributes.len()));
    for (name, value) in object {
        let Some(sub) = named(attribute, &name, dialect)? else { continue };
        if parts.iter().any(|(seen, _)| seen.name == sub.name) {
            return Err(refused(attribute, &format!("has {} twice", sub.name)));
        }
        parts.push((sub, value));
    }
    Ok(parts)
}

fn subs(attribute: &Attribute, parts: Vec<Part<'_>>, dialect: &mut Dialect) -> Result<Map<String, Value>, ScimError> {
    let mut kept = Map::with_capacity(parts.len());
    for (sub, value) in parts {
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

/// The sub-attribute of that name, or of the name it stands for.
fn named<'a>(
    attribute: &'a Attribute,
    name: &str,
    dialect: &mut Dialect,
) -> Result<Option<&'a Arc<Attribute>>, ScimError> {
    let refusal = || refused(attribute, &format!("has no sub-attribute {name}"));
    let sub = part(attribute, name);
    match sub {
        None => dialect.repair(Quirk::UnknownAttribute, refusal)?,
        Some(sub) if !sub.name.eq_ignore_ascii_case(name) => dialect.repair(Quirk::OldWording, refusal)?,
        Some(_) => {}
    }
    Ok(sub)
}

/// The sub-attribute that clients call so: by its name, or by another one it has elsewhere. SCIM 1.1 says
/// `manager.managerId` (OneLogin), Entra says `displayName` in roles.
fn part<'a>(attribute: &'a Attribute, name: &str) -> Option<&'a Arc<Attribute>> {
    let other = || {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        match attribute.name.as_str() {
            "manager" if is("managerId") => attribute.sub("value"),
            _ if is("displayName") => attribute.sub("display"),
            _ => None,
        }
    };
    attribute.sub(name).or_else(other)
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

/// Entra puts a whole role into `value`, as JSON text in a string (`SingleAppRoleAssignment`). Each text is shorter than
/// the one it was in, so this ends.
fn unpack<'a>(attribute: &'a Attribute, parts: &mut Vec<Part<'a>>, dialect: &mut Dialect) -> Result<(), ScimError> {
    if !attribute.multi_valued || attribute.sub("display").is_none() {
        return Ok(());
    }
    if let Some((sub, value)) = parts.iter_mut().find(|(sub, value)| sub.name == "value" && is_list_of_one(value)) {
        *value = only_one(sub, value.take(), dialect).map_err(within(attribute))?.unwrap_or_default();
    }
    while let Some(inner) = parts.iter().find(|(sub, _)| sub.name == "value").and_then(|(_, value)| packed(value)) {
        dialect.repair(Quirk::JsonInString, || refused(attribute, "has JSON text as its value"))?;
        for (name, value) in inner {
            let Some(sub) = part(attribute, &name) else { continue };
            match parts.iter_mut().find(|(there, _)| there.name == sub.name) {
                Some((_, there)) => *there = value,
                None => parts.push((sub, value)),
            }
        }
    }
    Ok(())
}

fn is_list_of_one(value: &Value) -> bool {
    value.as_array().is_some_and(|values| values.len() == 1)
}

fn packed(value: &Value) -> Option<Map<String, Value>> {
    let text = value.as_str()?;
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
