//! The values a path selects in a resource tree or in one element.

use serde_json::{Map, Value};

use crate::{AttributePath, Kind};

/// What a path is looked up in.
#[derive(Clone, Copy)]
pub(crate) enum Subject<'a> {
    /// A whole resource, extensions under their URN.
    Resource(&'a Map<String, Value>),
    /// One element of a multi-valued attribute.
    Element(&'a Value),
}

/// What an attribute without value counts as.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unassigned {
    /// Nothing.
    Absent,
    /// The value the RFC says it has: `primary` is false where it is not given (RFC 7643 section 2.4).
    Default,
}

static NOT_PRIMARY: Value = Value::Bool(false);

/// Calls `visit` with each value of the path, until it answers `true`; says whether it did.
pub(crate) fn any_value<'a>(
    path: &AttributePath,
    subject: Subject<'a>,
    unassigned: Unassigned,
    visit: &mut impl FnMut(&'a Value) -> bool,
) -> bool {
    match subject {
        Subject::Element(element) => in_element(path, element, unassigned, visit),
        Subject::Resource(tree) => of_resource(path, tree)
            .is_some_and(|value| each(value, &mut |element| in_element(path, element, unassigned, visit))),
    }
}

/// The value of the path's attribute, without regard to its sub-attribute.
pub(crate) fn of_resource<'a>(path: &AttributePath, tree: &'a Map<String, Value>) -> Option<&'a Value> {
    let container = match &path.extension {
        Some(urn) => tree.get(&**urn)?.as_object()?,
        None => tree,
    };
    container.get(&path.attribute.name)
}

fn in_element<'a>(
    path: &AttributePath,
    element: &'a Value,
    unassigned: Unassigned,
    visit: &mut impl FnMut(&'a Value) -> bool,
) -> bool {
    let Some(sub) = &path.sub else {
        return each(element, visit);
    };
    match element.get(&sub.name) {
        Some(value) if is_assigned(value) => each(value, visit),
        _ => unassigned == Unassigned::Default && is_primary(path) && visit(&NOT_PRIMARY),
    }
}

fn is_primary(path: &AttributePath) -> bool {
    path.attribute.multi_valued
        && path.sub.as_ref().is_some_and(|sub| sub.name == "primary" && sub.kind == Kind::Boolean)
}

/// Visits the elements of an array, or the one value.
pub(crate) fn each<'a>(value: &'a Value, visit: &mut impl FnMut(&'a Value) -> bool) -> bool {
    match value {
        Value::Array(elements) => elements.iter().any(|element| is_assigned(element) && visit(element)),
        value => is_assigned(value) && visit(value),
    }
}

/// Whether a value counts as one: `null`, `""`, `[]`, `{}` and containers of only these are no value
/// (RFC 7643 section 2.5).
pub(crate) fn is_assigned(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(elements) => elements.iter().any(is_assigned),
        Value::Object(members) => members.values().any(is_assigned),
    }
}
