//! When two elements of a multi-valued attribute are the same one: the same `value` and, if both have one, the same
//! `type` (RFC 7643 section 2.4). Elements without `value`, such as addresses, are the same if all of them is, apart
//! from `primary`.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::{Attribute, Mutability, fold};

/// What an element is recognised by: its value and its type, in the form in which they are compared.
#[derive(PartialEq, Eq, Hash)]
struct Identity {
    value: String,
    label: Option<String>,
}

impl Identity {
    fn of(attribute: &Attribute, element: &Value) -> Self {
        let Value::Object(parts) = element else {
            return Self { value: comparable(attribute, element), label: None };
        };
        let part = |name: &str| Some(comparable(attribute.sub(name)?, parts.get(name)?));
        match part("value") {
            Some(value) => Self { value, label: part("type") },
            None => Self { value: whole(parts), label: None },
        }
    }
}

fn comparable(attribute: &Attribute, value: &Value) -> String {
    match value {
        Value::String(text) if !attribute.case_exact => fold(text).into_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The text of an element whatever the order of its parts. It cannot be the `value` of another element by chance that
/// matters: an attribute's elements have a `value` or they do not.
fn whole(parts: &Map<String, Value>) -> String {
    let mut parts: Vec<_> = parts.iter().filter(|(name, _)| *name != "primary").collect();
    parts.sort_unstable_by_key(|(name, _)| *name);
    parts.into_iter().map(|(name, value)| format!("{name}:{value},")).collect()
}

/// Finds elements of an array. Built once for an operation, because both the array and what is added may be long.
pub(super) struct Index<'a> {
    attribute: &'a Attribute,
    exact: HashMap<Identity, usize>,
    by_value: HashMap<String, usize>,
}

impl<'a> Index<'a> {
    pub(super) fn of(attribute: &'a Attribute, elements: &[Value]) -> Self {
        let mut index = Self { attribute, exact: HashMap::new(), by_value: HashMap::new() };
        elements.iter().enumerate().for_each(|(position, element)| index.add(element, position));
        index
    }

    pub(super) fn add(&mut self, element: &Value, position: usize) {
        let identity = Identity::of(self.attribute, element);
        self.by_value.entry(identity.value.clone()).or_insert(position);
        self.exact.entry(identity).or_insert(position);
    }

    /// The position of the element that `given` means; without a type any element of that value.
    pub(super) fn find(&self, given: &Value) -> Option<usize> {
        let identity = Identity::of(self.attribute, given);
        match identity.label {
            Some(_) => self.exact.get(&identity).copied(),
            None => self.by_value.get(&identity.value).copied(),
        }
    }
}

/// Whether a part is written once and what is given is the same as what `there` has.
pub(super) fn is_immutable(attribute: &Attribute, name: &str, there: &Value, given: &Value) -> bool {
    let sub = attribute.sub(name).filter(|sub| sub.mutability == Mutability::Immutable);
    sub.zip(there.get(name)).is_some_and(|(sub, there)| comparable(sub, there) == comparable(sub, given))
}

/// Drops the elements that are named.
pub(super) fn withdraw(elements: &mut Vec<Value>, attribute: &Attribute, named: &[Value]) {
    let named: HashSet<_> = named.iter().map(|named| Identity::of(attribute, named)).collect();
    elements.retain(|element| {
        let mut identity = Identity::of(attribute, element);
        let same = named.contains(&identity);
        identity.label = None;
        !same && !named.contains(&identity)
    });
}
