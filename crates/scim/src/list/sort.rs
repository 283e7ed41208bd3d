//! The order of a list (RFC 7644 section 3.4.2.3).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::filter::{comparable, is_assigned, is_case_exact, is_hidden, of_resource, shown};
use crate::moment::moment;
use crate::{AttributePath, Dialect, Kind, ResourceKind, ResourceType, Schemas, ScimError, ScimType, fold};

/// What a list is sorted by.
#[derive(Clone, Debug, PartialEq)]
pub struct SortBy {
    path: Option<AttributePath>,
}

/// The place of one resource in the order. Ascending order is the order of the keys, descending its reverse: what has no
/// value comes last in the one and first in the other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SortKey {
    /// `false` before `true`.
    Boolean(bool),
    /// A number, as bits that sort like it.
    Number(i64),
    /// A dateTime as seconds since 1970 and nanoseconds.
    Moment(i64, u32),
    /// A text, or the beginning of a long one; folded unless the attribute is caseExact.
    Text(String),
    /// No value.
    Missing,
}

/// Bytes of a text that decide its place; a cursor has to carry them.
const LONGEST_TEXT: usize = 512;
/// Bytes that are folded for that: folding makes a text shorter by two thirds at most.
const LONGEST_FOLDED: usize = 8 * LONGEST_TEXT;

impl SortBy {
    /// Reads `sortBy` for resources of one type. A complex attribute is sorted by its `value`.
    ///
    /// # Errors
    /// `invalidValue` if the type has no such attribute, it is complex without `value`, or it is never returned.
    pub fn parse(name: &str, of: &ResourceType, dialect: &mut Dialect) -> Result<Self, ScimError> {
        let sort_by = resolve(name, of, dialect)?;
        match sort_by.path {
            Some(_) => Ok(sort_by),
            None => Err(ScimError::invalid_value(format!("sortBy: {} has no attribute {}", of.kind, shown(name)))),
        }
    }

    /// Reads `sortBy` of a query over all types; resources of a type that does not have the attribute have no value.
    ///
    /// # Errors
    /// As [`SortBy::parse`], except for unknown attributes.
    pub fn parse_root(
        name: &str,
        schemas: &Schemas,
        kind: ResourceKind,
        dialect: &mut Dialect,
    ) -> Result<Self, ScimError> {
        resolve(name, schemas.of(kind), dialect)
    }

    /// The attribute, if the type has it.
    #[must_use]
    pub fn path(&self) -> Option<&AttributePath> {
        self.path.as_ref()
    }

    /// The place of a resource, given as the client sees it. Of several values the primary one counts, else the first.
    #[must_use]
    pub fn key(&self, tree: &Map<String, Value>) -> SortKey {
        self.path.as_ref().and_then(|path| key(path, tree)).unwrap_or(SortKey::Missing)
    }
}

fn resolve(name: &str, of: &ResourceType, dialect: &mut Dialect) -> Result<SortBy, ScimError> {
    let Some(path) = of.resolve(name.trim(), dialect).map_err(as_sort_error)? else {
        return Ok(SortBy { path: None });
    };
    if is_hidden(&path) {
        return Err(ScimError::invalid_value(format!("sortBy: {path} is never returned")));
    }
    let path = comparable(path, dialect).map_err(as_sort_error)?;
    Ok(SortBy { path: Some(path) })
}

fn as_sort_error(mut error: ScimError) -> ScimError {
    error.scim_type = Some(ScimType::InvalidValue);
    error.detail = format!("sortBy: {}", error.detail);
    error
}

fn key(path: &AttributePath, tree: &Map<String, Value>) -> Option<SortKey> {
    let element = preferred(of_resource(path, tree)?)?;
    let value = match &path.sub {
        Some(sub) => preferred(element.get(&sub.name)?)?,
        None => element,
    };
    match value {
        Value::Bool(value) => Some(SortKey::Boolean(*value)),
        Value::Number(number) => number.as_f64().map(|number| SortKey::Number(sortable_bits(number))),
        Value::String(text) if is_assigned(value) => Some(text_key(path, text)),
        _ => None,
    }
}

/// The primary element, else the first; a single value is itself.
fn preferred(value: &Value) -> Option<&Value> {
    let Value::Array(elements) = value else {
        return Some(value);
    };
    let is_primary = |element: &&Value| element.get("primary") == Some(&Value::Bool(true));
    elements.iter().find(is_primary).or_else(|| elements.first())
}

fn text_key(path: &AttributePath, text: &str) -> SortKey {
    if path.leaf().kind == Kind::DateTime
        && let Some(at) = moment(text)
    {
        return SortKey::Moment(at.unix_timestamp(), at.nanosecond());
    }
    let start = beginning(text, LONGEST_FOLDED);
    let folded = if is_case_exact(path) { start.into() } else { fold(start) };
    SortKey::Text(beginning(&folded, LONGEST_TEXT).to_owned())
}

fn beginning(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

// As `f64::total_cmp` orders, but as an integer: it survives being written as JSON without loss.
fn sortable_bits(number: f64) -> i64 {
    let number = if number == 0.0 { 0.0 } else { number };
    let bits = i64::from_ne_bytes(number.to_ne_bytes());
    if bits < 0 { bits ^ i64::MAX } else { bits }
}
