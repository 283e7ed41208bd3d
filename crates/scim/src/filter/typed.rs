//! Which operators and literals suit an attribute of which type (RFC 7644 table 3).

use std::borrow::Cow;

use serde_json::Number;

use super::cursor::RawLiteral;
use super::names::shown;
use super::{Comparison, Literal, Operator, Text, is_case_exact};
use crate::moment::moment;
use crate::{AttributePath, Dialect, Kind, Quirk, ScimError};

/// Builds a comparison whose literal has the attribute's type, or says why it cannot be.
pub(super) fn comparison(
    path: AttributePath,
    operator: Operator,
    raw: &RawLiteral<'_>,
    dialect: &mut Dialect,
) -> Result<Comparison, ScimError> {
    if is_null(raw) {
        return null_comparison(path, operator);
    }
    let path = comparable(path, dialect)?;
    check_operator(&path, operator)?;
    let literal = match path.leaf().kind {
        Kind::Boolean => boolean(&path, raw, dialect)?,
        Kind::Integer | Kind::Decimal => number(&path, raw, dialect)?,
        Kind::DateTime if !operator.is_substring() => instant(&path, raw, dialect)?,
        _ => Literal::Text(Text::new(text(&path, raw, dialect)?, is_case_exact(&path))),
    };
    Ok(Comparison { path, operator, literal })
}

/// Whether the literal is JSON's `null`.
pub(super) fn is_null(raw: &RawLiteral<'_>) -> bool {
    matches!(raw, RawLiteral::Bare("null"))
}

/// `title eq null` asks whether there is no title; the grammar allows it, the RFC's text is silent.
fn null_comparison(path: AttributePath, operator: Operator) -> Result<Comparison, ScimError> {
    if matches!(operator, Operator::Equal | Operator::NotEqual) {
        return Ok(Comparison { path, operator, literal: Literal::Null });
    }
    let operator = operator.as_str();
    Err(ScimError::invalid_filter(format!("{path} {operator} null has no meaning; null suits only eq and ne")))
}

/// A complex attribute is compared by its `value` (Ping: `emails eq "x"`, Entra: `manager eq "x"`).
pub(crate) fn comparable(path: AttributePath, dialect: &mut Dialect) -> Result<AttributePath, ScimError> {
    if path.sub.is_some() || path.attribute.kind != Kind::Complex {
        return Ok(path);
    }
    let refusal = || {
        ScimError::invalid_filter(format!("{path} is complex; name the sub-attribute to compare, as in {path}.value"))
    };
    let Some(value) = path.attribute.sub("value").cloned() else {
        return Err(ScimError::invalid_filter(format!("{path} is complex; name one of its sub-attributes")));
    };
    dialect.repair(Quirk::ComparedComplex, refusal)?;
    Ok(AttributePath { sub: Some(value), ..path })
}

fn check_operator(path: &AttributePath, operator: Operator) -> Result<(), ScimError> {
    let suits = match path.leaf().kind {
        Kind::Boolean => !operator.is_substring() && !operator.is_order(),
        Kind::Binary => !operator.is_order(),
        Kind::Integer | Kind::Decimal => !operator.is_substring(),
        Kind::Complex => false,
        Kind::String | Kind::DateTime | Kind::Reference => true,
    };
    if suits {
        return Ok(());
    }
    let (operator, kind) = (operator.as_str(), kind_name(path.leaf().kind));
    Err(ScimError::invalid_filter(format!("{operator} does not suit {path}, whose type is {kind}")))
}

fn boolean(path: &AttributePath, raw: &RawLiteral<'_>, dialect: &mut Dialect) -> Result<Literal, ScimError> {
    match raw {
        RawLiteral::Bare("true") => return Ok(Literal::Boolean(true)),
        RawLiteral::Bare("false") => return Ok(Literal::Boolean(false)),
        _ => {}
    }
    let value = content(raw);
    let value = if value.eq_ignore_ascii_case("true") {
        true
    } else if value.eq_ignore_ascii_case("false") {
        false
    } else {
        return Err(unsuitable(path, value));
    };
    dialect.repair(Quirk::BooleanAsString, || unsuitable(path, content(raw)))?;
    Ok(Literal::Boolean(value))
}

fn number(path: &AttributePath, raw: &RawLiteral<'_>, dialect: &mut Dialect) -> Result<Literal, ScimError> {
    let number = json_number(content(raw)).ok_or_else(|| unsuitable(path, content(raw)))?;
    if !matches!(raw, RawLiteral::Bare(_)) {
        dialect.repair(Quirk::Coerced, || unsuitable(path, content(raw)))?;
    }
    Ok(Literal::Number(number))
}

fn instant(path: &AttributePath, raw: &RawLiteral<'_>, dialect: &mut Dialect) -> Result<Literal, ScimError> {
    let text = text(path, raw, dialect)?;
    let at = moment(&text).ok_or_else(|| unsuitable(path, &text))?;
    Ok(Literal::Moment { at, text: text.into_owned() })
}

/// The text of a literal. Without quotes it is repaired: a number or boolean becomes its text, any other word is taken
/// as it stands (authentik: `userName eq mara@acme.example`; RFC 7644 section 3.4.2.1: `meta.resourceType eq User`).
fn text<'a>(path: &AttributePath, raw: &'a RawLiteral<'_>, dialect: &mut Dialect) -> Result<Cow<'a, str>, ScimError> {
    let quirk = match raw {
        RawLiteral::Quoted(text) => return Ok(Cow::Borrowed(text)),
        RawLiteral::SingleQuoted(_) => Quirk::LooseFilter,
        RawLiteral::Bare(word) if matches!(*word, "true" | "false") || json_number(word).is_some() => Quirk::Coerced,
        RawLiteral::Bare(_) => Quirk::BareLiteral,
    };
    dialect.repair(quirk, || unsuitable(path, content(raw)))?;
    Ok(Cow::Borrowed(content(raw)))
}

fn content<'a>(raw: &'a RawLiteral<'_>) -> &'a str {
    match raw {
        RawLiteral::Quoted(text) => text,
        RawLiteral::SingleQuoted(text) | RawLiteral::Bare(text) => text,
    }
}

fn json_number(text: &str) -> Option<Number> {
    let is_number = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    if is_number { serde_json::from_str(text).ok() } else { None }
}

fn unsuitable(path: &AttributePath, literal: &str) -> ScimError {
    let wanted = match path.leaf().kind {
        Kind::Boolean => "true or false",
        Kind::Integer | Kind::Decimal => "a number",
        Kind::DateTime => "a dateTime in double quotes, such as \"2026-11-03T08:15:30Z\"",
        _ => "a string in double quotes",
    };
    ScimError::invalid_filter(format!("{path} is compared with {wanted}, not with {}", shown(literal)))
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::String => "string",
        Kind::Boolean => "boolean",
        Kind::Decimal => "decimal",
        Kind::Integer => "integer",
        Kind::DateTime => "dateTime",
        Kind::Binary => "binary",
        Kind::Reference => "reference",
        Kind::Complex => "complex",
    }
}
