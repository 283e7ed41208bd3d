//! What a value means at a place: set, append, merge, withdraw or unassign.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::step::{Action, Change, Merge, Place};
use crate::resource::{Member, normalize, normalize_element, only_one, parse_members, parts, within};
use crate::{Attribute, AttributePath, Dialect, Kind, Mutability, Quirk, ScimError};

/// The change of an attribute or sub-attribute; `None` if it does nothing.
pub(super) fn change_of_attribute(
    action: Action,
    path: AttributePath,
    value: Option<Value>,
    dialect: &mut Dialect,
) -> Result<(Place, Option<Change>), ScimError> {
    let AttributePath { extension, attribute, sub } = path;
    let path = AttributePath { extension, attribute, sub: None };
    let change = match sub {
        Some(sub) if path.attribute.multi_valued => {
            let change = change_of_elements(action, &path, Some(&sub), value, dialect)?;
            return Ok((Place::Elements(path, None), change));
        }
        Some(sub) => change_of_part(action, &path.attribute, &sub, value, dialect)?,
        None if path.attribute.multi_valued => change_of_array(action, &path, value, dialect)?,
        None => change_of_single(action, &path.attribute, value, dialect)?,
    };
    Ok((Place::Attribute(path), change))
}

/// The change of the elements a value path selects, or of one sub-attribute of each; `None` if it does nothing.
pub(super) fn change_of_elements(
    action: Action,
    path: &AttributePath,
    sub: Option<&Arc<Attribute>>,
    value: Option<Value>,
    dialect: &mut Dialect,
) -> Result<Option<Change>, ScimError> {
    if !path.attribute.multi_valued {
        return Err(ScimError::invalid_path(format!("{path} is single-valued; it has no elements to select")));
    }
    if let Some(sub) = sub {
        return change_of_part(action, &path.attribute, sub, value, dialect);
    }
    match given(action, value, dialect)? {
        Given::Nothing => Ok(None),
        Given::Emptiness => Ok(Some(Change::Unassign)),
        Given::Value(value) => match (only_one(&path.attribute, value, dialect)?, action) {
            (None, Action::Replace) => Ok(Some(Change::Unassign)),
            (None, _) => Ok(None),
            (Some(value), _) => whole(action, &path.attribute, value, normalize_element, dialect),
        },
    }
}

/// What an operation brings along.
enum Given {
    /// Nothing that changes anything: adding null.
    Nothing,
    /// The wish that there be no value.
    Emptiness,
    Value(Value),
}

/// `null` and, from Entra and Okta, `""` unassign (RFC 7643 section 2.5); a remove unassigns whatever it brings.
fn given(action: Action, value: Option<Value>, dialect: &mut Dialect) -> Result<Given, ScimError> {
    match (action, value) {
        (Action::Remove, None | Some(Value::Null)) => Ok(Given::Emptiness),
        (Action::Remove, Some(_)) => {
            dialect.repair(Quirk::RemoveByValue, || ScimError::invalid_value("remove has no value"))?;
            Ok(Given::Emptiness)
        }
        (Action::Add, None | Some(Value::Null)) => Ok(Given::Nothing),
        (Action::Replace, None | Some(Value::Null)) => Ok(Given::Emptiness),
        (_, Some(Value::String(text))) if text.is_empty() => {
            dialect.repair(Quirk::EmptyString, || ScimError::invalid_value("\"\" is no value; use remove"))?;
            Ok(Given::Emptiness)
        }
        (_, Some(value)) => Ok(Given::Value(value)),
    }
}

fn change_of_single(
    action: Action,
    attribute: &Attribute,
    value: Option<Value>,
    dialect: &mut Dialect,
) -> Result<Option<Change>, ScimError> {
    if let (Action::Remove, Some(Value::Object(named))) = (action, &value)
        && attribute.kind == Kind::Complex
    {
        return change_of_named_parts(attribute, named.clone(), dialect);
    }
    match given(action, value, dialect)? {
        Given::Nothing => Ok(None),
        Given::Emptiness => Ok(Some(Change::Unassign)),
        Given::Value(value) => match (only_one(attribute, value, dialect)?, action) {
            (Some(value), _) => whole(action, attribute, value, normalize, dialect),
            (None, Action::Replace) => Ok(Some(Change::Unassign)),
            (None, _) => Ok(None),
        },
    }
}

/// A remove whose value names parts of a complex value: those go (Q12).
fn change_of_named_parts(
    attribute: &Attribute,
    named: Map<String, Value>,
    dialect: &mut Dialect,
) -> Result<Option<Change>, ScimError> {
    let refusal = || ScimError::invalid_value(format!("remove has no value; write {}.…", attribute.name));
    dialect.repair(Quirk::RemoveByValue, refusal)?;
    let named = parts(attribute, named, dialect)?.into_iter().map(|(sub, _)| sub);
    let unset: Vec<_> = named.filter(|sub| sub.mutability != Mutability::ReadOnly).map(Arc::clone).collect();
    Ok((!unset.is_empty()).then(|| Change::Merge(Merge { unset, ..Merge::default() })))
}

