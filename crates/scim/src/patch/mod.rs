//! PATCH: a list of operations that turns one resource into another (RFC 7644 section 3.5.2).
//!
//! Reading and applying are apart. [`Patch::parse`] turns what clients send, in all its spellings, into steps that each
//! say where (a place) and what (a change); values have their attribute's type from there on. [`Patch::apply`] runs the
//! steps on a resource: all or none, in order. Operations on a group's members are taken out before that by
//! [`Patch::split_members`], because members are not part of the resource.

mod apply;
mod budget;
mod change;
mod create;
mod edit;
mod elements;
mod expand;
mod members;
mod operation;
mod same;
mod step;
mod tidy;

#[cfg(test)]
mod tests;

use serde_json::Value;

pub use members::MemberStep;

use crate::{Dialect, Password, Projection, Resource, ResourceType, ScimError, check};
use apply::Workpiece;
use operation::Operation;
use step::Step;

/// A checked PATCH. Applying it can still fail: whether a value path selects something, or an immutable attribute is
/// changed, depends on the resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    steps: Vec<Step>,
    password: Option<Password>,
}

impl Patch {
    /// Reads a `PatchOp` message of at most `limit` operations for a resource of this type.
    ///
    /// # Errors
    /// 400 with the keyword of RFC 7644 table 9: `invalidSyntax` if it is no `PatchOp`, `invalidPath`, `invalidFilter` or
    /// `noTarget` if a path, the filter in it, or the want of a path is wrong, `invalidValue` if a value does not suit its attribute, `mutability` if the attribute
    /// may not be written.
    pub fn parse(body: Value, of: &ResourceType, limit: usize, dialect: &mut Dialect) -> Result<Self, ScimError> {
        let mut patch = Self { steps: Vec::new(), password: None };
        for operation in Operation::parse_all(body, limit, dialect)? {
            expand::expand(operation, of, dialect, &mut patch)?;
        }
        Ok(patch)
    }

    /// Whether an operation is about this core attribute (canonical name) or a part of it.
    #[must_use]
    pub fn touches(&self, core_attribute: &str) -> bool {
        self.steps.iter().any(|step| step.place.is_core(core_attribute))
    }

    /// Whether nothing is to be done: there was no operation, or only such that are forgiven and left out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.password.is_none()
    }

    /// Takes the password out that the operations set, if they set one. It is no part of the resource.
    pub fn take_password(&mut self) -> Option<Password> {
        self.password.take()
    }

    /// The view of the answer: as asked for, and what the client changed of that which is returned on request (RFC 7643
    /// section 7).
    #[must_use]
    pub fn reveal(&self, view: Projection) -> Projection {
        view.and_written(self.steps.iter().flat_map(Step::on_request).collect())
    }

    /// Takes the operations on the members of a group out, in their order. What they do never depends on the rest of the
    /// group, nor on each other's members being read.
    ///
    /// # Errors
    /// 400 `mutability` if an operation edits inside a member (RFC 7643 section 4.2: members are added and removed).
    pub fn split_members(self) -> Result<(Self, Vec<MemberStep>), ScimError> {
        let Self { steps, password } = self;
        let (members, steps): (Vec<_>, Vec<_>) = steps.into_iter().partition(|step| step.place.is_core("members"));
        let members = members.into_iter().map(MemberStep::of).collect::<Result<Vec<_>, _>>()?;
        Ok((Self { steps, password }, members.into_iter().flatten().collect()))
    }

    /// The resource after all operations, each on the result of the one before. The resource given is left as it is, so
    /// a failure changes nothing (RFC 7644 section 3.5.2: atomic); equal resources mean that there is nothing to save.
    /// Operations on members of a group are [`Patch::split_members`]'s and do nothing here.
    ///
    /// # Errors
    /// 400 `noTarget` if a value path selects nothing and the dialect is strict, `mutability` if an immutable attribute
    /// would change or a required one would go, `invalidValue` if a required one is emptied.
    pub fn apply(&self, current: &Resource, of: &ResourceType, dialect: &mut Dialect) -> Result<Resource, ScimError> {
        let mut workpiece = Workpiece::of(current);
        for step in self.steps.iter().filter(|step| !step.place.is_core("members")) {
            workpiece.take(step, dialect)?;
        }
        let resource = workpiece.finish();
        check(&resource, of)?;
        Ok(resource)
    }
}
