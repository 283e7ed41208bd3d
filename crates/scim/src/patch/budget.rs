//! What one PATCH may cost. Its body is bounded, and so is the resource, but many operations with long filters on long
//! arrays multiply.

use serde_json::Value;

use crate::ScimError;
use crate::filter::Filter;

/// Bytes that may be compared, a second's work at most.
const MOST_COMPARED: usize = 320_000_000;
/// Bytes that value paths may write: one value into each of many elements.
const MOST_WRITTEN: usize = 8 * 1024 * 1024;
/// What an element costs beside its texts.
const ELEMENT: usize = 64;
/// Folding text beyond ASCII takes many times as long.
const FOLDED: usize = 32;

/// What was spent so far.
#[derive(Debug, Default)]
pub(super) struct Budget {
    compared: usize,
    written: usize,
}

impl Budget {
    /// Looks at every element of an array, once for each expression of the filter.
    pub(super) fn compare(&mut self, array: Option<&Value>, filter: Option<&Filter>) -> Result<(), ScimError> {
        let cost = array.map_or(0, weight).saturating_mul(filter.map_or(1, terms));
        self.compared = self.compared.saturating_add(cost);
        within(self.compared, MOST_COMPARED)
    }

    /// Writes a value into so many elements.
    pub(super) fn write<'a>(&mut self, times: usize, value: impl Iterator<Item = &'a Value>) -> Result<(), ScimError> {
        let cost = value.map(weight).fold(0, usize::saturating_add).saturating_mul(times);
        self.written = self.written.saturating_add(cost);
        within(self.written, MOST_WRITTEN)
    }
}

fn within(spent: usize, most: usize) -> Result<(), ScimError> {
    if spent <= most {
        return Ok(());
    }
    Err(ScimError::invalid_value("the operations on long arrays cost too much together; send several requests"))
}

fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) if text.is_ascii() => text.len(),
        Value::String(text) => text.len().saturating_mul(FOLDED),
        Value::Array(elements) => elements.iter().map(|element| weight(element) + ELEMENT).sum(),
        Value::Object(members) => members.values().map(weight).sum(),
        _ => 0,
    }
}

fn terms(filter: &Filter) -> usize {
    match filter {
        Filter::And(filters) | Filter::Or(filters) => filters.iter().map(terms).sum(),
        Filter::Not(filter) | Filter::Element { filter, .. } => terms(filter),
        Filter::Present(_) | Filter::Compare(_) | Filter::Nothing => 1,
    }
}
