//! What the messages of the protocol have in common: a `schemas` that names them, and members with fixed names.

use serde_json::{Map, Value};

use crate::{Dialect, Quirk, ScimError};

/// URN of the PATCH message.
pub(crate) const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// Checks that a message says what it is (RFC 7644 section 3.1). Left out or in other letter case is forgiven (Q49),
/// another message is not.
pub(crate) fn check_schemas(body: &mut Map<String, Value>, urn: &str, dialect: &mut Dialect) -> Result<(), ScimError> {
    let refusal = || ScimError::invalid_syntax(format!("schemas of this message is [\"{urn}\"]"));
    let named: Vec<Value> = match take_member(body, "schemas", dialect)? {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(named)) => named,
        Some(single) => {
            dialect.repair(Quirk::MessageSchemas, refusal)?;
            vec![single]
        }
    };
    let is_named = |same: fn(&str, &str) -> bool| named.iter().filter_map(Value::as_str).any(|text| same(text, urn));
    if is_named(|text, urn| text == urn) {
        Ok(())
    } else if named.is_empty() || is_named(|text, urn| text.eq_ignore_ascii_case(urn)) {
        dialect.repair(Quirk::MessageSchemas, refusal)
    } else {
        Err(refusal())
    }
}

/// Takes a member out of a message; its name in other letter case is forgiven, twice the same name is not.
pub(crate) fn take_member(
    message: &mut Map<String, Value>,
    name: &str,
    dialect: &mut Dialect,
) -> Result<Option<Value>, ScimError> {
    let mut spellings = message.keys().filter(|key| key.eq_ignore_ascii_case(name));
    let Some(spelling) = spellings.next().cloned() else { return Ok(None) };
    if spellings.next().is_some() {
        return Err(ScimError::invalid_syntax(format!("{name} is given twice")));
    }
    if spelling != name {
        let refusal = || ScimError::invalid_syntax(format!("\"{spelling}\" is spelt {name}"));
        dialect.repair(Quirk::ForeignMember, refusal)?;
    }
    Ok(message.shift_remove(&spelling))
}

/// Takes a member that is text; `null` counts as left out.
pub(crate) fn take_text(
    message: &mut Map<String, Value>,
    name: &str,
    dialect: &mut Dialect,
) -> Result<Option<String>, ScimError> {
    let refusal = || ScimError::invalid_syntax(format!("{name} is a string"));
    match take_member(message, name, dialect)? {
        None => Ok(None),
        Some(Value::Null) => dialect.repair(Quirk::ForeignMember, refusal).map(|()| None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(refusal()),
    }
}

/// Forgives members that are left over after all known ones were taken.
pub(crate) fn refuse_foreign(rest: &Map<String, Value>, known: &str, dialect: &mut Dialect) -> Result<(), ScimError> {
    match rest.keys().next() {
        None => Ok(()),
        Some(name) => dialect
            .repair(Quirk::ForeignMember, || ScimError::invalid_syntax(format!("\"{name}\" is unknown: {known}"))),
    }
}
