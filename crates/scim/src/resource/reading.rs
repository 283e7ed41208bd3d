//! The body of a POST or PUT, key by key.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Member, Resource, members, normalize, schemas};
use crate::schema::modern;
use crate::{Attribute, Dialect, Mutability, Password, Quirk, ResourceKind, ResourceType, Schema, ScimError};

/// A body that is being read.
pub(super) struct Reading<'a> {
    of: &'a ResourceType,
    dialect: &'a mut Dialect,
    resource: Resource,
    members: Option<Vec<Member>>,
    password: Option<Password>,
    schemas: Option<Value>,
    /// The paths that have a value. Each is there once, so there are no more than the schemas have.
    seen: Vec<String>,
}

/// What a body describes.
pub(super) struct Described {
    pub(super) resource: Resource,
    pub(super) members: Option<Vec<Member>>,
    pub(super) password: Option<Password>,
}

impl<'a> Reading<'a> {
    pub(super) fn of(of: &'a ResourceType, dialect: &'a mut Dialect) -> Self {
        Self {
            of,
            dialect,
            resource: Resource::default(),
            members: None,
            password: None,
            schemas: None,
            seen: Vec::with_capacity(32),
        }
    }

    pub(super) fn read(mut self, body: Map<String, Value>) -> Result<Described, ScimError> {
        for (key, value) in body {
            self.take(&key, value)?;
        }
        schemas::check(self.schemas, &self.resource, self.of, self.dialect)?;
        Ok(Described { resource: self.resource, members: self.members, password: self.password })
    }

    fn take(&mut self, key: &str, value: Value) -> Result<(), ScimError> {
        let of = self.of;
        if let Some(attribute) = of.attribute(key) {
            return self.core(attribute, value);
        }
        if let Some(urn) = modern(key, of.kind) {
            self.dialect.repair(Quirk::CoreOne, || ScimError::invalid_value(format!("{key} is a SCIM 1.1 URN")))?;
            return self.take(&urn, value);
        }
        match of.split_urn(key) {
            Some((schema, "")) if !Arc::ptr_eq(schema, &of.schema) => self.extension(schema, value),
            _ => self.named_by_path(key, value),
        }
    }

    fn core(&mut self, attribute: &Attribute, value: Value) -> Result<(), ScimError> {
        self.once(&attribute.name)?;
        match attribute.name.as_str() {
            "schemas" => self.schemas = Some(value),
            "members" if self.of.kind == ResourceKind::Group => {
                self.members = Some(members::parse(value, self.dialect)?);
            }
            "password" if self.of.kind == ResourceKind::User => self.password = Password::of(value),
            _ => self.keep(None, attribute, value)?,
        }
        Ok(())
    }

    /// The object under an extension's URN (RFC 7643 section 3.3).
    fn extension(&mut self, schema: &Schema, value: Value) -> Result<(), ScimError> {
        let attributes = match value {
            Value::Object(attributes) => attributes,
            Value::Null => return Ok(()),
            _ => return Err(ScimError::invalid_value(format!("{} must be an object", schema.id))),
        };
        for (name, value) in attributes {
            let Some(attribute) = schema.attribute(&name) else {
                self.unknown(&format!("{}:{name}", schema.id))?;
                continue;
            };
            self.within_extension(&schema.id, attribute, value)?;
        }
        Ok(())
    }

    fn within_extension(&mut self, urn: &str, attribute: &Attribute, value: Value) -> Result<(), ScimError> {
        self.once(&[urn, ":", &attribute.name].concat())?;
        self.keep(Some(urn), attribute, value)
    }

