//! JSON in which every name stands once, of bounded depth and number of values.

use std::fmt;

use scim::ScimError;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Values that every body may have, and the bytes that each one more must come with. A value takes 70 bytes of memory and
/// up to two of text, so bytes alone are no bound. Members of a group come with 25 bytes for each of their values.
const FREE_VALUES: usize = 4_096;
const BYTES_PER_VALUE: usize = 16;

/// Bodies of some clients start with a byte order mark.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Reads a body.
pub(crate) fn parse(body: &[u8]) -> Result<Value, ScimError> {
    let text = std::str::from_utf8(body)
        .map_err(|error| ScimError::invalid_syntax(format!("the body is not UTF-8 at byte {}", error.valid_up_to())))?;
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    if text.trim_ascii().is_empty() {
        return Err(ScimError::invalid_syntax("the request has no body; this operation needs one"));
    }
    if has_too_many_values(text) {
        return Err(ScimError::invalid_syntax("the body has too many values; send them in several requests"));
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Unambiguous.deserialize(&mut deserializer);
    value.and_then(|value| deserializer.end().map(|()| value)).map_err(|error| refusal(&error))
}

/// Known before the first is built: every value but the outermost comes after a comma or is the first of an array or
/// object.
fn has_too_many_values(text: &str) -> bool {
    if text.len() <= FREE_VALUES {
        return false;
    }
    let (mut count, mut is_quoted) = (1, false);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            // What is escaped ends no string.
            b'\\' => {
                bytes.next();
            }
            b',' | b'[' | b'{' if !is_quoted => count += 1,
            _ => {}
        }
    }
    count > FREE_VALUES + text.len() / BYTES_PER_VALUE
}

fn refusal(error: &serde_json::Error) -> ScimError {
    let sentence = error.to_string();
    // serde_json stops at 128 levels, before the stack is in danger.
    if sentence.starts_with("recursion limit") {
        return ScimError::invalid_syntax("the body is nested more than 127 levels deep");
    }
    ScimError::invalid_syntax(format!("the body is not valid JSON: {sentence}"))
}

/// Builds a value like `Value::deserialize`, but refuses a name that stands twice in one object (RFC 8259 section 4
/// leaves open which of the two counts).
#[derive(Clone, Copy)]
struct Unambiguous;

impl<'de> DeserializeSeed<'de> for Unambiguous {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unambiguous {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(self)? {
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        // Most objects are members of a group with one attribute or two; without a number there would be room for four.
        let mut object = Map::with_capacity(1);
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                let shown: String = name.chars().take(64).collect();
                return Err(A::Error::custom(format!("\"{shown}\" stands twice in one object")));
            }
            object.insert(name, members.next_value_seed(self)?);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sentence(body: &[u8]) -> String {
        let error = parse(body).unwrap_err();
        assert_eq!((error.status, error.scim_type), (400, Some(scim::ScimType::InvalidSyntax)));
        error.detail
    }

    #[test]
    fn a_body_is_read_as_it_stands() {
        let text = r#"{"b":[1,-2,0.5,true,null,"ä\u0041"],"a":{}}"#;
        assert_eq!(parse(text.as_bytes()).unwrap(), json!({"b": [1, -2, 0.5, true, null, "äA"], "a": {}}));
        assert_eq!(parse(text.as_bytes()).unwrap().to_string(), r#"{"b":[1,-2,0.5,true,null,"äA"],"a":{}}"#);
    }

    #[test]
    fn r003_a_byte_order_mark_is_left_out() {
        assert_eq!(parse("\u{feff}{}".as_bytes()).unwrap(), json!({}));
    }

    #[test]
    fn a_name_that_stands_twice_is_refused_by_name() {
        assert_eq!(
            sentence(br#"{"name":{"x":1,"x":2}}"#),
            "the body is not valid JSON: \"x\" stands twice in one object at line 1 column 18"
        );
    }

    #[test]
    fn deep_nesting_is_refused_before_the_stack_is_in_danger() {
        for deep in ["[".repeat(4_000), "{\"a\":".repeat(4_000)] {
            assert_eq!(sentence(deep.as_bytes()), "the body is nested more than 127 levels deep");
        }
        let possible = format!("{}{}", "[".repeat(127), "]".repeat(127));
        assert!(parse(possible.as_bytes()).is_ok());
    }

    #[test]
    fn too_many_values_are_refused() {
        let tiny = format!("[{}[]]", "[],".repeat(100_000));
        assert!(sentence(tiny.as_bytes()).contains("too many values"));
        let short = format!("[{}0]", "0,".repeat(FREE_VALUES));
        assert!(parse(short.as_bytes()).is_ok());
    }

    #[test]
    fn commas_and_brackets_in_strings_are_no_values() {
        let text = format!("[\"\\\"{}\"]", ",[{".repeat(100_000));
        assert!(parse(text.as_bytes()).is_ok());
    }

    #[test]
    fn many_members_are_not_too_many_values() {
        let member = r#"{"value":"0190b2a4-7c1e-7000-8000-000000000000"}"#;
        let members = format!("[{}]", vec![member; 100_000].join(","));
        assert_eq!(parse(members.as_bytes()).unwrap().as_array().unwrap().len(), 100_000);
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        assert_eq!(sentence(b"{\"a\":\xff}"), "the body is not UTF-8 at byte 5");
        assert_eq!(sentence(b" \n"), "the request has no body; this operation needs one");
        assert_eq!(sentence(b"{\"a\":}"), "the body is not valid JSON: expected value at line 1 column 6");
        assert!(sentence(b"{} {}").contains("trailing characters"));
        assert!(sentence(b"NaN").contains("line 1"));
    }
}
