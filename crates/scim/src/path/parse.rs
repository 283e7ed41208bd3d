//! What a PATCH operation changes (RFC 7644 section 3.5.2).

use std::fmt;
use std::sync::Arc;

use super::AttributePath;
use crate::filter::{Filter, Gap, Parser, Unknown, shown, write_bracketed};
use crate::schema::modern;
use crate::{Attribute, Dialect, Quirk, ResourceType, Schema, ScimError, ScimType};

/// A checked PATCH path.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// What it selects.
    pub target: Target,
}

/// What a path selects.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// The resource itself, named by the URN of its core schema; as if there were no path.
    Resource(Arc<Schema>),
    /// A whole extension, named by its URN.
    Extension(Arc<Schema>),
    /// An attribute or sub-attribute.
    Attribute(AttributePath),
    /// The elements of an attribute that satisfy a filter, or a part of each.
    Elements {
        /// The attribute; it has no sub-attribute.
        attribute: AttributePath,
        /// Which elements: as in [`Filter::Element`]; ask with [`Filter::matches_element`].
        filter: Filter,
        /// Which part of them.
        sub: Option<Arc<Attribute>>,
    },
}

impl Path {
    /// Reads a path. `None` if it leads into an extension that this tenant does not have: Entra repeats such operations
    /// for ever, also beside the deactivation of a user, so they are left out and counted.
    ///
    /// # Errors
    /// `invalidPath` if the path is malformed or names an unknown attribute, `invalidFilter` if the filter inside its
    /// brackets is malformed (RFC 7644 table 9).
    pub fn parse(text: &str, of: &ResourceType, dialect: &mut Dialect) -> Result<Option<Self>, ScimError> {
        if let Some(modern) = modern(text, of.kind) {
            dialect.repair(Quirk::CoreOne, || ScimError::invalid_path(format!("{} is SCIM 1.1", shown(text))))?;
            return Self::parse(&modern, of, dialect);
        }
        let mut parser = Parser::new(text, of, Unknown::Refused, dialect).map_err(as_path_error)?;
        parser.cursor.skip_gap(Gap::None);
        let name = parser.cursor.take_word();
        let target = match of.resolve(name, parser.dialect)? {
            Some(attribute) => selected(attribute, &mut parser)?,
            None => match whole_schema(name, of) {
                Some(target) => target,
                None => return unknown(name, of, parser.dialect),
            },
        };
        parser.finish().map_err(as_path_error)?;
        Ok(Some(Self { target }))
    }

    /// Reads a key inside the object of an extension: a path that starts in its schema. `None` if the schema does not
    /// have it.
    ///
    /// # Errors
    /// As [`Path::parse`].
    pub(crate) fn parse_in(
        extension: &Arc<Schema>,
        text: &str,
        of: &ResourceType,
        dialect: &mut Dialect,
    ) -> Result<Option<Self>, ScimError> {
        let mut parser = Parser::new(text, of, Unknown::Refused, dialect).map_err(as_path_error)?;
        parser.cursor.skip_gap(Gap::None);
        let name = parser.cursor.take_word();
        let Some(attribute) = of.resolve_in(extension, name) else {
            let refusal = || ScimError::invalid_path(format!("{} has no attribute {}", extension.id, shown(name)));
            return parser.dialect.repair(Quirk::UnknownExtensionPath, refusal).map(|()| None);
        };
        let target = selected(attribute, &mut parser)?;
        parser.finish().map_err(as_path_error)?;
        Ok(Some(Self { target }))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Target::Resource(schema) | Target::Extension(schema) => out.write_str(&schema.id),
            Target::Attribute(path) => write!(out, "{path}"),
            Target::Elements { attribute, filter, sub } => {
                write!(out, "{attribute}")?;
                write_bracketed(filter, out)?;
                sub.as_ref().map_or(Ok(()), |sub| write!(out, ".{}", sub.name))
            }
        }
    }
}

/// What follows the attribute: nothing, or brackets and perhaps a sub-attribute.
fn selected(attribute: AttributePath, parser: &mut Parser<'_>) -> Result<Target, ScimError> {
    if !parser.cursor.next_is(b'[') {
        return Ok(Target::Attribute(attribute));
    }
    let in_brackets = Parser::has_elements(&attribute) && is_closed(parser.cursor.rest());
    let filter =
        bracketed(&attribute, parser).map_err(|error| if in_brackets { error } else { as_path_error(error) })?;
    let sub = if parser.cursor.take('.') { Some(part(&attribute, parser.cursor.take_word())?) } else { None };
    Ok(Target::Elements { attribute, filter, sub })
}

fn bracketed(attribute: &AttributePath, parser: &mut Parser<'_>) -> Result<Filter, ScimError> {
    let filter = parser.bracketed(Some(attribute))?;
    parser.settle_gaps()?;
    Ok(filter)
}

/// Whether a bracket that opens the text is closed, outside of quotes.
fn is_closed(text: &str) -> bool {
    let mut bytes = text.bytes();
    let mut quoted = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => quoted = !quoted,
            b'\\' if quoted => drop(bytes.next()),
            b']' if !quoted => return true,
            _ => {}
        }
    }
    false
}

fn part(attribute: &AttributePath, name: &str) -> Result<Arc<Attribute>, ScimError> {
    let part = attribute.attribute.sub(name).cloned();
    part.ok_or_else(|| ScimError::invalid_path(format!("{attribute} has no sub-attribute {}", shown(name))))
}

fn whole_schema(name: &str, of: &ResourceType) -> Option<Target> {
    let schema = of.schema(name)?;
    let is_core = Arc::ptr_eq(schema, &of.schema);
    Some(if is_core { Target::Resource(schema.clone()) } else { Target::Extension(schema.clone()) })
}

fn unknown(name: &str, of: &ResourceType, dialect: &mut Dialect) -> Result<Option<Path>, ScimError> {
    let refusal = || ScimError::invalid_path(format!("{} has no attribute {}", of.kind, shown(name)));
    if !leads_into_extension(name, of) {
        return Err(refusal());
    }
    dialect.repair(Quirk::UnknownExtensionPath, refusal)?;
    Ok(None)
}

fn leads_into_extension(name: &str, of: &ResourceType) -> bool {
    let is_urn = name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"));
    is_urn && !of.split_urn(name).is_some_and(|(schema, _)| Arc::ptr_eq(schema, &of.schema))
}

/// The grammar is shared with filters; what is wrong outside of brackets is wrong with the path.
fn as_path_error(mut error: ScimError) -> ScimError {
    if error.scim_type == Some(ScimType::InvalidFilter) {
        error.scim_type = Some(ScimType::InvalidPath);
    }
    error
}