    /// Keeps what the value says; an object joins what was said of other parts.
    fn keep(&mut self, urn: Option<&str>, attribute: &Attribute, value: Value) -> Result<(), ScimError> {
        if !is_kept(attribute) {
            return Ok(());
        }
        let prefix = urn.map(|urn| [urn, ":"].concat()).unwrap_or_default();
        if value.is_object() {
            self.once_each(&[&*prefix, &attribute.name].concat(), attribute, &value)?;
        }
        let value = normalize(attribute, value, self.dialect).map_err(|error| prefixed(&prefix, error))?;
        let attributes = self.resource.attributes_mut();
        match urn {
            Some(urn) => insert(attributes, &[urn, &attribute.name], value),
            None => insert(attributes, &[&attribute.name], value),
        }
        Ok(())
    }

    /// Keys that are paths, such as `urn:…:User:department` or `name.familyName`, belong into a PATCH (RFC 7643
    /// section 3.3 wants objects); extension attributes come without their URN, too.
    fn named_by_path(&mut self, key: &str, value: Value) -> Result<(), ScimError> {
        let Some(path) = self.of.resolve(key, self.dialect)? else { return self.unknown(key) };
        if key.contains(['.', ':']) {
            self.dialect
                .repair(Quirk::PathKeys, || ScimError::invalid_value(format!("{key} is a path, not a name")))?;
        }
        match (&path.extension, &path.sub) {
            (_, Some(_)) if path.attribute.multi_valued => self.unknown(key),
            (urn, Some(sub)) => {
                let object = Map::from_iter([(sub.name.clone(), value)]);
                self.keep(urn.as_deref(), &path.attribute, Value::Object(object))
            }
            (Some(urn), None) => self.within_extension(urn, &path.attribute, value),
            (None, None) => self.core(&path.attribute, value),
        }
    }

    fn unknown(&mut self, name: &str) -> Result<(), ScimError> {
        let refusal = || ScimError::invalid_value(format!("{name} is no attribute of a {}", self.of.kind));
        self.dialect.repair(Quirk::UnknownAttribute, refusal)
    }

    /// Two names that differ in letter case are one attribute (RFC 7643 section 2.1), and JSON has it once.
    fn once(&mut self, name: &str) -> Result<(), ScimError> {
        if self.is_seen(name) {
            return Err(twice(name));
        }
        self.seen.push(name.to_owned());
        Ok(())
    }

    fn is_seen(&self, name: &str) -> bool {
        self.seen.iter().any(|seen| seen == name)
    }

    /// A part may be named by its path or inside the object, not by both.
    fn once_each(&mut self, name: &str, attribute: &Attribute, value: &Value) -> Result<(), ScimError> {
        let Value::Object(object) = value else { return Ok(()) };
        let subs = object.keys().filter_map(|key| attribute.sub(key));
        let mut parts: Vec<String> = subs.map(|sub| [name, ".", &sub.name].concat()).collect();
        // Names that differ in letter case only are one part here; that it is there twice is seen elsewhere.
        parts.sort_unstable();
        parts.dedup();
        match parts.iter().find(|part| self.is_seen(part)) {
            Some(part) => Err(twice(part)),
            None => {
                self.seen.extend(parts);
                Ok(())
            }
        }
    }
}

fn twice(name: &str) -> ScimError {
    ScimError::invalid_syntax(format!("{name} is there twice"))
}

fn is_kept(attribute: &Attribute) -> bool {
    !matches!(attribute.mutability, Mutability::ReadOnly | Mutability::WriteOnly)
}

/// Puts a value where the names lead; an object joins the one that is there.
fn insert(map: &mut Map<String, Value>, names: &[&str], value: Option<Value>) {
    let (Some(value), [name, rest @ ..]) = (value, names) else { return };
    if !rest.is_empty() {
        let inner = map.entry(*name).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(inner) = inner {
            insert(inner, rest, Some(value));
        }
        return;
    }
    match (map.get_mut(*name), value) {
        (Some(Value::Object(there)), Value::Object(more)) => there.extend(more),
        (_, value) => {
            map.insert((*name).to_owned(), value);
        }
    }
}

fn prefixed(prefix: &str, mut error: ScimError) -> ScimError {
    error.detail.insert_str(0, prefix);
    error
}
