//! From operations to steps: paths are resolved, a value without path is taken apart key by key.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::Patch;
use super::change::{change_of_attribute, change_of_elements};
use super::operation::Operation;
use super::step::{Action, Change, Place, Step};
use crate::path::{Path, Target};
use crate::{Dialect, Mutability, Password, Quirk, ResourceType, Schema, ScimError, ScimType};

/// Appends the steps of one operation, or takes the password that it sets. An operation may have none, if all of it is forgiven and left out.
pub(super) fn expand(
    operation: Operation,
    of: &ResourceType,
    dialect: &mut Dialect,
    patch: &mut Patch,
) -> Result<(), ScimError> {
    let Operation { action, path, value } = operation;
    if value.is_none() && action != Action::Remove {
        return Err(ScimError::invalid_value(format!("{} needs a value", action.as_str())));
    }
    let mut expansion = Expansion { action, of, dialect, patch };
    match path {
        Some(text) => expansion.at_path(&text, value),
        None if action == Action::Remove => Err(no_path()),
        None => expansion.at_resource(value.unwrap_or_default()),
    }
}

struct Expansion<'a> {
    action: Action,
    of: &'a ResourceType,
    dialect: &'a mut Dialect,
    patch: &'a mut Patch,
}

impl Expansion<'_> {
    fn at_path(&mut self, text: &str, value: Option<Value>) -> Result<(), ScimError> {
        let Some(path) = Path::parse(text, self.of, self.dialect)? else { return Ok(()) };
        if let Some(refused) = read_only(&path.target)
            && !is_message_noise(&path.target)
        {
            return Err(ScimError::mutability(format!("{refused} is readOnly")));
        }
        self.at_target(path.target, value)
    }

    fn at_target(&mut self, target: Target, value: Option<Value>) -> Result<(), ScimError> {
        if is_message_noise(&target) {
            return Ok(());
        }
        if is_password(&target) {
            self.patch.password = value.filter(|_| self.action != Action::Remove).and_then(Password::of);
            return Ok(());
        }
        match target {
            Target::Resource(_) if self.action == Action::Remove => Err(no_path()),
            Target::Resource(_) => self.at_resource(value.unwrap_or_default()),
            Target::Extension(schema) => match (self.action, value) {
                (Action::Remove, None) | (Action::Remove | Action::Replace, Some(Value::Null)) => {
                    self.push(Place::Extension(schema), Some(Change::Unassign))
                }
                (_, Some(Value::Null)) => Ok(()),
                (_, value) => self.at_extension(&schema, value.unwrap_or_default()),
            },
            Target::Attribute(path) => {
                let (place, change) = change_of_attribute(self.action, path, value, self.dialect)?;
                self.push(place, change)
            }
            Target::Elements { attribute, filter, sub } => {
                let change = change_of_elements(self.action, &attribute, sub.as_ref(), value, self.dialect)?;
                self.push(Place::Elements(attribute, Some(filter)), change)
            }
        }
    }

    /// A change of `None` is one that does nothing, such as adding null.
    fn push(&mut self, place: Place, change: Option<Change>) -> Result<(), ScimError> {
        let action = self.action;
        self.patch.steps.extend(change.map(|change| Step { action, place, change }));
        Ok(())
    }

    fn at_resource(&mut self, value: Value) -> Result<(), ScimError> {
        self.at_keys(None, value)
    }

    /// A remove with a value removes what it names (Q12), never the whole extension.
    fn at_extension(&mut self, schema: &Arc<Schema>, value: Value) -> Result<(), ScimError> {
        if self.action == Action::Remove {
            let refusal = || ScimError::invalid_value(format!("remove has no value; write {}:…", schema.id));
            self.dialect.repair(Quirk::RemoveByValue, refusal)?;
        }
        self.at_keys(Some(schema), value)
    }

    /// Each key of the value is an attribute, or a path (Entra: `name.familyName`, `urn:…:User:department`).
    fn at_keys(&mut self, extension: Option<&Arc<Schema>>, value: Value) -> Result<(), ScimError> {
        let Value::Object(members) = value else {
            return Err(ScimError::invalid_value("without an attribute in path, value is an object of attributes"));
        };
        refuse_repeated(&members)?;
        for (key, value) in members {
            if let Some(target) = self.target_of_key(extension, &key)? {
                self.at_target(target, Some(value))?;
            }
        }
        Ok(())
    }

    /// What a key means; `None` if it is forgiven and left out.
    fn target_of_key(&mut self, extension: Option<&Arc<Schema>>, key: &str) -> Result<Option<Target>, ScimError> {
        let path = match extension {
            Some(schema) => Path::parse_in(schema, key, self.of, self.dialect),
            None => Path::parse(key, self.of, self.dialect),
        };
        let target = match path {
            Ok(Some(path)) => path.target,
            Ok(None) => return Ok(None),
            // Like an attribute that no schema has in a POST; a broken value path is a mistake all the same.
            Err(refusal) if refusal.scim_type == Some(ScimType::InvalidPath) && !key.contains('[') => {
                let refusal = || ScimError::invalid_value(refusal.detail.clone());
                return self.dialect.repair(Quirk::UnknownAttribute, refusal).map(|()| None);
            }
            Err(refusal) => return Err(refusal),
        };
        if !is_plain(&target) || (extension.is_none() && key.contains(':') && matches!(target, Target::Attribute(_))) {
            let refusal = || ScimError::invalid_path(format!("\"{key}\" is a path; put it into path"));
            self.dialect.repair(Quirk::PathKeys, refusal)?;
        }
        match read_only(&target) {
            Some(refused) if !is_message_noise(&target) => {
                let refusal = || ScimError::mutability(format!("{refused} is readOnly"));
                self.dialect.repair(Quirk::ReadOnlyNoise, refusal).map(|()| None)
            }
            _ => Ok(Some(target)),
        }
    }
}

