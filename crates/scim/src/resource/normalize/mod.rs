//! Values as clients send them, brought to the type of their attribute (RFC 7643 section 2.3).
//!
//! Texts are never changed: not trimmed, not lower-cased (Entra compares what it reads with what it wrote).

mod binary;
mod complex;
mod elements;
mod scalar;

pub(crate) use complex::parts;
pub(crate) use elements::{MOST_ELEMENTS, merge_same};

use serde_json::Value;

use crate::{Attribute, Dialect, Kind, Quirk, ScimError};

/// The value of a whole attribute, an array if it is multi-valued; `None` if it is unassigned: null, an empty array
/// (RFC 7643 section 2.5) or an empty string.
///
/// # Errors
/// A 400 `invalidValue` that names the attribute.
pub(crate) fn normalize(
    attribute: &Attribute,
    value: Value,
    dialect: &mut Dialect,
) -> Result<Option<Value>, ScimError> {
    if attribute.multi_valued {
        return elements::normalize(attribute, value, dialect);
    }
    match only_one(attribute, value, dialect)? {
        Some(value) => normalize_element(attribute, value, dialect),
        None => Ok(None),
    }
}

/// One value of an attribute: the value if it is single-valued, else one element of its array.
///
/// # Errors
/// As [`normalize`].
pub(crate) fn normalize_element(
    attribute: &Attribute,
    value: Value,
    dialect: &mut Dialect,
) -> Result<Option<Value>, ScimError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.is_empty() => {
            dialect.repair(Quirk::EmptyString, || refused(attribute, "is empty"))?;
            Ok(None)
        }
        value if attribute.kind == Kind::Complex => complex::normalize(attribute, value, dialect),
        value => scalar::normalize(attribute, value, dialect).map(Some),
    }
}

/// The value of a single-valued attribute, or of one element, that came as an array (Entra sends `manager` so); `None`
/// for an empty array.
///
/// # Errors
/// As [`normalize`].
pub(crate) fn only_one(attribute: &Attribute, value: Value, dialect: &mut Dialect) -> Result<Option<Value>, ScimError> {
    let Value::Array(mut values) = value else { return Ok(Some(value)) };
    dialect.repair(Quirk::ArrayForSingle, || refused(attribute, "has one value and is no array"))?;
    match (values.pop(), values.is_empty()) {
        (None, _) => Ok(None),
        (Some(Value::Null | Value::Array(_)), _) | (_, false) => Err(refused(attribute, "has one value, not several")),
        (value, true) => Ok(value),
    }
}

fn refused(attribute: &Attribute, reason: &str) -> ScimError {
    ScimError::invalid_value(format!("{} {reason}", attribute.name))
}

/// Puts the attribute's name in front of a refusal that speaks of a sub-attribute.
pub(crate) fn within(attribute: &Attribute) -> impl FnOnce(ScimError) -> ScimError {
    move |mut error| {
        error.detail = format!("{}.{}", attribute.name, error.detail);
        error
    }
}
