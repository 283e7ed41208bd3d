//! What names in a filter mean, and which may be asked for.

use std::sync::Arc;

use super::parse::Parser;
use crate::{Attribute, AttributePath, Kind, Returned, Schema, ScimError, ScimType};

/// What a name that no schema has means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// A mistake.
    Refused,
    /// An attribute without value.
    NoValue,
}

/// What names inside an expression belong to.
#[derive(Clone, Copy)]
pub(super) enum Scope<'s> {
    /// The resource.
    Resource,
    /// Each element of this attribute: we are inside its brackets.
    Elements(&'s AttributePath),
    /// Each element of an attribute that this type does not have.
    Unknown,
}

impl Scope<'_> {
    pub(super) fn is_bracketed(self) -> bool {
        !matches!(self, Self::Resource)
    }
}

impl<'a> Parser<'a> {
    /// The extension whose URN this is.
    pub(super) fn extension(&self, name: &str, scope: Scope<'_>) -> Option<&'a Schema> {
        let schemas = if scope.is_bracketed() { &[] } else { self.of.extensions.as_slice() };
        schemas.iter().find(|schema| schema.id.eq_ignore_ascii_case(name)).map(|schema| &**schema)
    }

    /// The attributes of an extension that may be asked for.
    pub(super) fn shown_attributes(&self, schema: &Schema) -> Vec<AttributePath> {
        let attributes = schema.attributes.iter();
        let path = |attribute: &Arc<Attribute>| AttributePath {
            extension: Some(Arc::clone(&schema.id)),
            attribute: Arc::clone(attribute),
            sub: None,
        };
        attributes.map(path).filter(|path| !is_hidden(path)).collect()
    }

    /// The attribute of this name; `None` if the type lacks it and that is allowed.
    pub(super) fn attribute(&mut self, name: &str, scope: Scope<'_>) -> Result<Option<AttributePath>, ScimError> {
        let found = match scope {
            Scope::Resource => self.of.resolve(name, self.dialect).map_err(as_filter_error)?,
            Scope::Elements(attribute) => of_element(attribute, name),
            Scope::Unknown => None,
        };
        match &found {
            Some(path) if is_hidden(path) => Err(hidden(path)),
            None if self.unknown == Unknown::Refused || !is_name(name) => Err(self.no_attribute(name, scope)),
            _ => Ok(found),
        }
    }

    fn no_attribute(&self, name: &str, scope: Scope<'_>) -> ScimError {
        let name = shown(name);
        ScimError::invalid_filter(match scope {
            Scope::Elements(attribute) => format!("{attribute} has no sub-attribute {name}"),
            _ => format!("{} has no attribute {name}", self.of.kind),
        })
    }
}

/// A sub-attribute of the bracketed attribute. Plain elements are called `value`.
fn of_element(attribute: &AttributePath, name: &str) -> Option<AttributePath> {
    if attribute.attribute.kind != Kind::Complex {
        return name.eq_ignore_ascii_case("value").then(|| attribute.clone());
    }
    let sub = attribute.attribute.sub(name)?;
    Some(AttributePath { sub: Some(sub.clone()), ..attribute.clone() })
}

/// The resolver does not know for whom it resolves.
fn as_filter_error(error: ScimError) -> ScimError {
    ScimError { scim_type: Some(ScimType::InvalidFilter), ..error }
}

/// What is never shown must not be found out by filtering either: `password sw "a"` is an oracle (RFC 7643 section 9.2).
pub(crate) fn is_hidden(path: &AttributePath) -> bool {
    path.attribute.returned == Returned::Never || path.leaf().returned == Returned::Never
}

fn hidden(path: &AttributePath) -> ScimError {
    ScimError::invalid_filter(format!("{path} cannot be filtered by: it is never returned"))
}

/// Whether a text could be a name, also one of a schema we do not know.
fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_$.:".contains(&byte))
}

/// A piece of the client's text for a refusal, in quotes and not too long.
pub(crate) fn shown(text: &str) -> String {
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("\"{}…\"", text.get(..end).unwrap_or_default()),
        None => format!("\"{text}\""),
    }
}
