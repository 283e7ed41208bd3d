//! Changing one attribute of an object, by the rules of its definition.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::elements::{append, withdraw};
use super::step::{Action, Merge};
use crate::{Attribute, Mutability, ScimError};

/// Replaces the value of one attribute by what `change` makes of it; `None` is no value. The key keeps its position.
///
/// An immutable attribute or part may get its first value and keep it, nothing else; a required one may not lose its value
/// (RFC 7644 sections 3.5.2 and 3.5.2.2).
pub(super) fn edit(
    holder: &mut Map<String, Value>,
    attribute: &Attribute,
    action: Action,
    change: impl FnOnce(Option<Value>) -> Result<Option<Value>, ScimError>,
) -> Result<(), ScimError> {
    let old = holder.get_mut(&attribute.name).map(Value::take);
    let kept = written_once(attribute, old.as_ref());
    let new = change(old)?;
    if !kept.iter().all(|(sub, kept)| part(new.as_ref(), *sub) == Some(kept)) {
        return Err(immutable(attribute));
    }
    match new {
        Some(new) => {
            holder.insert(attribute.name.clone(), new);
        }
        None if attribute.required => return Err(required(attribute, action)),
        None => {
            holder.shift_remove(&attribute.name);
        }
    }
    Ok(())
}

/// Takes an attribute out together with its whole extension, which nobody needs to have.
pub(super) fn unassign(holder: &mut Map<String, Value>, attribute: &Attribute) -> Result<(), ScimError> {
    if written_once(attribute, holder.get(&attribute.name)).is_empty() {
        holder.shift_remove(&attribute.name);
        return Ok(());
    }
    Err(immutable(attribute))
}

/// What must not change: the value if it is immutable, or its immutable parts. Elements of an array come and go whole.
fn written_once<'a>(attribute: &'a Attribute, value: Option<&Value>) -> Vec<(Option<&'a str>, Value)> {
    if attribute.mutability == Mutability::Immutable {
        return value.map(|value| (None, value.clone())).into_iter().collect();
    }
    if attribute.multi_valued {
        return Vec::new();
    }
    let immutable = attribute.sub_attributes.iter().filter(|sub| sub.mutability == Mutability::Immutable);
    immutable.filter_map(|sub| Some((Some(sub.name.as_str()), part(value, Some(&sub.name))?.clone()))).collect()
}

/// The value, or a part of it.
fn part<'a>(value: Option<&'a Value>, sub: Option<&str>) -> Option<&'a Value> {
    match sub {
        Some(sub) => value?.get(sub),
        None => value,
    }
}

fn immutable(attribute: &Attribute) -> ScimError {
    ScimError::mutability(format!("{} is immutable and has a value", attribute.name))
}

fn required(attribute: &Attribute, action: Action) -> ScimError {
    let refusal = format!("{} is required", attribute.name);
    match action {
        Action::Remove => ScimError::mutability(refusal),
        Action::Add | Action::Replace => ScimError::invalid_value(refusal),
    }
}

/// Sets and unassigns sub-attributes of a complex value; nothing is left if the last one goes.
pub(super) fn merge(
    value: Option<Value>,
    attribute: &Attribute,
    action: Action,
    merge: &Merge,
) -> Result<Option<Value>, ScimError> {
    let mut object = match value {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    };
    for sub in &merge.unset {
        edit(&mut object, sub, action, |_| Ok(None))?;
    }
    for (name, value) in &merge.withdraw {
        if let (Some(sub), Value::Array(named)) = (attribute.sub(name), value) {
            edit(&mut object, sub, action, |old| Ok(withdraw(old, sub, named)))?;
        }
    }
    for (name, value) in &merge.set {
        if let Some(sub) = attribute.sub(name) {
            edit(&mut object, sub, action, |old| set_part(old, sub, action, value))?;
        }
    }
    Ok((!object.is_empty()).then_some(Value::Object(object)))
}

fn set_part(
    old: Option<Value>,
    sub: &Arc<Attribute>,
    action: Action,
    value: &Value,
) -> Result<Option<Value>, ScimError> {
    match value {
        Value::Array(values) if action == Action::Add && sub.multi_valued => append(old, sub, action, values),
        value => Ok(Some(value.clone())),
    }
}
