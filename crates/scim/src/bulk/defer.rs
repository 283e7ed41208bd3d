//! Splitting a resource into what can be created now and what has to wait for other resources of the same request
//! (RFC 7644 section 3.7.1).

use serde_json::{Map, Value, json};

use super::reference::mentions;
use crate::ResourceKind;
use crate::message::PATCH_OP;

/// Takes out of `data` what refers to one of the bulkIds, and returns the `PatchOp` message that adds it later.
pub(super) fn split(kind: ResourceKind, data: &mut Value, names: &[String]) -> Value {
    let mut operations = Vec::new();
    if let Value::Object(attributes) = data {
        take_attributes(attributes, "", &mut operations, &mut |path, value| mentions(kind, path, value, names));
    }
    json!({ "schemas": [PATCH_OP], "Operations": operations })
}

fn take_attributes(
    attributes: &mut Map<String, Value>,
    prefix: &str,
    operations: &mut Vec<Value>,
    waits: &mut dyn FnMut(&str, &mut Value) -> bool,
) {
    let mut kept = Map::with_capacity(attributes.len());
    for (name, mut value) in std::mem::take(attributes) {
        let path = format!("{prefix}{name}");
        match value {
            Value::Array(mut elements) => {
                let waiting: Vec<_> = elements.extract_if(.., |element| waits(&path, element)).collect();
                if !waiting.is_empty() {
                    operations.push(addition(path, waiting.into()));
                }
                kept.insert(name, Value::Array(elements));
            }
            // An extension: its attributes wait one by one.
            Value::Object(mut inner) if prefix.is_empty() && name.contains(':') => {
                take_attributes(&mut inner, &format!("{name}:"), operations, waits);
                kept.insert(name, Value::Object(inner));
            }
            _ => {
                if waits(&path, &mut value) {
                    operations.push(addition(path, value));
                } else {
                    kept.insert(name, value);
                }
            }
        }
    }
    *attributes = kept;
}

fn addition(path: String, value: Value) -> Value {
    let members = [("op", Value::from("add")), ("path", Value::String(path)), ("value", value)];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
}
