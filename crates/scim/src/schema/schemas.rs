//! The schemas of one tenant: the two resource types, their core schemas and their extensions.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use crate::{Attribute, Kind, Mutability, Returned, Schema, ScimError};

/// The resource types that are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ResourceKind {
    /// `/Users`
    User,
    /// `/Groups`
    Group,
}

impl ResourceKind {
    /// Both, in the order in which a root query lists them.
    pub const ALL: [Self; 2] = [Self::User, Self::Group];

    /// `User` or `Group`: `meta.resourceType`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// `/Users` or `/Groups`.
    #[must_use]
    pub const fn endpoint(self) -> &'static str {
        match self {
            Self::User => "/Users",
            Self::Group => "/Groups",
        }
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// A resource type with its core schema and its extensions (RFC 7643 section 6).
#[derive(Clone, Debug)]
pub struct ResourceType {
    /// Which one it is.
    pub kind: ResourceKind,
    /// The core schema.
    pub schema: Arc<Schema>,
    /// The extensions, none of them required.
    pub extensions: Vec<Arc<Schema>>,
    /// Whether an attribute that is kept is not shown by default, so that stored text cannot be sent as it is.
    pub(crate) hides: bool,
    /// Where each name of an extension attribute is, in lower case: the extension and the attribute, or `None` if
    /// several have it. Clients may send thousands of names that no schema has.
    pub(super) bare: HashMap<String, Option<(usize, usize)>>,
}

/// User, Group and the enterprise extension, read once and shared by all tenants.
static DOCUMENTS: LazyLock<[Arc<Schema>; 3]> = LazyLock::new(|| {
    [include_str!("standard/user.json"), include_str!("standard/group.json"), include_str!("standard/enterprise.json")]
        .map(document)
});

/// All schemas of one tenant.
#[derive(Clone, Debug)]
pub struct Schemas {
    user: ResourceType,
    group: ResourceType,
    serves_groups: bool,
}

impl Schemas {
    /// User with the enterprise extension, and Group.
    #[must_use]
    pub fn standard() -> Arc<Self> {
        static STANDARD: LazyLock<Arc<Schemas>> = LazyLock::new(|| Arc::new(Schemas::build(Vec::new())));
        Arc::clone(&STANDARD)
    }

    /// The standard schemas and a tenant's own extensions of User.
    ///
    /// # Errors
    /// A 400 `invalidValue` if two schemas have the same URN, or one breaks a rule of [`Schema::check`].
    pub fn with_extensions(extensions: Vec<Schema>) -> Result<Arc<Self>, ScimError> {
        let schemas = Self::build(extensions.into_iter().map(exact).map(Arc::new).collect());
        let own = schemas.user.extensions.iter().skip(1);
        for extension in own {
            extension.check()?;
            let same = schemas.all().filter(|schema| schema.id.eq_ignore_ascii_case(&extension.id)).count();
            if same > 1 {
                return Err(ScimError::invalid_value(format!("schema {} is there twice", extension.id)));
            }
        }
        Ok(Arc::new(schemas))
    }

    /// Extensions with attributes that [`Schema::check`] would refuse.
    #[cfg(test)]
    pub(crate) fn unchecked(extensions: Vec<Schema>) -> Arc<Self> {
        Arc::new(Self::build(extensions.into_iter().map(exact).map(Arc::new).collect()))
    }

    /// One of the two resource types.
    #[must_use]
    pub fn of(&self, kind: ResourceKind) -> &ResourceType {
        match kind {
            ResourceKind::User => &self.user,
            ResourceKind::Group => &self.group,
        }
    }

    /// The same for who has no groups: nothing about them is announced.
    #[must_use]
    pub fn without_groups(&self) -> Self {
        Self { serves_groups: false, ..self.clone() }
    }

    /// The resource types that are served.
    pub fn kinds(&self) -> impl Iterator<Item = ResourceKind> {
        ResourceKind::ALL.into_iter().filter(|kind| self.serves(*kind))
    }

    /// Whether this resource type is served.
    #[must_use]
    pub fn serves(&self, kind: ResourceKind) -> bool {
        kind == ResourceKind::User || self.serves_groups
    }

    /// Every schema: User, Group, then the extensions.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Schema>> {
        let types = || self.kinds().map(|kind| self.of(kind));
        types().map(|of| &of.schema).chain(types().flat_map(|of| &of.extensions))
    }

    fn build(own: Vec<Arc<Schema>>) -> Self {
        let [user, group, enterprise] = &*DOCUMENTS;
        let extensions = std::iter::once(Arc::clone(enterprise)).chain(own).collect();
        Self {
            user: ResourceType::new(ResourceKind::User, Arc::clone(user), extensions),
            group: ResourceType::new(ResourceKind::Group, Arc::clone(group), Vec::new()),
            serves_groups: true,
        }
    }
}

impl ResourceType {
    fn new(kind: ResourceKind, schema: Arc<Schema>, extensions: Vec<Arc<Schema>>) -> Self {
        let mut kept = std::iter::once(&schema).chain(&extensions).flat_map(|schema| &schema.attributes);
        let hides = kept.any(|attribute| hidden(attribute));
        let bare = bare_names(&extensions);
        Self { kind, schema, extensions, hides, bare }
    }
}

fn bare_names(extensions: &[Arc<Schema>]) -> HashMap<String, Option<(usize, usize)>> {
    let mut names = HashMap::new();
    for (at, extension) in extensions.iter().enumerate() {
        for (position, attribute) in extension.attributes.iter().enumerate() {
            let place = names.entry(attribute.name.to_ascii_lowercase());
            place.and_modify(|place| *place = None).or_insert(Some((at, position)));
        }
    }
    names
}

/// Whether some of a stored value is left out of an answer. What is writeOnly is never stored.
fn hidden(attribute: &Attribute) -> bool {
    let hides = |returned| matches!(returned, Returned::Never | Returned::Request);
    let subs = || attribute.sub_attributes.iter().any(|sub| hides(sub.returned));
    attribute.mutability != Mutability::WriteOnly && (hides(attribute.returned) || subs())
}

/// Binaries and references are case exact by their type (RFC 7643 sections 2.3.6 and 2.3.7).
fn exact(mut schema: Schema) -> Schema {
    schema.attributes = schema.attributes.into_iter().map(exact_attribute).collect();
    schema
}

fn exact_attribute(attribute: Arc<Attribute>) -> Arc<Attribute> {
    let mut attribute = Arc::unwrap_or_clone(attribute);
    attribute.case_exact |= matches!(attribute.kind, Kind::Binary | Kind::Reference);
    attribute.sub_attributes = attribute.sub_attributes.into_iter().map(exact_attribute).collect();
    Arc::new(attribute)
}

fn document(text: &str) -> Arc<Schema> {
    #[expect(clippy::expect_used, reason = "the documents are part of the program; a test parses them")]
    serde_json::from_str(text).map(Arc::new).expect("a schema document")
}
