//! What every resource must have, however it came about.

use serde_json::{Map, Value};

use super::Resource;
use crate::{Attribute, Kind, Mutability, ResourceType, ScimError};

/// Bytes of a text that is looked up; the keys of a database index are not longer.
const LONGEST_KEY: usize = 512;
/// Bytes of names and texts in one resource; it grows by PATCH, and is read and written whole.
const LARGEST: usize = 1_048_576;
/// The attributes that are looked up.
const KEYS: [&str; 3] = ["userName", "externalId", "displayName"];

/// Checks a whole resource: required attributes are there and not blank (RFC 7643 section 7), what is looked up is not
/// longer than an index takes, and all of it is not too large.
///
/// # Errors
/// A 400 `invalidValue` that names the attribute.
pub fn check(resource: &Resource, of: &ResourceType) -> Result<(), ScimError> {
    let attributes = resource.attributes();
    of.schema.attributes.iter().try_for_each(|attribute| required(attribute, attributes, ""))?;
    for extension in &of.extensions {
        let Some(Value::Object(attributes)) = attributes.get(extension.id.as_ref()) else { continue };
        let prefix = format!("{}:", extension.id);
        extension.attributes.iter().try_for_each(|attribute| required(attribute, attributes, &prefix))?;
    }
    short(resource)?;
    small(attributes)
}

fn required(attribute: &Attribute, holder: &Map<String, Value>, prefix: &str) -> Result<(), ScimError> {
    let name = format_args!("{prefix}{}", attribute.name);
    match holder.get(&attribute.name) {
        None if is_required(attribute) => Err(ScimError::invalid_value(format!("{name} is required"))),
        Some(Value::String(text)) if is_required(attribute) && text.trim().is_empty() => {
            Err(ScimError::invalid_value(format!("{name} is blank")))
        }
        Some(value) if attribute.kind == Kind::Complex => required_subs(attribute, value, &name.to_string()),
        _ => Ok(()),
    }
}

fn required_subs(attribute: &Attribute, value: &Value, name: &str) -> Result<(), ScimError> {
    let mut wanted = attribute.sub_attributes.iter().filter(|sub| is_required(sub)).peekable();
    if wanted.peek().is_none() {
        return Ok(());
    }
    let elements = match value {
        Value::Array(elements) => elements.as_slice(),
        single => std::slice::from_ref(single),
    };
    let prefix = format!("{name}.");
    wanted.try_for_each(|sub| {
        elements.iter().filter_map(Value::as_object).try_for_each(|element| required(sub, element, &prefix))
    })
}

/// What only the server writes is not missing.
fn is_required(attribute: &Attribute) -> bool {
    attribute.required && attribute.mutability != Mutability::ReadOnly
}

fn short(resource: &Resource) -> Result<(), ScimError> {
    let texts = KEYS.into_iter().filter_map(|name| Some((name, resource.attributes().get(name)?.as_str()?)));
    let emails = resource.emails().map(|email| ("emails.value", email));
    match texts.chain(emails).find(|(_, text)| text.len() > LONGEST_KEY) {
        Some((name, _)) => Err(ScimError::invalid_value(format!("{name} is longer than {LONGEST_KEY} bytes"))),
        None => Ok(()),
    }
}

fn small(attributes: &Map<String, Value>) -> Result<(), ScimError> {
    if members(attributes) > LARGEST {
        return Err(ScimError::invalid_value(format!("the resource has more than {LARGEST} bytes")));
    }
    Ok(())
}

fn members(object: &Map<String, Value>) -> usize {
    object.iter().map(|(name, value)| name.len() + bytes(value)).sum()
}

fn bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(elements) => elements.iter().map(bytes).sum(),
        Value::Object(object) => members(object),
        _ => 1,
    }
}
