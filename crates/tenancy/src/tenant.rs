//! One customer's instance of the application.

use std::fmt;
use std::sync::Arc;

use profile::Applied;
use scim::Schemas;

use crate::{Settings, TenancyError};

/// The longest name: a label of a domain name (RFC 1035 section 2.3.4), because a name may become one.
const LONGEST_NAME: usize = 63;

/// A tenant's number: the first part of every key in every table. Never given out twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(i64);

impl TenantId {
    pub(crate) const fn new(id: i64) -> Self {
        Self(id)
    }

    /// As it stands in the database.
    #[must_use]
    pub const fn as_i64(self) -> i64 {
        self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// A tenant as it is now: a change makes a new one.
#[derive(Clone, Debug)]
pub struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) name: Arc<str>,
    pub(crate) enabled: bool,
    pub(crate) settings: Settings,
    pub(crate) profile: Arc<Applied>,
    pub(crate) schemas: Arc<Schemas>,
    pub(crate) hosts: Vec<String>,
    pub(crate) created_ms: i64,
    pub(crate) modified_ms: i64,
}

impl Tenant {
    /// Its number.
    #[must_use]
    pub fn id(&self) -> TenantId {
        self.id
    }

    /// Its name in addresses, logs and commands.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether its tokens are accepted at all.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// What is particular to it.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The profile of its application, with what it has decided.
    #[must_use]
    pub fn profile(&self) -> &Arc<Applied> {
        &self.profile
    }

    /// Its schemas: the standard ones, those of its profile, and its own extensions.
    #[must_use]
    pub fn schemas(&self) -> &Arc<Schemas> {
        &self.schemas
    }

    /// Its own domain names, in alphabetical order.
    #[must_use]
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// When it was created, in milliseconds since 1970.
    #[must_use]
    pub fn created_ms(&self) -> i64 {
        self.created_ms
    }

    /// A number that rises with each change of its settings, its hosts, its profile, or whether it is enabled.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.modified_ms
    }

    /// When something about it was last changed, in milliseconds since 1970.
    #[must_use]
    pub fn modified_ms(&self) -> i64 {
        self.modified_ms
    }
}

/// Refuses a name that could not stand in a path and be a label of a domain name. No underscore: Okta refuses base URLs
/// that have one.
pub(crate) fn check_name(name: &str) -> Result<(), TenancyError> {
    let well_formed = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if name.is_empty() || name.len() > LONGEST_NAME || !well_formed || name.starts_with('-') || name.ends_with('-') {
        return Err(TenancyError::Invalid(format!(
            "a tenant's name is 1 to {LONGEST_NAME} of a-z, 0-9 and -, and neither begins nor ends with -; \"{name}\" is not"
        )));
    }
    Ok(())
}
