//! Where in an operation `bulkId:` references can stand (RFC 7644 section 3.7.2).
//!
//! An attribute of the standard schemas refers to resources if it has a `$ref`, such as members and manager. Any other
//! one holds plain text, also if the text looks like a reference. A tenant's own attributes may be references.

use serde_json::{Map, Value};

use super::BulkAction;
use super::reference::{Finder, literals, places};
use crate::{Dialect, ResourceKind, Schemas, ScimError};

/// What is done with each text that can hold references; the function finds them in it.
pub(super) type Each<'e> = dyn FnMut(&mut String, Finder) -> Result<(), ScimError> + 'e;

/// Everything that an operation sends beside its id.
pub(super) fn in_data(action: &mut BulkAction, each: &mut Each<'_>) -> Result<(), ScimError> {
    let kind = action.kind();
    match action {
        BulkAction::Create { data, .. } | BulkAction::Replace { data, .. } => in_resource(kind, "", data, each),
        BulkAction::Patch { data, .. } => in_patch(kind, data, each),
        BulkAction::Delete { .. } => Ok(()),
    }
}

/// The value of the attribute that `path` names.
pub(super) fn in_attribute(
    kind: ResourceKind,
    path: &str,
    value: &mut Value,
    each: &mut Each<'_>,
) -> Result<(), ScimError> {
    match bearing(kind, path) {
        Bearing::Schema => in_resource(kind, &format!("{path}:"), value, each),
        Bearing::References => in_value(value, each),
        Bearing::Text => Ok(()),
    }
}

fn in_patch(kind: ResourceKind, data: &mut Value, each: &mut Each<'_>) -> Result<(), ScimError> {
    match member(data, "Operations") {
        Some(Value::Array(operations)) => {
            operations.iter_mut().try_for_each(|operation| in_operation(kind, operation, each))
        }
        Some(operation) => in_operation(kind, operation, each),
        None => Ok(()),
    }
}

fn in_operation(kind: ResourceKind, operation: &mut Value, each: &mut Each<'_>) -> Result<(), ScimError> {
    let Some(Value::String(path)) = member(operation, "path") else {
        return member(operation, "value").map_or(Ok(()), |value| in_resource(kind, "", value, each));
    };
    let sent = path.clone();
    if bearing(kind, &attribute_of(&sent)) == Bearing::References {
        each(path, literals)?;
    }
    member(operation, "value").map_or(Ok(()), |value| in_attribute(kind, &sent, value, each))
}

/// A resource, or what is inside an extension. The keys of a PATCH value without path are paths.
fn in_resource(kind: ResourceKind, prefix: &str, data: &mut Value, each: &mut Each<'_>) -> Result<(), ScimError> {
    let Value::Object(attributes) = data else { return Ok(()) };
    let sent = std::mem::take(attributes);
    for (mut key, mut value) in sent {
        let path = format!("{prefix}{key}");
        in_attribute(kind, &path, &mut value, each)?;
        if bearing(kind, &attribute_of(&path)) == Bearing::References {
            each(&mut key, literals)?;
        }
        insert(attributes, key, value)?;
    }
    Ok(())
}

fn insert(attributes: &mut Map<String, Value>, key: String, value: Value) -> Result<(), ScimError> {
    if attributes.contains_key(&key) {
        return Err(ScimError::invalid_syntax(format!("{key} is given twice")));
    }
    attributes.insert(key, value);
    Ok(())
}

fn in_value(value: &mut Value, each: &mut Each<'_>) -> Result<(), ScimError> {
    match value {
        Value::String(text) => each(text, places),
        Value::Array(items) => items.iter_mut().try_for_each(|item| in_value(item, each)),
        Value::Object(parts) => {
            let mut parts = parts.iter_mut().filter(|(name, _)| !is_label(name));
            parts.try_for_each(|(_, part)| in_value(part, each))
        }
        _ => Ok(()),
    }
}

#[derive(PartialEq, Eq)]
enum Bearing {
    /// The path names a whole schema.
    Schema,
    /// References can stand in the value.
    References,
    /// What stands there is plain.
    Text,
}

fn bearing(kind: ResourceKind, path: &str) -> Bearing {
    let schemas = Schemas::standard();
    let of = schemas.of(kind);
    if of.schema(path).is_some() {
        return Bearing::Schema;
    }
    if path.rsplit_once('.').is_some_and(|(_, part)| is_label(part)) {
        return Bearing::Text;
    }
    match of.resolve(&attribute_of(path), &mut Dialect::lenient()) {
        Ok(Some(found)) if found.attribute.sub("$ref").is_none() => Bearing::Text,
        _ => Bearing::References,
    }
}

/// The path up to its brackets.
fn attribute_of(path: &str) -> String {
    path.split('[').next().unwrap_or_default().trim().to_owned()
}

/// The parts of a reference that are for people.
fn is_label(name: &str) -> bool {
    ["display", "displayName", "type"].iter().any(|label| label.eq_ignore_ascii_case(name))
}

fn member<'v>(data: &'v mut Value, name: &str) -> Option<&'v mut Value> {
    data.as_object_mut()?.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}
