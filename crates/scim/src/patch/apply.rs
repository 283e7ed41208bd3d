//! Running steps on a copy of a resource.

use serde_json::{Map, Value};

use super::budget::Budget;
use super::edit::{edit, merge, unassign};
use super::elements::{Selection, append, withdraw};
use super::step::{Action, Change, Place, Step};
use super::tidy::Touched;
use crate::{Attribute, AttributePath, Dialect, Resource, Schema, ScimError};

/// A resource in the middle of a PATCH.
pub(super) struct Workpiece {
    resource: Resource,
    touched: Vec<Touched>,
    budget: Budget,
}

impl Workpiece {
    pub(super) fn of(current: &Resource) -> Self {
        Self { resource: current.clone(), touched: Vec::new(), budget: Budget::default() }
    }

    /// Runs one step.
    pub(super) fn take(&mut self, step: &Step, dialect: &mut Dialect) -> Result<(), ScimError> {
        match &step.place {
            Place::Extension(schema) => self.unassign_extension(schema),
            Place::Attribute(path) => self.take_attribute(path, step),
            Place::Elements(path, filter) => {
                self.budget.compare(self.resource.get(path), filter.as_ref())?;
                self.touch(path, &step.change);
                let mut selection = Selection {
                    path,
                    filter: filter.as_ref(),
                    action: step.action,
                    place: &step.place,
                    budget: &mut self.budget,
                    dialect,
                };
                edit_at(&mut self.resource, path, step.action, |old| selection.change(old, &step.change))
            }
        }
    }

    /// The resource after the last step.
    pub(super) fn finish(mut self) -> Resource {
        for touched in &self.touched {
            in_holder(&mut self.resource, touched.path.extension.as_deref(), |holder| touched.tidy(holder));
        }
        self.resource
    }

    fn take_attribute(&mut self, path: &AttributePath, step: &Step) -> Result<(), ScimError> {
        let (attribute, action) = (&path.attribute, step.action);
        if matches!(step.change, Change::Append(_) | Change::Withdraw(_)) {
            self.budget.compare(self.resource.get(path), None)?;
        }
        edit_at(&mut self.resource, path, action, |old| match &step.change {
            Change::Set(value) => Ok(Some(value.clone())),
            Change::Append(elements) => append(old, attribute, action, elements),
            Change::Merge(parts) => merge(old, attribute, action, parts),
            Change::Withdraw(elements) => Ok(withdraw(old, attribute, elements)),
            Change::Unassign => Ok(None),
        })
    }

    fn touch(&mut self, path: &AttributePath, change: &Change) {
        let thinned = matches!(change, Change::Merge(merge) if !(merge.unset.is_empty() && merge.withdraw.is_empty()));
        match self.touched.iter_mut().find(|touched| touched.is(path)) {
            Some(touched) => touched.thinned |= thinned,
            None => self.touched.push(Touched { path: path.clone(), thinned }),
        }
    }

    fn unassign_extension(&mut self, schema: &Schema) -> Result<(), ScimError> {
        in_holder(&mut self.resource, Some(&schema.id), |holder| {
            let assigned = |attribute: &Attribute| holder.contains_key(&attribute.name);
            let attributes: Vec<_> = schema.attributes.iter().filter(|attribute| assigned(attribute)).collect();
            attributes.into_iter().try_for_each(|attribute| unassign(holder, attribute))
        })
    }
}

fn edit_at(
    resource: &mut Resource,
    path: &AttributePath,
    action: Action,
    change: impl FnOnce(Option<Value>) -> Result<Option<Value>, ScimError>,
) -> Result<(), ScimError> {
    in_holder(resource, path.extension.as_deref(), |holder| edit(holder, &path.attribute, action, change))
}

/// The object that holds the attributes of an extension, or the resource. An extension exists while it has attributes,
/// so that `schemas` lists those in use (RFC 7643 section 3).
fn in_holder<T>(resource: &mut Resource, extension: Option<&str>, run: impl FnOnce(&mut Map<String, Value>) -> T) -> T {
    let attributes = resource.attributes_mut();
    let Some(urn) = extension else { return run(attributes) };
    let mut holder = match attributes.get_mut(urn).map(Value::take) {
        Some(Value::Object(holder)) => holder,
        _ => Map::new(),
    };
    let result = run(&mut holder);
    if holder.is_empty() {
        attributes.shift_remove(urn);
    } else {
        attributes.insert(urn.to_owned(), Value::Object(holder));
    }
    result
}