/// A sub-attribute is changed by merging an object of it alone: so a part is understood exactly as in a whole.
fn change_of_part(
    action: Action,
    attribute: &Attribute,
    sub: &Arc<Attribute>,
    value: Option<Value>,
    dialect: &mut Dialect,
) -> Result<Option<Change>, ScimError> {
    let unset = || Some(Change::Merge(Merge { unset: vec![Arc::clone(sub)], ..Merge::default() }));
    if let (Action::Remove, true, Some(named)) = (action, sub.multi_valued, value.as_ref().filter(|it| !it.is_null())) {
        dialect.repair(Quirk::RemoveByValue, || ScimError::invalid_value("remove has no value"))?;
        let object = std::iter::once((sub.name.clone(), named.clone())).collect();
        let withdraw = normalize_parts(attribute, object, dialect)?;
        return Ok((!withdraw.is_empty()).then(|| Change::Merge(Merge { withdraw, ..Merge::default() })));
    }
    match given(action, value, dialect)? {
        Given::Nothing => Ok(None),
        Given::Emptiness => Ok(unset()),
        Given::Value(value) => {
            let value = if sub.multi_valued {
                Some(value)
            } else {
                only_one(sub, value, dialect).map_err(within(attribute))?
            };
            let Some(value) = value else { return Ok((action == Action::Replace).then(unset).flatten()) };
            let object: Map<String, Value> = std::iter::once((sub.name.clone(), value)).collect();
            let set = normalize_parts(attribute, object, dialect)?;
            Ok(if set.is_empty() { unset() } else { Some(Change::Merge(Merge { set, ..Merge::default() })) })
        }
    }
}

fn change_of_array(
    action: Action,
    path: &AttributePath,
    value: Option<Value>,
    dialect: &mut Dialect,
) -> Result<Option<Change>, ScimError> {
    let value = match (action, value) {
        // Entra, JumpCloud, authentik: the elements to remove stand in `value`. Without this rule all would go.
        (Action::Remove, Some(value)) if !value.is_null() => {
            let refusal = || ScimError::invalid_value(format!("remove has no value; write {path}[value eq \"…\"]"));
            dialect.repair(Quirk::RemoveByValue, refusal)?;
            value
        }
        (action, value) => match given(action, value, dialect)? {
            Given::Nothing => return Ok(None),
            Given::Emptiness => return Ok((action != Action::Add).then_some(Change::Unassign)),
            Given::Value(value) => value,
        },
    };
    let elements = elements(path, value, dialect)?;
    Ok(match action {
        Action::Replace if elements.is_empty() => Some(Change::Unassign),
        Action::Replace => Some(Change::Set(Value::Array(elements))),
        _ if elements.is_empty() => None,
        Action::Add => Some(Change::Append(elements)),
        Action::Remove => Some(Change::Withdraw(elements)),
    })
}

fn elements(path: &AttributePath, value: Value, dialect: &mut Dialect) -> Result<Vec<Value>, ScimError> {
    if path.is_core("members") {
        // Ids and names alone, however many.
        return Ok(parse_members(value, dialect)?.into_iter().map(Member::into_value).collect());
    }
    match normalize(&path.attribute, value, dialect)? {
        Some(Value::Array(elements)) => Ok(elements),
        Some(single) => Ok(vec![single]),
        None => Ok(Vec::new()),
    }
}

type Normalize = fn(&Attribute, Value, &mut Dialect) -> Result<Option<Value>, ScimError>;

/// A whole value: merged if it is complex, else set.
fn whole(
    action: Action,
    attribute: &Attribute,
    value: Value,
    normalize: Normalize,
    dialect: &mut Dialect,
) -> Result<Option<Change>, ScimError> {
    match value {
        Value::Object(object) if attribute.kind == Kind::Complex => merge(action, attribute, object, dialect),
        value => Ok(Some(match normalize(attribute, value, dialect)? {
            Some(Value::Object(set)) => Change::Merge(Merge { set, ..Merge::default() }),
            Some(value) => Change::Set(value),
            None => Change::Unassign,
        })),
    }
}

/// Sub-attributes that are given are set, those given as empty are unassigned, the others stay (RFC 7644 section 3.5.2.3).
fn merge(
    action: Action,
    attribute: &Attribute,
    object: Map<String, Value>,
    dialect: &mut Dialect,
) -> Result<Option<Change>, ScimError> {
    let mut merge = Merge::default();
    let mut set = Map::new();
    for (sub, value) in parts(attribute, object, dialect)? {
        if sub.mutability == Mutability::ReadOnly {
            continue;
        }
        if !is_empty(&value) {
            set.insert(sub.name.clone(), value);
        } else if !matches!(given(action, Some(value), dialect)?, Given::Nothing) {
            merge.unset.push(Arc::clone(sub));
        }
    }
    merge.set = normalize_parts(attribute, set, dialect)?;
    Ok((!merge.set.is_empty() || !merge.unset.is_empty()).then_some(Change::Merge(merge)))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        _ => false,
    }
}

/// Normalises an object of sub-attributes, as it stands in one element or in a single-valued attribute.
fn normalize_parts(
    attribute: &Attribute,
    parts: Map<String, Value>,
    dialect: &mut Dialect,
) -> Result<Map<String, Value>, ScimError> {
    if parts.is_empty() {
        return Ok(parts);
    }
    match normalize_element(attribute, Value::Object(parts), dialect)? {
        Some(Value::Object(set)) => Ok(set),
        _ => Ok(Map::new()),
    }
}
