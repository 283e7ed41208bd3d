//! Multi-valued attributes (RFC 7643 section 2.4).

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{normalize_element, refused};
use crate::{Attribute, Dialect, Kind, Quirk, ScimError};

/// Elements one attribute may have; members of groups are no attribute in this sense.
pub(crate) const MOST_ELEMENTS: usize = 2_000;

pub(super) fn normalize(
    attribute: &Attribute,
    value: Value,
    dialect: &mut Dialect,
) -> Result<Option<Value>, ScimError> {
    let sent = match value {
        Value::Array(elements) => elements,
        Value::Null => return Ok(None),
        Value::String(text) if text.is_empty() => {
            dialect.repair(Quirk::EmptyString, || refused(attribute, "is empty"))?;
            return Ok(None);
        }
        single => {
            dialect.repair(Quirk::SingleForArray, || refused(attribute, "must be an array"))?;
            vec![single]
        }
    };
    let mut elements = each(attribute, sent, dialect)?;
    merge_same(&mut elements);
    keep_one_primary(attribute, &mut elements, dialect)?;
    Ok((!elements.is_empty()).then_some(Value::Array(elements)))
}

fn each(attribute: &Attribute, sent: Vec<Value>, dialect: &mut Dialect) -> Result<Vec<Value>, ScimError> {
    if sent.len() > MOST_ELEMENTS {
        return Err(refused(attribute, &format!("has more than {MOST_ELEMENTS} elements")));
    }
    let mut elements = Vec::with_capacity(sent.len());
    for element in sent {
        if element.is_null() {
            return Err(refused(attribute, "has null as an element"));
        }
        elements.extend(normalize_element(attribute, element, dialect)?);
    }
    Ok(elements)
}

/// The same type and value should not be returned twice (RFC 7643 section 2.4): the first stays, and takes over what
/// only the later one says.
pub(crate) fn merge_same(elements: &mut Vec<Value>) {
    if elements.len() < 2 {
        return;
    }
    let mut first: HashMap<String, usize> = HashMap::with_capacity(elements.len());
    let mut kept: Vec<Value> = Vec::with_capacity(elements.len());
    for element in elements.drain(..) {
        let Some(identity) = identity(&element) else {
            kept.push(element);
            continue;
        };
        match first.get(&identity).and_then(|position| kept.get_mut(*position)) {
            Some(same) => merge(same, element),
            None => {
                first.insert(identity, kept.len());
                kept.push(element);
            }
        }
    }
    *elements = kept;
}

/// What makes two elements the same; an element without `value`, such as an address, is the same as no other.
fn identity(element: &Value) -> Option<String> {
    match element {
        Value::Object(object) => {
            let label = object.get("type").and_then(Value::as_str).unwrap_or_default();
            Some(format!("{}\0{label}", object.get("value")?))
        }
        plain => Some(plain.to_string()),
    }
}

fn merge(first: &mut Value, later: Value) {
    let (Value::Object(first), Value::Object(later)) = (first, later) else { return };
    for (name, value) in later {
        let wins = name == "primary" && value == Value::Bool(true);
        if wins || !first.contains_key(&name) {
            first.insert(name, value);
        }
    }
}

/// PingOne sends two primary e-mail addresses; the first stays primary.
fn keep_one_primary(attribute: &Attribute, elements: &mut [Value], dialect: &mut Dialect) -> Result<(), ScimError> {
    let has_primary = attribute.sub("primary").is_some_and(|sub| sub.kind == Kind::Boolean);
    if !has_primary {
        return Ok(());
    }
    let is_primary = |element: &&mut Map<String, Value>| element.get("primary") == Some(&Value::Bool(true));
    for later in elements.iter_mut().filter_map(Value::as_object_mut).filter(is_primary).skip(1) {
        dialect.repair(Quirk::SeveralPrimary, || refused(attribute, "has more than one primary element"))?;
        later.insert("primary".to_owned(), Value::Bool(false));
    }
    Ok(())
}
