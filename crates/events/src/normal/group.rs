//! The normalized group.

use scim::Resource;
use serde::Serialize;

use super::{Custom, Moments, custom};

/// A group of users, without its members: what joined and left stands beside it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// The id that Tenantry gave it; it never changes and is never given to another.
    pub id: String,
    /// The id that the client has for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Its name. Names may repeat.
    pub display_name: String,
    /// Attributes of extensions, by the extension's URN.
    pub custom: Custom,
    /// When it was created and last changed.
    #[serde(flatten)]
    pub moments: Moments,
}

impl Group {
    /// The normalized form of a group.
    #[must_use]
    pub fn of(id: &str, resource: &Resource) -> Self {
        Self {
            id: id.to_owned(),
            external_id: resource.external_id().map(str::to_owned),
            display_name: resource.display_name().unwrap_or_default().to_owned(),
            custom: custom(resource),
            moments: Moments::default(),
        }
    }
}
