//! Splitting a resource into what can be created now and what has to wait for other resources of the same request
//! (RFC 7644 section 3.7.1).

use serde_json::{Map, Value, json};

use super::reference::mentions;
use crate::message::PATCH_OP;

/// Takes out of `data` what refers to one of the bulkIds, and returns the `PatchOp` message that adds it later.
pub(super) fn split(data: &mut Value, names: &[String]) -> Value {
    let mut operations = Vec::new();
    if let Value::Object(attributes) = data {
        take_attributes(attributes, "", names, &mut operations);
    }
    json!({ "schemas": [PATCH_OP], "Operations": operations })
}

fn take_attributes(attributes: &mut Map<String, Value>, prefix: &str, names: &[String], operations: &mut Vec<Value>) {
    let mut kept = Map::with_capacity(attributes.len());
    for (name, value) in std::mem::take(attributes) {
        let path = format!("{prefix}{name}");
        match value {
            Value::Array(mut elements) => {
                let waiting: Vec<_> = elements.extract_if(.., |element| mentions(element, names)).collect();
                if !waiting.is_empty() {
                    operations.push(addition(path, waiting.into()));
                }
                kept.insert(name, Value::Array(elements));
            }
            // An extension: its attributes wait one by one.
            Value::Object(mut inner) if prefix.is_empty() && name.contains(':') => {
                take_attributes(&mut inner, &format!("{name}:"), names, operations);
                kept.insert(name, Value::Object(inner));
            }
            value if mentions(&value, names) => operations.push(addition(path, value)),
            value => {
                kept.insert(name, value);
            }
        }
    }
    *attributes = kept;
}

fn addition(path: String, value: Value) -> Value {
    let members = [("op", Value::from("add")), ("path", Value::String(path)), ("value", value)];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
}
