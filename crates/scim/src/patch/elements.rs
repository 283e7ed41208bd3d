//! Changing elements of a multi-valued attribute.

use serde_json::{Map, Value};

use super::budget::Budget;
use super::create::described;
use super::edit::merge;
use super::same::{self, Index};
use super::step::{Action, Change, Merge};
use crate::filter::Filter;
use crate::resource::{MOST_ELEMENTS, normalize_element};
use crate::{Attribute, AttributePath, Dialect, Quirk, ScimError, ScimType};

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
    if let Value::Object(given) = given {
        let is_kept = |name: &str, value: &Value| same::is_immutable(attribute, name, there, value);
        let set = given.iter().filter(|(name, value)| !is_kept(name, value));
        let set = set.map(|(name, value)| (name.clone(), value.clone())).collect();
        let parts = Merge { set, ..Merge::default() };
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
    pub(super) budget: &'a mut Budget,
    pub(super) dialect: &'a mut Dialect,
}

impl Selection<'_> {
    /// Changes the selected elements of an array.
    pub(super) fn change(&mut self, array: Option<Value>, change: &Change) -> Result<Option<Value>, ScimError> {
        let mut elements = into_elements(array);
        let selected: Vec<usize> =
            elements.iter().enumerate().filter(|(_, element)| self.selects(element)).map(|(at, _)| at).collect();
        match (change, selected.as_slice()) {
            (Change::Merge(merge), []) if !merge.set.is_empty() => return self.create(elements, change),
            (Change::Set(_), []) => return self.create(elements, change),
            (_, []) => self.dialect.repair(Quirk::NothingToRemove, || no_target(self.place))?,
            (Change::Merge(merge), selected) => self.merge(&mut elements, selected, merge)?,
            (Change::Set(value), selected) => self.replace(&mut elements, selected, value)?,
            (_, selected) => remove(&mut elements, selected),
        }
        Ok(into_array(elements))
    }

    fn selects(&self, element: &Value) -> bool {
        self.filter.is_none_or(|filter| filter.matches_element(element))
    }

    fn merge(&mut self, elements: &mut [Value], selected: &[usize], parts: &Merge) -> Result<(), ScimError> {
        self.budget.write(selected.len(), parts.set.values())?;
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
            self.dialect.repair(Quirk::SeveralPrimary, refusal)?;
        }
        selected.first().into_iter().for_each(|first| make_only_primary(elements, *first));
        Ok(())
    }

    fn replace(&mut self, elements: &mut [Value], selected: &[usize], value: &Value) -> Result<(), ScimError> {
        self.budget.write(selected.len(), std::iter::once(value))?;
        for position in selected {
            if let Some(element) = elements.get_mut(*position) {
                element.clone_from(value);
            }
        }
        Ok(())
    }

    /// Adds the element of a path that selects nothing (Q8), unless it is there all the same.
    fn create(&mut self, elements: Vec<Value>, change: &Change) -> Result<Option<Value>, ScimError> {
        self.dialect.repair(Quirk::CreatedElement, || no_target(self.place))?;
        let element = match change {
            Change::Merge(parts) => self.described(parts)?,
            Change::Set(value) => Some(value.clone()),
            _ => None,
        };
        // `emails[type eq "work"].type` made `home`, sent twice: the second must not leave an empty home address.
        let element = element.filter(|element| self.selects(element) || has_value(element));
        append(into_array(elements), &self.path.attribute, self.action, element.as_slice())
    }

    /// The element that the filter describes, with these parts. What stands in the filter is a value like any other: it
    /// must suit its attribute, not be empty, and be the client's to write.
    fn described(&mut self, parts: &Merge) -> Result<Option<Value>, ScimError> {
        let attribute = &self.path.attribute;
        let mut element = None;
        if let Some(filter) = self.filter {
            let described = described(filter).ok_or_else(|| no_target(self.place))?;
            element = normalize_element(attribute, Value::Object(described), self.dialect)?;
            if !element.as_ref().is_some_and(|element| self.selects(element)) {
                return Err(no_target(self.place));
            }
        }
        merge(element, attribute, self.action, parts)
    }
}

fn has_value(element: &Value) -> bool {
    element.as_object().is_none_or(|parts| parts.contains_key("value"))
}

fn no_target(place: &dyn std::fmt::Display) -> ScimError {
    ScimError::bad_request(ScimType::NoTarget, format!("{place} selects nothing"))
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
