//! What one operation of a bulk request asks for.

use serde_json::Value;

use crate::ResourceKind;

/// One operation, checked as far as its form goes. Until [`crate::BulkRun`] hands it out, ids and data may hold `bulkId:`
/// references.
#[derive(Clone, Debug, PartialEq)]
pub enum BulkAction {
    /// `POST` to a resource type.
    Create {
        /// Which type.
        kind: ResourceKind,
        /// The resource.
        data: Value,
    },
    /// `PUT` of a resource.
    Replace {
        /// Which type.
        kind: ResourceKind,
        /// Which one.
        id: String,
        /// What `If-Match` would say.
        version: Option<String>,
        /// The resource.
        data: Value,
    },
    /// `PATCH` of a resource.
    Patch {
        /// Which type.
        kind: ResourceKind,
        /// Which one.
        id: String,
        /// What `If-Match` would say.
        version: Option<String>,
        /// A whole `PatchOp` message.
        data: Value,
    },
    /// `DELETE` of a resource.
    Delete {
        /// Which type.
        kind: ResourceKind,
        /// Which one.
        id: String,
        /// What `If-Match` would say.
        version: Option<String>,
    },
}

impl BulkAction {
    /// The type of the resource.
    #[must_use]
    pub fn kind(&self) -> ResourceKind {
        match self {
            Self::Create { kind, .. }
            | Self::Replace { kind, .. }
            | Self::Patch { kind, .. }
            | Self::Delete { kind, .. } => *kind,
        }
    }

    /// The resource that exists already, if the operation is about one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Create { .. } => None,
            Self::Replace { id, .. } | Self::Patch { id, .. } | Self::Delete { id, .. } => Some(id),
        }
    }

    /// The body it would have as a request of its own.
    #[must_use]
    pub fn data(&self) -> Option<&Value> {
        match self {
            Self::Create { data, .. } | Self::Replace { data, .. } | Self::Patch { data, .. } => Some(data),
            Self::Delete { .. } => None,
        }
    }

    /// A copy that has the data; this one keeps the rest, which the answer needs.
    pub(super) fn take(&mut self) -> Self {
        let data = self.data_mut().map(std::mem::take);
        let mut taken = self.clone();
        if let (Some(slot), Some(data)) = (taken.data_mut(), data) {
            *slot = data;
        }
        taken
    }

    pub(super) fn id_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::Create { .. } => None,
            Self::Replace { id, .. } | Self::Patch { id, .. } | Self::Delete { id, .. } => Some(id),
        }
    }

    pub(super) fn data_mut(&mut self) -> Option<&mut Value> {
        match self {
            Self::Create { data, .. } | Self::Replace { data, .. } | Self::Patch { data, .. } => Some(data),
            Self::Delete { .. } => None,
        }
    }
}
