//! Finding attributes by name. Names and URNs are case-insensitive everywhere (RFC 7643 section 2.1, RFC 7644 section
//! 3.10), and what is found has the letter case of the schema.

use std::sync::{Arc, LazyLock};

use crate::{Attribute, AttributePath, Dialect, Quirk, ResourceType, Schema, ScimError};

/// The attributes of every resource (RFC 7643 section 3.1); no schema lists them.
static COMMON: LazyLock<Vec<Arc<Attribute>>> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the document is part of the program; a test parses it")]
    serde_json::from_str(include_str!("standard/common.json")).expect("common.json lists attributes")
});

fn named<'a>(attributes: &'a [Arc<Attribute>], name: &str) -> Option<&'a Arc<Attribute>> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

impl Schema {
    /// One of its attributes, in any letter case.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Arc<Attribute>> {
        named(&self.attributes, name)
    }
}

impl Attribute {
    /// One of its sub-attributes, in any letter case; `$ref` is one of them although the filter grammar of RFC 7644
    /// figure 1 forgets the `$` that RFC 7643 section 2.1 allows.
    #[must_use]
    pub fn sub(&self, name: &str) -> Option<&Arc<Attribute>> {
        named(&self.sub_attributes, name)
    }
}

impl ResourceType {
    /// The core schema, then the extensions.
    pub fn schemas(&self) -> impl Iterator<Item = &Arc<Schema>> {
        std::iter::once(&self.schema).chain(&self.extensions)
    }

    /// The schema with this URN, in any letter case.
    #[must_use]
    pub fn schema(&self, urn: &str) -> Option<&Arc<Schema>> {
        self.schemas().find(|schema| schema.id.eq_ignore_ascii_case(urn))
    }

    /// A core attribute or one of `schemas`, `id`, `externalId` and `meta` (RFC 7643 section 3.1).
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Arc<Attribute>> {
        self.schema.attribute(name).or_else(|| named(&COMMON, name))
    }

    /// The schema whose URN starts the text, and what follows the URN's colon (nothing if the text is the URN).
    ///
    /// The longest known URN wins, so an extension may end in anything, not only in `:User` (Workato sends such).
    #[must_use]
    pub fn split_urn<'a>(&self, text: &'a str) -> Option<(&Arc<Schema>, &'a str)> {
        self.schemas()
            .filter_map(|schema| Some((schema, after_urn(&schema.id, text)?)))
            .max_by_key(|(schema, _)| schema.id.len())
    }

    /// The attribute that a client names as `userName`, `name.familyName`, `members.$ref` or
    /// `urn:…:User:department`, or `None` if no schema has it. An extension attribute without its URN is found if only
    /// one extension has it and the core schema does not (Entra: `manager`).
    ///
    /// # Errors
    /// A 400 `invalidPath` if an extension attribute stands without its URN and the dialect is strict.
    pub fn resolve(&self, name: &str, dialect: &mut Dialect) -> Result<Option<AttributePath>, ScimError> {
        if let Some((schema, rest)) = self.split_urn(name) {
            return Ok(self.resolve_in(schema, rest));
        }
        if let Some(found) = self.after_dot(name) {
            let refusal = || ScimError::invalid_path(format!("a colon follows the URN of a schema; write {found}"));
            return dialect.repair(Quirk::DottedUrn, refusal).map(|()| Some(found));
        }
        let (first, sub) = split_sub(name);
        if let Some(attribute) = self.attribute(first) {
            return Ok(path(None, attribute, sub));
        }
        let Some(found) = self.unqualified(first, sub) else { return Ok(None) };
        dialect.repair(Quirk::UnqualifiedExtension, || {
            ScimError::invalid_path(format!("{name} is no core attribute of {}; write {found}", self.kind))
        })?;
        Ok(Some(found))
    }

    /// The attribute that a name without URN means inside this schema.
    pub(crate) fn resolve_in(&self, schema: &Arc<Schema>, rest: &str) -> Option<AttributePath> {
        let (first, sub) = split_sub(rest);
        if Arc::ptr_eq(schema, &self.schema) {
            return path(None, self.attribute(first)?, sub);
        }
        path(Some(&schema.id), schema.attribute(first)?, sub)
    }

    /// What a name means whose URN is followed by a dot: `urn:…:User.department`.
    fn after_dot(&self, name: &str) -> Option<AttributePath> {
        self.schemas().find_map(|schema| {
            let (head, tail) = name.split_at_checked(schema.id.len())?;
            let rest = tail.strip_prefix('.').filter(|_| head.eq_ignore_ascii_case(&schema.id))?;
            self.resolve_in(schema, rest)
        })
    }

    fn unqualified(&self, first: &str, sub: Option<&str>) -> Option<AttributePath> {
        let (extension, attribute) = (*self.bare.get(&first.to_ascii_lowercase())?)?;
        let extension = self.extensions.get(extension)?;
        let attribute = extension.attributes.get(attribute)?;
        path(Some(&extension.id), attribute, sub)
    }
}

fn path(extension: Option<&Arc<str>>, attribute: &Arc<Attribute>, sub: Option<&str>) -> Option<AttributePath> {
    let sub = match sub {
        Some(sub) => Some(Arc::clone(attribute.sub(sub)?)),
        None => None,
    };
    Some(AttributePath { extension: extension.cloned(), attribute: Arc::clone(attribute), sub })
}

fn split_sub(name: &str) -> (&str, Option<&str>) {
    match name.split_once('.') {
        Some((first, sub)) => (first, Some(sub)),
        None => (name, None),
    }
}

/// What follows a URN and its colon.
pub(super) fn after_urn<'a>(urn: &str, text: &'a str) -> Option<&'a str> {
    let (head, tail) = text.split_at_checked(urn.len())?;
    if !head.eq_ignore_ascii_case(urn) {
        return None;
    }
    if tail.is_empty() { Some(tail) } else { tail.strip_prefix(':') }
}
