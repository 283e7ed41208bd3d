//! The members a group's body names. They are rows of their own, never part of the resource.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::{Dialect, Quirk, ScimError};

/// Most bytes of a member's name.
const LONGEST_DISPLAY: usize = 512;

/// A member as a client names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The id of a user or group.
    pub id: String,
    /// The name to show; `None` for the one the server knows.
    pub display: Option<String>,
}

impl Member {
    /// A member of whom only the id is said.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), display: None }
    }

    /// The form in which a PATCH carries it: the id alone, or an object.
    pub(crate) fn into_value(self) -> Value {
        match self.display {
            None => Value::String(self.id),
            Some(display) => json!({ "value": self.id, "display": display }),
        }
    }

    /// Back from that form.
    pub(crate) fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::String(id) => Some(Self::new(id)),
            Value::Object(mut element) => match (element.remove("value")?, element.remove("display")?) {
                (Value::String(id), Value::String(display)) => Some(Self { id, display: Some(display) }),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The members in the order sent, each once. Nothing but `value` and `display` counts: `type` and `$ref` are what the
/// server knows (Okta leaves the type out, Entra sends `"$ref": null`).
///
/// # Errors
/// A 400 `invalidValue` if an element has no id, or too long a name.
pub(crate) fn parse(value: Value, dialect: &mut Dialect) -> Result<Vec<Member>, ScimError> {
    let elements = match value {
        Value::Array(elements) => elements,
        Value::Null => return Ok(Vec::new()),
        Value::String(text) if text.is_empty() => {
            dialect.repair(Quirk::EmptyString, || ScimError::invalid_value("members is empty"))?;
            return Ok(Vec::new());
        }
        single => {
            dialect.repair(Quirk::SingleForArray, || ScimError::invalid_value("members must be an array"))?;
            vec![single]
        }
    };
    let mut seen = HashSet::with_capacity(elements.len());
    let mut members = Vec::with_capacity(elements.len());
    for element in elements {
        let member = member(element, dialect)?;
        if seen.insert(member.id.clone()) {
            members.push(member);
        }
    }
    Ok(members)
}

fn member(element: Value, dialect: &mut Dialect) -> Result<Member, ScimError> {
    let refusal = || ScimError::invalid_value("each of members needs the id of a user or group as its value");
    match element {
        Value::String(id) if !id.is_empty() => {
            dialect.repair(Quirk::ValueForComplex, || ScimError::invalid_value("each of members must be an object"))?;
            Ok(Member::new(id))
        }
        Value::Object(mut element) => {
            note_nulls(element.values(), dialect)?;
            let id = take_text(&mut element, "value")?.filter(|id| !id.is_empty()).ok_or_else(refusal)?;
            let display = take_text(&mut element, "display")?.filter(|display| !display.is_empty());
            if display.as_ref().is_some_and(|display| display.len() > LONGEST_DISPLAY) {
                let sentence = format!("members.display is longer than {LONGEST_DISPLAY} bytes; leave it out");
                return Err(ScimError::invalid_value(sentence));
            }
            Ok(Member { id, display })
        }
        _ => Err(refusal()),
    }
}

/// A text by its name in any letter case; two spellings leave open which one counts (RFC 7643 section 2.1).
fn take_text(element: &mut Map<String, Value>, name: &str) -> Result<Option<String>, ScimError> {
    let mut spelt = element.iter_mut().filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.take());
    let (value, again) = (spelt.next(), spelt.next());
    match (value, again) {
        (_, Some(_)) => Err(ScimError::invalid_value(format!("an element of members has {name} twice"))),
        (Some(Value::String(text)), None) => Ok(Some(text)),
        _ => Ok(None),
    }
}

fn note_nulls<'a>(mut values: impl Iterator<Item = &'a Value>, dialect: &mut Dialect) -> Result<(), ScimError> {
    if values.any(Value::is_null) {
        dialect.repair(Quirk::NullMember, || ScimError::invalid_value("an element of members has a null"))?;
    }
    Ok(())
}
