//! Whether an answer is what the OpenAPI document says. What the document does not name must not be there.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::support::Answer;

/// Holds an answer against the response that the document has for it.
pub(super) fn check_answer(document: &Value, (method, path): (&str, &str), answer: &Answer) -> Result<(), String> {
    let paths = document["paths"].as_object().ok_or("no paths")?;
    // What is written out wins over what is in braces.
    let mut fitting: Vec<_> = paths.iter().filter(|(pattern, _)| fits(pattern, path)).collect();
    fitting.sort_by_key(|(pattern, _)| pattern.matches('{').count());
    let (pattern, item) = fitting.first().ok_or("the document has no such path")?;
    let operation = &item[method.to_ascii_lowercase()];
    let response = &operation["responses"][answer.status.to_string()];
    if response.is_null() {
        return Err(format!("{method} {pattern} has no response {}", answer.status));
    }
    check(document, &response["content"]["application/json"]["schema"], &answer.body, "")
}

/// Whether a path is one of a pattern such as `/tenants/{tenant}`.
pub(super) fn fits(pattern: &str, path: &str) -> bool {
    let (wanted, given): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    wanted.len() == given.len() && wanted.iter().zip(given).all(|(part, text)| *part == text || part.starts_with('{'))
}

fn check(document: &Value, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    let schema = resolve(document, schema);
    if let Some(choices) = schema["oneOf"].as_array() {
        let errors: Vec<_> = choices.iter().filter_map(|choice| check(document, choice, value, place).err()).collect();
        return if errors.len() < choices.len() { Ok(()) } else { Err(errors.join("; ")) };
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        return Err(format!("{place}: {value} is none of {allowed:?}"));
    }
    check_type(&schema, value, place)?;
    match value {
        Value::Array(items) => {
            let check = |item| check(document, &schema["items"], item, &format!("{place}[]"));
            items.iter().try_for_each(check)
        }
        Value::Object(members) => check_members(document, &schema, members, place),
        _ => Ok(()),
    }
}

fn check_type(schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    let own = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let named = match &schema["type"] {
        Value::Array(types) => types.iter().any(|name| name == own),
        name => name == own,
    };
    if named { Ok(()) } else { Err(format!("{place} is {own}, and not {}", schema["type"])) }
}

fn check_members(document: &Value, schema: &Value, members: &Map<String, Value>, place: &str) -> Result<(), String> {
    // An object without properties may have any.
    let Some(properties) = schema["properties"].as_object() else { return Ok(()) };
    for (name, value) in members {
        let property = properties.get(name).ok_or_else(|| format!("{place}.{name} is not in the document"))?;
        check(document, property, value, &format!("{place}.{name}"))?;
    }
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let missing: BTreeSet<&str> = required.filter(|name| !members.contains_key(*name)).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("{place} has no {missing:?}")) }
}

/// Without `$ref` and `allOf`.
fn resolve(document: &Value, schema: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#')).expect("what a reference names");
        return resolve(document, target);
    }
    let Some(parts) = schema["allOf"].as_array() else { return schema.clone() };
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for part in parts.iter().map(|part| resolve(document, part)) {
        properties.extend(part["properties"].as_object().cloned().unwrap_or_default());
        required.extend(part["required"].as_array().cloned().unwrap_or_default());
    }
    json!({ "type": "object", "properties": properties, "required": required })
}
