//! What is changed for the holder of a key, is changed while the key is valid, and to the tenant that was meant.

use std::sync::Arc;

use sea_orm::ConnectionTrait;

use super::{ApiKey, ApiKeyId, store};
use crate::actor::Actor;
use crate::{TenancyError, TenantId, Tenants};

/// For whom something is changed.
#[derive(Clone, Debug)]
pub(crate) struct Behalf {
    key: ApiKeyId,
    name: Arc<str>,
    tenant: Option<TenantId>,
}

impl Behalf {
    /// Whether this tenant may be meant. One that comes later under the same name is another one.
    pub(crate) fn means(&self, tenant: TenantId) -> bool {
        self.tenant.is_none_or(|meant| meant == tenant)
    }

    /// Keeps the key from ending before the change is made: whoever revokes it waits for that.
    pub(crate) async fn hold(&self, on: &impl ConnectionTrait, now_ms: i64) -> Result<(), TenancyError> {
        let is_valid = store::hold(on, self.key, now_ms).await?;
        is_valid.then_some(()).ok_or(TenancyError::KeyEnded)
    }

    /// Who that is, for the events.
    pub(crate) fn actor(&self) -> Actor {
        Actor::ApiKey(self.key, Arc::clone(&self.name))
    }
}

impl Tenants {
    /// The same for the holder of a key. A change is refused if the key has ended when it begins, with
    /// [`TenancyError::KeyEnded`]; with `tenant`, there is no other tenant, also none of the same name.
    #[must_use]
    pub fn on_behalf_of(&self, key: &ApiKey, tenant: Option<TenantId>) -> Self {
        Self { behalf: Some(Behalf { key: key.id, name: key.name.as_str().into(), tenant }), ..self.clone() }
    }
}
