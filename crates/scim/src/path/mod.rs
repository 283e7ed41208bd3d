//! Names of attributes and PATCH paths, resolved against the schemas of a tenant.

mod parse;

#[cfg(test)]
mod tests;

pub use parse::{Path, Target};

use std::fmt;
use std::sync::Arc;

use crate::Attribute;

/// Names one attribute or sub-attribute; made by [`crate::ResourceType::resolve`], so it always exists in a schema.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributePath {
    /// The extension that holds it, in canonical letter case; `None` for core and common attributes.
    pub extension: Option<Arc<str>>,
    /// The attribute.
    pub attribute: Arc<Attribute>,
    /// The sub-attribute, if one is named.
    pub sub: Option<Arc<Attribute>>,
}

impl AttributePath {
    /// The definition that decides type and letter case: the sub-attribute if one is named, else the attribute.
    #[must_use]
    pub fn leaf(&self) -> &Attribute {
        self.sub.as_deref().unwrap_or(&self.attribute)
    }

    /// Whether it is this core attribute (canonical name), with or without a sub-attribute.
    #[must_use]
    pub fn is_core(&self, name: &str) -> bool {
        self.extension.is_none() && self.attribute.name == name
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(extension) = &self.extension {
            write!(out, "{extension}:")?;
        }
        out.write_str(&self.attribute.name)?;
        match &self.sub {
            Some(sub) => write!(out, ".{}", sub.name),
            None => Ok(()),
        }
    }
}
