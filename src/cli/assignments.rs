//! `name=value` arguments.

use serde_json::{Map, Value};
use tenant_admin::{Code, Failure};

/// Reads settings of a tenant: `strict=true`, `rate_per_second=50`, `extensions=@schemas.json` (a file with JSON),
/// `strict=` (the default again).
pub(super) fn parse(assignments: &[String]) -> Result<Map<String, Value>, Failure> {
    parse_like("strict=true", assignments)
}

/// The same, of something that looks like this example.
pub(super) fn parse_like(example: &str, assignments: &[String]) -> Result<Map<String, Value>, Failure> {
    assignments.iter().map(|assignment| parse_one(example, assignment)).collect()
}

fn parse_one(example: &str, assignment: &str) -> Result<(String, Value), Failure> {
    let Some((name, text)) = assignment.split_once('=') else {
        let sentence = format!("\"{assignment}\" is not of the form NAME=VALUE, such as {example}");
        return Err(Failure::new(Code::Invalid, sentence));
    };
    let value = match text.strip_prefix('@') {
        Some(path) => read(path)?,
        None if text.is_empty() => Value::Null,
        None => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
    };
    Ok((name.trim().to_owned(), value))
}

fn read(path: &str) -> Result<Value, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(Code::Invalid, format!("{path} cannot be read: {error}")))?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::new(Code::Invalid, format!("{path} does not hold JSON: {error}")))
}
