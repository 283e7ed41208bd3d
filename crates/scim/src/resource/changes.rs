//! What differs between two states of a resource, for the event that tells of it.

use serde_json::{Map, Value};

use super::Resource;

/// One attribute that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// `userName`, `name.familyName`, `emails`, `urn:…:User:department` or `urn:…:User:manager.value`.
    pub path: String,
    /// The value before; `None` if it had none.
    pub old: Option<Value>,
    /// The value now; `None` if it has none.
    pub new: Option<Value>,
}

/// The changes between two states, `None` being the state before creation and after deletion. Complex attributes are
/// told by sub-attribute, multi-valued ones as a whole.
#[must_use]
pub fn changes(before: Option<&Resource>, after: Option<&Resource>) -> Vec<Change> {
    let nothing = Map::new();
    let before = before.map_or(&nothing, Resource::attributes);
    let after = after.map_or(&nothing, Resource::attributes);
    let mut found = Vec::new();
    for (name, old, new) in differing(before, after) {
        // Only the URN of an extension has a colon.
        if name.contains(':') {
            extension(name, old, new, &mut found);
        } else {
            attribute(name.to_owned(), old, new, &mut found);
        }
    }
    found
}

fn extension(urn: &str, old: Option<&Value>, new: Option<&Value>, found: &mut Vec<Change>) {
    let nothing = Map::new();
    let (Some(before), Some(after)) = (parts(old, &nothing), parts(new, &nothing)) else { return };
    for (name, old, new) in differing(before, after) {
        attribute(format!("{urn}:{name}"), old, new, found);
    }
}

fn attribute(path: String, old: Option<&Value>, new: Option<&Value>, found: &mut Vec<Change>) {
    let nothing = Map::new();
    let (Some(before), Some(after)) = (parts(old, &nothing), parts(new, &nothing)) else {
        found.push(Change { path, old: old.cloned(), new: new.cloned() });
        return;
    };
    for (name, old, new) in differing(before, after) {
        found.push(Change { path: format!("{path}.{name}"), old: old.cloned(), new: new.cloned() });
    }
}

/// The parts of a complex value; what is unassigned has none.
fn parts<'a>(value: Option<&'a Value>, nothing: &'a Map<String, Value>) -> Option<&'a Map<String, Value>> {
    value.map_or(Some(nothing), Value::as_object)
}

/// The names whose values differ, first those that were there.
fn differing<'a>(
    before: &'a Map<String, Value>,
    after: &'a Map<String, Value>,
) -> impl Iterator<Item = (&'a str, Option<&'a Value>, Option<&'a Value>)> {
    let stayed = before.iter().map(|(name, old)| (name.as_str(), Some(old), after.get(name)));
    let came = after.iter().filter(|(name, _)| !before.contains_key(*name));
    let came = came.map(|(name, new)| (name.as_str(), None, Some(new)));
    stayed.chain(came).filter(|(_, old, new)| old != new)
}
