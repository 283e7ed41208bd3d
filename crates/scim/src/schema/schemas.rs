//! The schemas of one tenant: the two resource types, their core schemas and their extensions.

use std::fmt;
use std::sync::{Arc, LazyLock};

use crate::{Schema, ScimError};

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
}

/// All schemas of one tenant.
#[derive(Clone, Debug)]
pub struct Schemas {
    user: ResourceType,
    group: ResourceType,
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
    /// If a schema has no URN of its own, or breaks a rule of RFC 7643 section 7 (the sentence names it).
    pub fn with_extensions(extensions: Vec<Schema>) -> Result<Arc<Self>, ScimError> {
        for extension in &extensions {
            extension.check()?;
        }
        Ok(Arc::new(Self::build(extensions)))
    }

    /// One of the two resource types.
    #[must_use]
    pub fn of(&self, kind: ResourceKind) -> &ResourceType {
        match kind {
            ResourceKind::User => &self.user,
            ResourceKind::Group => &self.group,
        }
    }

    fn build(_extensions: Vec<Schema>) -> Self {
        unimplemented!("reads standard/*.json")
    }
}
