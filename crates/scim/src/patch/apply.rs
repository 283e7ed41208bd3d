//! Running steps on a copy of a resource.

use serde_json::{Map, Value};

use super::edit::{edit, merge};
use super::elements::{Selection, append, withdraw};
use super::step::{Action, Change, Place, Step};
use crate::filter::Filter;
use crate::{Attribute, AttributePath, Dialect, Resource, Schema, ScimError};

/// A resource in the middle of a PATCH.
pub(super) struct Workpiece {
    resource: Resource,
    /// Multi-valued attributes whose elements lost a part.
    thinned: Vec<AttributePath>,
    /// Comparisons made so far.
    comparisons: usize,
}

/// Comparisons one PATCH may cost, a fraction of a second. Many long filters on long arrays would cost a minute.
const MOST_COMPARISONS: usize = 5_000_000;

impl Workpiece {
    pub(super) fn of(current: &Resource) -> Self {
        Self { resource: current.clone(), thinned: Vec::new(), comparisons: 0 }
    }

    /// Runs one step.
    pub(super) fn take(&mut self, step: &Step, dialect: &mut Dialect) -> Result<(), ScimError> {
        match &step.place {
            Place::Extension(schema) => self.unassign_extension(schema, step.action),
            Place::Attribute(path) => self.take_attribute(path, step),
            Place::Elements(path, filter) => {
                self.count_comparisons(path, filter.as_ref())?;
                if matches!(&step.change, Change::Merge(merge) if !merge.unset.is_empty()) {
                    self.thinned.push(path.clone());
                }
                let selection = Selection { path, filter: filter.as_ref(), action: step.action, place: &step.place };
                self.edit(path, step.action, |old| selection.change(old, &step.change, dialect))
            }
        }
    }

    /// The resource after the last step.
    pub(super) fn finish(mut self) -> Resource {
        for path in std::mem::take(&mut self.thinned) {
            self.in_holder(path.extension.as_deref(), |holder| drop_husks(holder, &path.attribute));
        }
        self.resource
    }

    fn take_attribute(&mut self, path: &AttributePath, step: &Step) -> Result<(), ScimError> {
        let (attribute, action) = (&path.attribute, step.action);
        match &step.change {
            Change::Set(value) => self.edit(path, action, |_| Ok(Some(value.clone()))),
            Change::Append(elements) => self.edit(path, action, |old| append(old, attribute, action, elements)),
            Change::Merge(parts) => self.edit(path, action, |old| merge(old, attribute, action, parts)),
            Change::Withdraw(elements) => self.edit(path, action, |old| Ok(withdraw(old, attribute, elements))),
            Change::Unassign => self.edit(path, action, |old| Ok(old.filter(|old| stays(path, old)))),
        }
    }

    fn count_comparisons(&mut self, path: &AttributePath, filter: Option<&Filter>) -> Result<(), ScimError> {
        let elements = self.resource.get(path).and_then(Value::as_array).map_or(0, Vec::len);
        self.comparisons = self.comparisons.saturating_add(elements.saturating_mul(filter.map_or(1, terms)));
        if self.comparisons > MOST_COMPARISONS {
            let refusal =
                format!("the value paths cost more than {MOST_COMPARISONS} comparisons; send several requests");
            return Err(ScimError::invalid_value(refusal));
        }
        Ok(())
    }

    fn edit(
        &mut self,
        path: &AttributePath,
        action: Action,
        change: impl FnOnce(Option<Value>) -> Result<Option<Value>, ScimError>,
    ) -> Result<(), ScimError> {
        self.in_holder(path.extension.as_deref(), |holder| edit(holder, &path.attribute, action, change))
    }

    fn unassign_extension(&mut self, schema: &Schema, action: Action) -> Result<(), ScimError> {
        self.in_holder(Some(&schema.id), |holder| {
            let assigned = |attribute: &Attribute| holder.contains_key(&attribute.name);
            let attributes: Vec<_> = schema.attributes.iter().filter(|attribute| assigned(attribute)).collect();
            attributes.into_iter().try_for_each(|attribute| edit(holder, attribute, action, |_| Ok(None)))
        })
    }

    /// The object that holds the attributes of an extension, or the resource. An extension exists while it has
    /// attributes, so that `schemas` lists those in use (RFC 7643 section 3).
    fn in_holder<T>(&mut self, extension: Option<&str>, run: impl FnOnce(&mut Map<String, Value>) -> T) -> T {
        let attributes = self.resource.attributes_mut();
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
}

fn terms(filter: &Filter) -> usize {
    match filter {
        Filter::And(filters) | Filter::Or(filters) => filters.iter().map(terms).sum(),
        Filter::Not(filter) | Filter::Element { filter, .. } => terms(filter),
        Filter::Present(_) | Filter::Compare(_) | Filter::Nothing => 1,
    }
}

/// A user of whom nothing is said is active. Clearing `active` must not let in a user who was locked out.
fn stays(path: &AttributePath, old: &Value) -> bool {
    path.is_core("active") && *old == Value::Bool(false)
}

/// An element of which only `type` and `primary` are left says nothing any more: Entra clears a mail address by clearing
/// `emails[type eq "work"].value`. They go after the last step, because a later step may fill them again.
fn drop_husks(holder: &mut Map<String, Value>, attribute: &Attribute) {
    let Some(Value::Array(elements)) = holder.get_mut(&attribute.name) else { return };
    elements.retain(|element| !is_husk(element));
    if elements.is_empty() {
        holder.shift_remove(&attribute.name);
    }
}

fn is_husk(element: &Value) -> bool {
    element.as_object().is_some_and(|parts| parts.keys().all(|name| matches!(name.as_str(), "type" | "primary")))
}
