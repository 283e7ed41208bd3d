//! What an extension schema must keep to be accepted (RFC 7643 sections 2 and 7).

use crate::{Attribute, Kind, Mutability, Returned, Schema, ScimError, Uniqueness};

/// Attributes one schema may have, and sub-attributes one attribute may have.
const MOST_ATTRIBUTES: usize = 500;
/// Characters of a URN or a name.
const LONGEST_NAME: usize = 255;

/// URNs that extensions cannot have: they would shadow core schemas or messages.
const RESERVED: [&str; 3] =
    ["urn:ietf:params:scim:api:", "urn:ietf:params:scim:schemas:core:", "urn:scim:schemas:core:"];

impl Schema {
    /// Whether it can serve as an extension: a URN of its own, names of RFC 7643 section 2.1 that differ in more than
    /// letter case, no complex attribute inside a complex one (section 2.3.8), and nothing announced that is not
    /// enforced.
    ///
    /// # Errors
    /// A 400 `invalidValue` whose sentence names the attribute and the rule.
    pub fn check(&self) -> Result<(), ScimError> {
        check_urn(&self.id)?;
        if self.attributes.is_empty() {
            return Err(refused(&self.id, "has no attributes"));
        }
        check_names(&self.id, &self.attributes)?;
        self.attributes
            .iter()
            .try_for_each(|attribute| check_attribute(&format!("{}:{}", self.id, attribute.name), attribute))
    }
}

fn check_urn(urn: &str) -> Result<(), ScimError> {
    let lower = urn.to_ascii_lowercase();
    let parts: Vec<&str> = lower.split(':').collect();
    let plain = lower.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":.-_+~/()@!*=%&;".contains(&byte));
    if parts.first() != Some(&"urn") || parts.len() < 3 || parts.contains(&"") || !plain {
        return Err(refused(urn, "is not a URN such as urn:acme:scim:User"));
    }
    if urn.len() > LONGEST_NAME {
        return Err(refused(urn, &format!("is longer than {LONGEST_NAME} characters")));
    }
    if RESERVED.iter().any(|reserved| lower.starts_with(reserved)) {
        return Err(refused(urn, "is reserved; give the extension a URN of your own"));
    }
    Ok(())
}

fn check_attribute(place: &str, attribute: &Attribute) -> Result<(), ScimError> {
    check_enforced(place, attribute)?;
    match (attribute.kind, attribute.sub_attributes.is_empty()) {
        (Kind::Complex, true) => return Err(refused(place, "is complex and has no sub-attributes")),
        (Kind::Complex, false) => check_names(place, &attribute.sub_attributes)?,
        (_, false) => return Err(refused(place, "has sub-attributes and is not complex")),
        (_, true) => {}
    }
    for sub in &attribute.sub_attributes {
        let place = format!("{place}.{}", sub.name);
        if sub.kind == Kind::Complex {
            return Err(refused(&place, "is complex inside a complex attribute"));
        }
        check_attribute(&place, sub)?;
    }
    Ok(())
}

/// What discovery announces must be what happens (RFC 7643 section 7).
fn check_enforced(place: &str, attribute: &Attribute) -> Result<(), ScimError> {
    if attribute.mutability == Mutability::WriteOnly {
        return Err(refused(place, "is writeOnly; secrets are not kept"));
    }
    // It would be kept in clear and told in events.
    if attribute.returned == Returned::Never {
        return Err(refused(place, "is never returned; secrets are not kept"));
    }
    if attribute.required && attribute.mutability == Mutability::ReadOnly {
        return Err(refused(place, "is required and readOnly, so nobody could provide it"));
    }
    if attribute.uniqueness != Uniqueness::None {
        return Err(refused(place, "asks for uniqueness, which is kept for core attributes only; write none"));
    }
    Ok(())
}

fn check_names(place: &str, attributes: &[std::sync::Arc<Attribute>]) -> Result<(), ScimError> {
    if attributes.len() > MOST_ATTRIBUTES {
        return Err(refused(place, &format!("has more than {MOST_ATTRIBUTES} attributes")));
    }
    let mut seen = std::collections::HashSet::new();
    for attribute in attributes {
        if !is_name(&attribute.name) {
            return Err(refused(place, &format!("has an attribute with the unusable name {:?}", attribute.name)));
        }
        if !seen.insert(attribute.name.to_ascii_lowercase()) {
            return Err(refused(place, &format!("has {} twice", attribute.name)));
        }
    }
    Ok(())
}

/// ATTRNAME of RFC 7643 section 2.1; `$ref` is the one name that does not start with a letter (section 2.4).
fn is_name(name: &str) -> bool {
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    let rest = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"$-_".contains(&byte));
    (first && rest || name == "$ref") && name.len() <= LONGEST_NAME
}

fn refused(place: &str, reason: &str) -> ScimError {
    ScimError::invalid_value(format!("{place} {reason}"))
}
