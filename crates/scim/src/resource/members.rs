//! The members a group's body names. They are rows of their own, never part of the resource.

use std::collections::HashSet;

use serde_json::Value;

use crate::{Dialect, Quirk, ScimError};

/// The ids in the order sent, each once. Nothing but `value` counts: `type`, `$ref` and `display` are what the server
/// knows (Okta leaves the type out, Entra sends `"$ref": null`).
///
/// # Errors
/// A 400 `invalidValue` if an element has no id.
pub(crate) fn ids(value: Value, dialect: &mut Dialect) -> Result<Vec<String>, ScimError> {
    let elements = match value {
        Value::Array(elements) => elements,
        Value::Null => return Ok(Vec::new()),
        Value::String(text) if text.is_empty() => {
            dialect.repair(Quirk::EmptyString, || ScimError::invalid_value("members is empty"))?;
            return Ok(Vec::new());
        }
        single => {
            dialect.repair(Quirk::SingleForArray, || ScimError::invalid_value("members must be an array"))?;
            vec![single]
        }
    };
    let mut seen = HashSet::with_capacity(elements.len());
    let mut ids = Vec::with_capacity(elements.len());
    for element in elements {
        let id = id(element, dialect)?;
        if seen.insert(id.clone()) {
            ids.push(id);
        }
    }
    Ok(ids)
}

fn id(element: Value, dialect: &mut Dialect) -> Result<String, ScimError> {
    let refusal = || ScimError::invalid_value("each of members needs the id of a user or group as its value");
    match element {
        Value::String(id) if !id.is_empty() => {
            dialect.repair(Quirk::ValueForComplex, || ScimError::invalid_value("each of members must be an object"))?;
            Ok(id)
        }
        Value::Object(mut element) => {
            note_nulls(element.values(), dialect)?;
            let name = element.keys().find(|name| name.eq_ignore_ascii_case("value")).cloned();
            match name.and_then(|name| element.get_mut(&name).map(Value::take)) {
                Some(Value::String(id)) if !id.is_empty() => Ok(id),
                _ => Err(refusal()),
            }
        }
        _ => Err(refusal()),
    }
}

fn note_nulls<'a>(mut values: impl Iterator<Item = &'a Value>, dialect: &mut Dialect) -> Result<(), ScimError> {
    if values.any(Value::is_null) {
        dialect.repair(Quirk::NullMember, || ScimError::invalid_value("an element of members has a null"))?;
    }
    Ok(())
}