fn no_path() -> ScimError {
    ScimError::bad_request(ScimType::NoTarget, "remove needs a path that says what to remove")
}

/// An attribute or extension by its bare name, as it stands in a resource.
fn is_plain(target: &Target) -> bool {
    match target {
        Target::Resource(_) | Target::Extension(_) => true,
        Target::Attribute(path) => path.sub.is_none(),
        Target::Elements { .. } => false,
    }
}

/// The name of the readOnly attribute or sub-attribute that the target is.
fn read_only(target: &Target) -> Option<String> {
    let (path, sub) = match target {
        Target::Resource(_) | Target::Extension(_) => return None,
        Target::Attribute(path) => (path, path.sub.as_ref()),
        Target::Elements { attribute, sub, .. } => (attribute, sub.as_ref()),
    };
    if path.attribute.mutability == Mutability::ReadOnly {
        return Some(path.attribute.name.clone());
    }
    let sub = sub.filter(|sub| sub.mutability == Mutability::ReadOnly)?;
    Some(format!("{}.{}", path.attribute.name, sub.name))
}

/// `schemas` follows from the attributes in use, so what a client says about it is not needed (RFC 7644 section 3.5.2
/// allows to say it).
fn is_message_noise(target: &Target) -> bool {
    matches!(target, Target::Attribute(path) if path.is_core("schemas"))
}

/// A password goes beside the resource, as in a POST. Which one there was nobody knows, so that one is removed says nothing.
fn is_password(target: &Target) -> bool {
    matches!(target, Target::Attribute(path) if path.is_core("password"))
}

/// Two spellings of one name leave open which value counts (RFC 7643 section 2.1).
fn refuse_repeated(members: &Map<String, Value>) -> Result<(), ScimError> {
    let mut names: Vec<_> = members.keys().map(|key| key.to_ascii_lowercase()).collect();
    names.sort_unstable();
    match names.array_windows().find(|[left, right]| left == right) {
        Some([name, _]) => Err(ScimError::invalid_syntax(format!("{name} is given twice"))),
        None => Ok(()),
    }
}
