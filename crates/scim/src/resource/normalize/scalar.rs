//! Values without parts.

use serde_json::{Number, Value};

use super::binary::is_base64;
use super::refused;
use crate::moment::moment;
use crate::{Attribute, Dialect, Kind, Quirk, ScimError};

pub(super) fn normalize(attribute: &Attribute, value: Value, dialect: &mut Dialect) -> Result<Value, ScimError> {
    match attribute.kind {
        Kind::Boolean => boolean(attribute, &value, dialect),
        Kind::Integer | Kind::Decimal => number(attribute, value, dialect),
        Kind::String | Kind::Reference => string(attribute, value, dialect),
        Kind::DateTime => {
            formatted(attribute, value, |text| moment(text).is_some(), "a date and time such as 2026-11-03T08:15:30Z")
        }
        Kind::Binary => formatted(attribute, value, is_base64, "base64 text"),
        Kind::Complex => Err(refused(attribute, "must be an object")),
    }
}

/// Entra, OneLogin and Keycloak send `"True"` and `"false"`.
fn boolean(attribute: &Attribute, value: &Value, dialect: &mut Dialect) -> Result<Value, ScimError> {
    let refusal = || refused(attribute, "must be true or false");
    let boolean = match value {
        Value::Bool(boolean) => return Ok(Value::Bool(*boolean)),
        Value::String(text) if text.eq_ignore_ascii_case("true") => true,
        Value::String(text) if text.eq_ignore_ascii_case("false") => false,
        _ => return Err(refusal()),
    };
    dialect.repair(Quirk::StringBoolean, refusal)?;
    Ok(Value::Bool(boolean))
}

fn number(attribute: &Attribute, value: Value, dialect: &mut Dialect) -> Result<Value, ScimError> {
    let whole = attribute.kind == Kind::Integer;
    let refusal = || refused(attribute, if whole { "must be a whole number" } else { "must be a number" });
    let number = match value {
        Value::Number(number) => number,
        Value::String(text) => {
            let number = serde_json::from_str::<Number>(&text).map_err(|_| refusal())?;
            dialect.repair(Quirk::Coerced, refusal)?;
            number
        }
        _ => return Err(refusal()),
    };
    // An integer has neither fraction nor exponent, not even `1.0` (RFC 7643 section 2.3.4).
    if whole && number.is_f64() { Err(refusal()) } else { Ok(Value::Number(number)) }
}

fn string(attribute: &Attribute, value: Value, dialect: &mut Dialect) -> Result<Value, ScimError> {
    let refusal = || refused(attribute, "must be a string");
    match value {
        Value::String(text) => Ok(Value::String(text)),
        Value::Number(_) | Value::Bool(_) => {
            dialect.repair(Quirk::Coerced, refusal)?;
            Ok(Value::String(value.to_string()))
        }
        _ => Err(refusal()),
    }
}

fn formatted(attribute: &Attribute, value: Value, fits: fn(&str) -> bool, form: &str) -> Result<Value, ScimError> {
    match value {
        Value::String(text) if fits(&text) => Ok(Value::String(text)),
        _ => Err(refused(attribute, &format!("must be {form}"))),
    }
}
