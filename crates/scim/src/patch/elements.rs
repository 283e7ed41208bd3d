//! Changing elements of a multi-valued attribute.

use serde_json::{Map, Value};

use super::create::described;
use super::edit::merge;
use super::same::{self, Index};
use super::step::{Action, Change, Merge};
use crate::filter::Filter;
use crate::{Attribute, AttributePath, Dialect, Quirk, ScimError, ScimType};

/// Elements one attribute may have, however they came together.
const MOST_ELEMENTS: usize = 2_000;

/// Adds the elements that are not there yet. One that is there takes over what is given beside its value, such as
/// `primary` (RFC 7644 section 3.5.2.1: adding what is present changes nothing).
pub(super) fn append(
    array: Option<Value>,
    attribute: &Attribute,
    action: Action,
    given: &[Value],
) -> Result<Option<Value>, ScimError> {
    let mut elements = into_elements(array);
    let mut index = Index::of(attribute, &elements);
    for value in given {
        let position = index.find(value).unwrap_or(elements.len());
        match elements.get_mut(position) {
            Some(there) => take_over(there, attribute, action, value)?,
            None => {
                index.add(value, position);
                elements.push(value.clone());
            }
        }
        if is_primary(value) {
            make_only_primary(&mut elements, position);
        }
    }
    if elements.len() > MOST_ELEMENTS {
        let refusal = format!("{} would have more than {MOST_ELEMENTS} elements", attribute.name);
        return Err(ScimError::invalid_value(refusal));
    }
    Ok(into_array(elements))
}

fn take_over(there: &mut Value, attribute: &Attribute, action: Action, given: &Value) -> Result<(), ScimError> {
    if let Value::Object(set) = given {
        let parts = Merge { set: set.clone(), unset: Vec::new() };
        *there = merge(Some(there.take()), attribute, action, &parts)?.unwrap_or_default();
    }
    Ok(())
}

/// Drops the elements that are named (Q12); naming one that is not there is a success (RFC 7644 section 3.5.2.2).
pub(super) fn withdraw(array: Option<Value>, attribute: &Attribute, named: &[Value]) -> Option<Value> {
    let mut elements = into_elements(array);
    same::withdraw(&mut elements, attribute, named);
    into_array(elements)
}

/// Elements selected by a value path; all of them without a filter.
pub(super) struct Selection<'a> {
    pub(super) path: &'a AttributePath,
    pub(super) filter: Option<&'a Filter>,
    pub(super) action: Action,
    /// The path as text, for the client.
    pub(super) place: &'a dyn std::fmt::Display,
}

impl Selection<'_> {
    /// Changes the selected elements of an array.
    pub(super) fn change(
        &self,
        array: Option<Value>,
        change: &Change,
        dialect: &mut Dialect,
    ) -> Result<Option<Value>, ScimError> {
        let mut elements = into_elements(array);
        let selected: Vec<usize> =
            elements.iter().enumerate().filter(|(_, element)| self.selects(element)).map(|(at, _)| at).collect();
        match (change, selected.as_slice()) {
            (Change::Merge(merge), []) if !merge.set.is_empty() => self.create(&mut elements, merge, dialect)?,
            (Change::Set(value), []) => {
                dialect.repair(Quirk::CreatedElement, || self.no_target())?;
                elements.push(value.clone());
            }
            (_, []) => dialect.repair(Quirk::NothingToRemove, || self.no_target())?,
            (Change::Merge(merge), selected) => self.merge(&mut elements, selected, merge, dialect)?,
            (Change::Set(value), selected) => replace(&mut elements, selected, value),
            (_, selected) => remove(&mut elements, selected),
        }
        Ok(into_array(elements))
    }

    fn selects(&self, element: &Value) -> bool {
        self.filter.is_none_or(|filter| filter.matches_element(element))
    }

    fn merge(
        &self,
        elements: &mut [Value],
        selected: &[usize],
        parts: &Merge,
        dialect: &mut Dialect,
    ) -> Result<(), ScimError> {
        for position in selected {
            if let Some(element) = elements.get_mut(*position) {
                let merged = merge(Some(element.take()), &self.path.attribute, self.action, parts)?;
                *element = merged.unwrap_or_else(|| Value::Object(Map::new()));
            }
        }
        if !parts.set.get("primary").is_some_and(|primary| *primary == Value::Bool(true)) {
            return Ok(());
        }
        if selected.len() > 1 {
            let refusal =
                || ScimError::invalid_value(format!("{} selects several elements; one is primary", self.place));
            dialect.repair(Quirk::SeveralPrimary, refusal)?;
        }
        selected.first().into_iter().for_each(|first| make_only_primary(elements, *first));
        Ok(())
    }

    /// Creates the element that the filter describes (Q8, Q9).
    fn create(&self, elements: &mut Vec<Value>, parts: &Merge, dialect: &mut Dialect) -> Result<(), ScimError> {
        let described = self.filter.map_or_else(|| Some(Map::new()), described).ok_or_else(|| self.no_target())?;
        dialect.repair(Quirk::CreatedElement, || self.no_target())?;
        let element = merge(Some(Value::Object(described)), &self.path.attribute, self.action, parts)?;
        let Some(element) = element else { return Ok(()) };
        let (position, primary) = (elements.len(), is_primary(&element));
        elements.push(element);
        if primary {
            make_only_primary(elements, position);
        }
        Ok(())
    }

    fn no_target(&self) -> ScimError {
        ScimError::bad_request(ScimType::NoTarget, format!("{} selects nothing", self.place))
    }
}

fn into_elements(array: Option<Value>) -> Vec<Value> {
    match array {
        Some(Value::Array(elements)) => elements,
        Some(single) => vec![single],
        None => Vec::new(),
    }
}

fn into_array(elements: Vec<Value>) -> Option<Value> {
    (!elements.is_empty()).then_some(Value::Array(elements))
}

fn replace(elements: &mut [Value], selected: &[usize], value: &Value) {
    for position in selected {
        if let Some(element) = elements.get_mut(*position) {
            *element = value.clone();
        }
    }
}

fn remove(elements: &mut Vec<Value>, selected: &[usize]) {
    let mut position = 0;
    elements.retain(|_| {
        position += 1;
        selected.binary_search(&(position - 1)).is_err()
    });
}

fn is_primary(element: &Value) -> bool {
    element.get("primary") == Some(&Value::Bool(true))
}

/// RFC 7644 section 3.5.2: when one element becomes primary, the others no longer are.
fn make_only_primary(elements: &mut [Value], position: usize) {
    for (_, element) in elements.iter_mut().enumerate().filter(|(at, element)| *at != position && is_primary(element)) {
        if let Some(primary) = element.get_mut("primary") {
            *primary = Value::Bool(false);
        }
    }
}
