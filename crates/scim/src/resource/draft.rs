//! The resource a client describes in a POST or a PUT.

use serde_json::Value;

use super::reading::{Described, Reading};
use super::{Member, Resource, check, immutable};
use crate::view::written;
use crate::{Dialect, Password, Projection, ResourceKind, ResourceType, ScimError};

/// What the body of a POST or PUT asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The attributes, without those that only the server writes.
    pub resource: Resource,
    /// The ids of a group's members in the order sent, each once; `None` if the body does not speak of members.
    pub members: Option<Vec<Member>>,
    /// The password that the body sets, if it sets one. It is no part of the resource.
    pub password: Option<Password>,
    /// Whether the body says if the user is active.
    pub names_active: bool,
    kind: ResourceKind,
}

impl Draft {
    /// Reads the body of a POST or PUT.
    ///
    /// Names and URNs may stand in any letter case (RFC 7643 section 2.1). What only the server writes is ignored (RFC
    /// 7644 sections 3.3 and 3.5.1).
    ///
    /// # Errors
    /// A 400 `invalidSyntax` if the body is no object or a name is there twice in different letter case; a 400
    /// `invalidValue` that names the attribute if a value does not fit its schema or a required one is missing.
    pub fn parse(body: Value, of: &ResourceType, dialect: &mut Dialect) -> Result<Self, ScimError> {
        let Value::Object(body) = body else {
            return Err(ScimError::invalid_syntax(format!(
                "the body must be a JSON object that describes a {}",
                of.kind
            )));
        };
        let Described { resource, members, password } = Reading::of(of, dialect).read(body)?;
        check(&resource, of)?;
        let names_active = resource.attributes().contains_key("active");
        Ok(Self { resource, members, password, names_active, kind: of.kind })
    }

    /// The resource a POST creates: a user of whom nothing else is said is active.
    #[must_use]
    pub fn creating(mut self) -> Self {
        self.say_active(Some(&Value::Bool(true)));
        self
    }

    /// The resource a PUT leaves. What the body omits is cleared (RFC 7644 section 3.5.1), except `active`: a client
    /// that does not speak of it (Okta without the mapping) must not reactivate a deactivated user.
    ///
    /// # Errors
    /// A 400 `mutability` if an immutable attribute that has a value would get another one.
    pub fn replacing(mut self, current: &Resource, of: &ResourceType) -> Result<Self, ScimError> {
        immutable::keep(&mut self.resource, current, of)?;
        self.say_active(current.attributes().get("active"));
        Ok(self)
    }

    /// The view of the answer: as asked for, and what the client wrote of that which is returned on request (RFC 7643
    /// section 7).
    #[must_use]
    pub fn reveal(&self, view: Projection, of: &ResourceType) -> Projection {
        view.and_written(written(&self.resource, of))
    }

    fn say_active(&mut self, active: Option<&Value>) {
        if let Some(active) = active.filter(|_| self.kind == ResourceKind::User && !self.names_active) {
            self.resource.attributes_mut().insert("active".to_owned(), active.clone());
        }
    }
}
