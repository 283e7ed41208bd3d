//! Users and groups as they are kept: what a client wrote, in the letter case and the types of the schemas.

mod changes;
mod check;
mod document;
mod draft;
mod immutable;
mod members;
mod normalize;
mod reading;
mod schemas;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::AttributePath;
pub use changes::{Change, changes};
pub use check::check;
pub use draft::Draft;
pub use members::Member;
pub(crate) use members::parse as parse_members;
pub(crate) use normalize::{MOST_ELEMENTS, merge_same, normalize, normalize_element, only_one, parts, within};

/// URN of the enterprise extension, whose `manager` has a meaning of its own.
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// The canonical form of one user or group.
///
/// Keys have the letter case of the schemas and the order in which they were sent; an extension is an object under its
/// URN. Nothing in it is null or empty. It has no readOnly attribute, no `schemas` and no `members`, which are kept
/// beside it, and no password ([`crate::Password`]).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resource {
    attributes: Map<String, Value>,
}

impl Resource {
    /// The attributes in the order they were sent.
    #[must_use]
    pub fn attributes(&self) -> &Map<String, Value> {
        &self.attributes
    }

    pub(crate) fn attributes_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.attributes
    }

    /// The value at a path; `None` if it is unassigned, or if the path asks for a sub-attribute of an array.
    #[must_use]
    pub fn get(&self, path: &AttributePath) -> Option<&Value> {
        let holder = match &path.extension {
            Some(urn) => self.attributes.get(urn.as_ref())?.as_object()?,
            None => &self.attributes,
        };
        let value = holder.get(&path.attribute.name)?;
        match &path.sub {
            Some(sub) => value.as_object()?.get(&sub.name),
            None => Some(value),
        }
    }

    /// `userName`, as sent.
    #[must_use]
    pub fn user_name(&self) -> Option<&str> {
        self.text("userName")
    }

    /// `externalId`, as sent.
    #[must_use]
    pub fn external_id(&self) -> Option<&str> {
        self.text("externalId")
    }

    /// `displayName`, as sent.
    #[must_use]
    pub fn display_name(&self) -> Option<&str> {
        self.text("displayName")
    }

    /// Whether the user may use the service. Creating a user says it, so where nothing is said a client has taken it away:
    /// who is not known to be active is not let in.
    #[must_use]
    pub fn active(&self) -> bool {
        self.attributes.get("active").and_then(Value::as_bool).unwrap_or(false)
    }

    /// The e-mail addresses in the order they were sent.
    pub fn emails(&self) -> impl Iterator<Item = &str> {
        let emails = self.attributes.get("emails").and_then(Value::as_array);
        emails.into_iter().flatten().filter_map(|email| email.get("value")?.as_str())
    }

    /// The id of the manager (RFC 7643 section 4.3).
    #[must_use]
    pub fn manager(&self) -> Option<&str> {
        self.attributes.get(ENTERPRISE)?.get("manager")?.get("value")?.as_str()
    }

    /// Forgets the manager, for example because that user was deleted (RFC 7643 section 2.3.7: no dangling references).
    pub fn clear_manager(&mut self) {
        let Some(Value::Object(extension)) = self.attributes.get_mut(ENTERPRISE) else { return };
        extension.shift_remove("manager");
        if extension.is_empty() {
            self.attributes.shift_remove(ENTERPRISE);
        }
    }

    /// What people read where the resource is mentioned: the first of `displayName`, the name, and `userName`.
    #[must_use]
    pub fn display(&self) -> Option<String> {
        let name = || self.display_name().map(str::to_owned).or_else(|| self.real_name());
        name().or_else(|| self.user_name().map(str::to_owned))
    }

    fn real_name(&self) -> Option<String> {
        let name = self.attributes.get("name")?;
        let part = |key: &str| name.get(key).and_then(Value::as_str);
        if let Some(formatted) = part("formatted") {
            return Some(formatted.to_owned());
        }
        let parts: Vec<&str> = [part("givenName"), part("familyName")].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.attributes.get(name)?.as_str()
    }
}
