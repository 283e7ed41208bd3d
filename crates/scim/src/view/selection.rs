//! A projection, resolved against one resource type.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{Attribute, AttributePath, Dialect, ResourceType, Returned};

/// What a list of names selects. Names that no schema has select nothing (RFC 7644 section 3.9).
pub(super) struct Selection {
    /// Whether what is named is shown, or what is not named.
    only: bool,
    /// URNs that stand for a whole schema; `None` for the core schema.
    schemas: Vec<Option<Arc<str>>>,
    paths: Vec<AttributePath>,
    /// What the client has just written, of that which is returned on request.
    written: Vec<AttributePath>,
}

/// How much of one attribute is selected.
enum Share<'a> {
    None,
    Whole,
    Subs(Vec<&'a str>),
}

impl Selection {
    pub(super) fn only(names: &[String], of: &ResourceType) -> Self {
        Self::new(true, names, of)
    }

    pub(super) fn without(names: &[String], written: &[String], of: &ResourceType) -> Self {
        let mut selection = Self::new(false, names, of);
        selection.written = written.iter().filter_map(|path| resolve(path, of)).collect();
        selection
    }

    fn new(only: bool, names: &[String], of: &ResourceType) -> Self {
        let mut selection = Self { only, schemas: Vec::new(), paths: Vec::new(), written: Vec::new() };
        for name in names {
            selection.add(name, of);
        }
        selection
    }

    fn add(&mut self, name: &str, of: &ResourceType) {
        if let Some((schema, "")) = of.split_urn(name) {
            let core = Arc::ptr_eq(schema, &of.schema);
            self.schemas.push((!core).then(|| Arc::clone(&schema.id)));
        } else {
            self.paths.extend(resolve(name, of));
        }
    }

    /// Whether anything of the attribute is shown.
    pub(super) fn shows(&self, extension: Option<&Arc<str>>, attribute: &Attribute) -> bool {
        let share = self.share(extension, attribute);
        match attribute.returned {
            Returned::Always => true,
            Returned::Never => false,
            Returned::Request if self.only => !matches!(share, Share::None),
            Returned::Request => self.is_written(extension, attribute, None) && !matches!(share, Share::Whole),
            Returned::Default if self.only => !matches!(share, Share::None),
            Returned::Default => !matches!(share, Share::Whole),
        }
    }

    /// Takes out of a whole resource what is not shown.
    pub(super) fn apply(&self, of: &ResourceType, map: &mut Map<String, Value>) {
        map.retain(|name, value| match of.attribute(name) {
            Some(attribute) => self.keep(None, attribute, value),
            None => self.keep_extension(of, name, value),
        });
    }

    fn keep_extension(&self, of: &ResourceType, urn: &str, value: &mut Value) -> bool {
        let (Some(schema), Some(attributes)) = (of.schema(urn), value.as_object_mut()) else { return false };
        attributes.retain(|name, value| {
            schema.attribute(name).is_some_and(|attribute| self.keep(Some(&schema.id), attribute, value))
        });
        !attributes.is_empty()
    }

    fn keep(&self, extension: Option<&Arc<str>>, attribute: &Attribute, value: &mut Value) -> bool {
        if !self.shows(extension, attribute) {
            return false;
        }
        let share = self.share(extension, attribute);
        match value {
            Value::Object(element) => self.keep_subs(extension, attribute, &share, element),
            Value::Array(elements) => {
                elements.retain_mut(|element| match element {
                    Value::Object(element) => self.keep_subs(extension, attribute, &share, element),
                    _ => true,
                });
                !elements.is_empty()
            }
            _ => true,
        }
    }

    /// Takes sub-attributes out; says whether any is left.
    fn keep_subs(
        &self,
        extension: Option<&Arc<str>>,
        attribute: &Attribute,
        share: &Share<'_>,
        element: &mut Map<String, Value>,
    ) -> bool {
        element.retain(|name, _| {
            let returned = attribute.sub(name).map_or(Returned::Default, |sub| sub.returned);
            let named = matches!(share, Share::Subs(subs) if subs.contains(&name.as_str()));
            match returned {
                Returned::Always => true,
                Returned::Never => false,
                Returned::Request if self.only => named,
                Returned::Request => !named && self.is_written(extension, attribute, Some(name)),
                Returned::Default if self.only => named || !matches!(share, Share::Subs(_)),
                Returned::Default => !named,
            }
        });
        !element.is_empty()
    }

    fn is_written(&self, extension: Option<&Arc<str>>, attribute: &Attribute, sub: Option<&str>) -> bool {
        self.written.iter().any(|path| {
            path.extension.as_ref() == extension
                && path.attribute.name == attribute.name
                && path.sub.as_ref().map(|sub| sub.name.as_str()) == sub
        })
    }

    fn share(&self, extension: Option<&Arc<str>>, attribute: &Attribute) -> Share<'_> {
        if self.schemas.iter().any(|schema| schema.as_ref() == extension) {
            return Share::Whole;
        }
        let same =
            |path: &&AttributePath| path.extension.as_ref() == extension && path.attribute.name == attribute.name;
        let mut subs = Vec::new();
        for path in self.paths.iter().filter(same) {
            let Some(sub) = &path.sub else { return Share::Whole };
            subs.push(sub.name.as_str());
        }
        if subs.is_empty() { Share::None } else { Share::Subs(subs) }
    }
}

fn resolve(name: &str, of: &ResourceType) -> Option<AttributePath> {
    of.resolve(name, &mut Dialect::lenient()).ok().flatten()
}
