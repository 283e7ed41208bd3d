//! Attributes that are written once (RFC 7643 section 7).

use serde_json::{Map, Value};

use super::Resource;
use crate::{Attribute, Mutability, ResourceType, ScimError};

/// Keeps the immutable values a resource has when it is replaced: the same value or none may be sent, another one is
/// refused (RFC 7644 section 3.5.1).
pub(super) fn keep(next: &mut Resource, current: &Resource, of: &ResourceType) -> Result<(), ScimError> {
    for attribute in of.schema.attributes.iter().filter(|attribute| concerns(attribute)) {
        keep_in(next.attributes_mut(), current.attributes(), attribute)?;
    }
    for extension in &of.extensions {
        let Some(Value::Object(stored)) = current.attributes().get(extension.id.as_ref()) else { continue };
        let mut sent = match next.attributes().get(extension.id.as_ref()) {
            Some(Value::Object(sent)) => sent.clone(),
            _ => Map::new(),
        };
        for attribute in extension.attributes.iter().filter(|attribute| concerns(attribute)) {
            keep_in(&mut sent, stored, attribute)?;
        }
        if !sent.is_empty() {
            next.attributes_mut().insert(extension.id.to_string(), Value::Object(sent));
        }
    }
    Ok(())
}

/// Immutable itself, or with immutable parts; elements of arrays are replaced as a whole.
fn concerns(attribute: &Attribute) -> bool {
    let immutable = |attribute: &Attribute| attribute.mutability == Mutability::Immutable;
    immutable(attribute) || !attribute.multi_valued && attribute.sub_attributes.iter().any(|sub| immutable(sub))
}

fn keep_in(next: &mut Map<String, Value>, stored: &Map<String, Value>, attribute: &Attribute) -> Result<(), ScimError> {
    let Some(value) = stored.get(&attribute.name) else { return Ok(()) };
    if attribute.mutability == Mutability::Immutable {
        let sent = next.entry(attribute.name.as_str()).or_insert_with(|| value.clone());
        return if sent == value { Ok(()) } else { Err(refused(&attribute.name)) };
    }
    let Value::Object(stored) = value else { return Ok(()) };
    let mut written_once = attribute.sub_attributes.iter().filter(|sub| concerns(sub));
    match next.get_mut(&attribute.name) {
        Some(Value::Object(sent)) => written_once.try_for_each(|sub| keep_in(sent, stored, sub)),
        // Whole, because its other parts may be required.
        None if written_once.any(|sub| stored.contains_key(&sub.name)) => {
            next.insert(attribute.name.clone(), value.clone());
            Ok(())
        }
        _ => Ok(()),
    }
}

fn refused(name: &str) -> ScimError {
    ScimError::mutability(format!("{name} is immutable and has another value; send the stored one or none"))
}
