//! Who has something changed, as the events of tokens and OAuth clients tell it.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::{ApiKeyId, Tenants};

/// Who it is. None of this opens a door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    /// Who can reach the data folder: the command line.
    Operator,
    /// The holder of an API key, with the key's name.
    ApiKey(ApiKeyId, Arc<str>),
    /// The tenant's client, by using a token.
    Client,
}

impl Actor {
    /// The member `actor` of an event's `data`.
    pub(crate) fn told(&self) -> Value {
        match self {
            Self::Operator => json!({ "type": "operator" }),
            Self::ApiKey(id, name) => json!({ "type": "api_key", "id": id, "name": &**name }),
            Self::Client => json!({ "type": "client" }),
        }
    }
}

impl Tenants {
    /// For whom this changes something.
    pub(crate) fn actor(&self) -> Actor {
        self.behalf.as_ref().map_or(Actor::Operator, crate::api_key::Behalf::actor)
    }

    /// The same as the events of what others keep tell it.
    #[must_use]
    pub fn told_actor(&self) -> Value {
        self.actor().told()
    }
}
