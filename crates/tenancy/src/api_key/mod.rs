//! Keys of programs that administer: for all tenants or for one, with a role and an end. A key is shown once; what is kept
//! of it is SHA-256 of its 256 random bits.

mod behalf;
mod control;
mod secret;
mod store;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use behalf::Behalf;
pub use control::{IssuedApiKey, NewApiKey};

use crate::TenancyError;
use crate::credential::Digest;

/// The number of a key. It says nothing about its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ApiKeyId(Uuid);

/// What the holder of a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Everything, with every tenant.
    Operator,
    /// What concerns the way in of one tenant.
    TenantAdmin,
    /// Reading alone: of every tenant, or of one.
    Auditor,
}

/// A key, as it is known after it was shown.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Its number.
    pub id: ApiKeyId,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// The name of the one tenant that it is for; none: for all.
    pub tenant: Option<String>,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: i64,
    /// When it stops being accepted, in milliseconds since 1970.
    pub expires_ms: i64,
    /// When it was revoked before that.
    pub ended_ms: Option<i64>,
    digest: Digest,
}

impl ApiKey {
    /// Whether it is accepted.
    #[must_use]
    pub fn is_valid(&self, now_ms: i64) -> bool {
        self.ended_ms.is_none() && now_ms < self.expires_ms
    }
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Operator, Self::TenantAdmin, Self::Auditor];

    /// `operator`, `tenant-admin`, `auditor`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::TenantAdmin => "tenant-admin",
            Self::Auditor => "auditor",
        }
    }

    /// Refuses what makes no sense: an operator is for all tenants, the administrator of a tenant for one.
    fn check(self, of_tenant: bool) -> Result<(), TenancyError> {
        match (self, of_tenant) {
            (Self::Operator, true) => Err(TenancyError::Invalid(
                "the role operator is for all tenants; leave out the tenant, or choose tenant-admin or auditor"
                    .to_owned(),
            )),
            (Self::TenantAdmin, false) => {
                Err(TenancyError::Invalid("the role tenant-admin needs the tenant that it is for".to_owned()))
            }
            _ => Ok(()),
        }
    }
}

impl FromStr for Role {
    type Err = TenancyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|role| role.as_str() == text);
        let names = || Self::ALL.map(Self::as_str).join(", ");
        known.ok_or_else(|| TenancyError::Invalid(format!("no role is named \"{text}\"; there are {}", names())))
    }
}

impl fmt::Display for ApiKeyId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl FromStr for ApiKeyId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}
