//! Which attributes the service has otherwise than it should.

use std::collections::BTreeSet;

use scim::{Mutability, ResourceKind, Schemas, fold};
use serde_json::{Map, Value};

use super::super::Body;
use super::super::body::ENTERPRISE;

/// The SCIM paths of the attributes that the service has otherwise than it should. It may add some of its own inside of values,
/// and attributes that it alone knows.
pub(super) fn differing(kind: ResourceKind, expected: &Body, found: &Body) -> Vec<String> {
    let mut paths = BTreeSet::new();
    for (name, value) in expected.iter().filter(|(name, _)| *name != "schemas") {
        match (value, found.get(name)) {
            (Value::Object(own), there) if name.contains(':') => {
                extension(name, own, there.and_then(Value::as_object), &mut paths);
            }
            (Value::Object(own), there) => {
                let wrong = own.iter().filter(|(part, value)| !has(there.and_then(|there| there.get(*part)), value));
                paths.extend(wrong.map(|(part, _)| format!("{name}.{part}")));
            }
            (Value::String(own), Some(Value::String(found))) if name == "userName" && fold(own) == fold(found) => {}
            (_, found) if has(found, value) => {}
            _ => drop(paths.insert(name.clone())),
        }
    }
    left_over(kind, expected, found, &mut paths);
    paths.into_iter().collect()
}

/// The attributes of an extension, one by one.
fn extension(urn: &str, own: &Body, there: Option<&Body>, paths: &mut BTreeSet<String>) {
    for (name, value) in own {
        let found = there.and_then(|there| there.get(name));
        let is_same = match (urn, name.as_str()) {
            // A manager is known by the id.
            (ENTERPRISE, "manager") => {
                has(found.and_then(|found| found.get("value")), value.get("value").unwrap_or(value))
            }
            _ => has(found, value),
        };
        if !is_same {
            paths.insert(format!("{urn}:{name}"));
        }
    }
}

/// What was taken away here and is still there.
fn left_over(kind: ResourceKind, expected: &Body, found: &Body, paths: &mut BTreeSet<String>) {
    // A group is changed in parts: what else somebody gave it there stays.
    if kind == ResourceKind::Group {
        return;
    }
    let schemas = Schemas::standard();
    let of = schemas.of(kind);
    let is_ours = |name: &str| {
        let attribute = of.schema.attribute(name);
        attribute.is_some_and(|attribute| attribute.mutability == Mutability::ReadWrite) && name != "groups"
    };
    let left = found.iter().filter(|(name, value)| !expected.contains_key(*name) && !is_nothing(value));
    paths.extend(left.filter(|(name, _)| is_ours(name)).map(|(name, _)| name.clone()));
    if let Some(Value::Object(name)) = found.get("name") {
        let own = expected.get("name").and_then(Value::as_object);
        // Some services make it of the others.
        let left = name.iter().filter(|(part, value)| *part != "formatted" && !is_nothing(value));
        let left = left.filter(|(part, _)| own.is_some_and(|own| !own.contains_key(*part)));
        paths.extend(left.map(|(part, _)| format!("name.{part}")));
    }
    if let Some(Value::Object(work)) = found.get(ENTERPRISE) {
        let nothing = Map::new();
        let own = expected.get(ENTERPRISE).and_then(Value::as_object).unwrap_or(&nothing);
        let left = work.iter().filter(|(name, value)| !own.contains_key(*name) && !is_nothing(value));
        paths.extend(left.map(|(name, _)| format!("{ENTERPRISE}:{name}")));
    }
}

/// Whether a value has all of another one. What is nothing here may be absent there.
fn has(found: Option<&Value>, expected: &Value) -> bool {
    match (found, expected) {
        (Some(Value::Object(found)), Value::Object(expected)) => {
            expected.iter().all(|(name, value)| has(found.get(name), value))
        }
        (Some(Value::Array(found)), Value::Array(expected)) => {
            found.len() == expected.len()
                && expected.iter().all(|value| found.iter().any(|found| has(Some(found), value)))
        }
        (Some(Value::Number(found)), Value::Number(expected)) => {
            found == expected || found.as_f64() == expected.as_f64()
        }
        (Some(found), expected) => found == expected,
        (None, expected) => is_nothing(expected) || *expected == Value::Bool(false),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.values().all(is_nothing),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(expected: &Value, found: &Value) -> Vec<String> {
        differing(ResourceKind::User, expected.as_object().unwrap(), found.as_object().unwrap())
    }

    #[test]
    fn what_the_service_adds_is_no_difference() {
        let expected = json!({ "schemas": [], "userName": "Ada", "name": { "givenName": "Ada" },
            "emails": [{ "value": "a@x.example", "primary": false }],
            ENTERPRISE: { "manager": { "value": "theirs", "displayName": "Bob" } } });
        let found = json!({ "id": "1", "meta": {}, "groups": [{ "value": "g" }], "userName": "ada", "title": "",
            "name": { "givenName": "Ada", "formatted": "Ada" }, "nonsense": 1,
            "emails": [{ "value": "a@x.example", "type": "work" }],
            ENTERPRISE: { "manager": { "value": "theirs", "$ref": "…" } } });
        assert_eq!(told(&expected, &found), Vec::<String>::new());
    }

    #[test]
    fn what_is_wrong_missing_or_left_over_is_told_by_its_path() {
        let expected = json!({ "userName": "ada", "name": { "givenName": "Ada" }, "active": false,
            ENTERPRISE: { "department": "D" } });
        let found = json!({ "userName": "eve", "name": { "familyName": "L" }, "active": true, "title": "Old",
            ENTERPRISE: { "division": "Old" } });
        let (department, division) = (format!("{ENTERPRISE}:department"), format!("{ENTERPRISE}:division"));
        let paths = ["active", "name.familyName", "name.givenName", "title", &department, &division, "userName"];
        assert_eq!(told(&expected, &found), paths);
    }
}
