//! Reading and changing the limits of network addresses.

use serde_json::{Map, Value};

use super::{SetAddressLimits, store};
use crate::{TenancyError, Tenants};

impl Tenants {
    /// What was set at run time, as far as this process knows. Needs no database and no lease: a request is counted by its
    /// address before anything else.
    #[must_use]
    pub fn address_limits(&self) -> SetAddressLimits {
        self.inner.known.snapshot().address_limits()
    }

    /// Sets some limits by name, all or none; `null` brings back what the settings have. When this returns, every process
    /// of the deployment goes by them.
    ///
    /// # Errors
    /// [`TenancyError::Invalid`] names what is wrong; or the database's.
    pub async fn change_address_limits(&self, changes: &Map<String, Value>) -> Result<SetAddressLimits, TenancyError> {
        let change = self.begin().await?;
        let before = self.address_limits();
        let after = before.changed(changes)?;
        store::write(&*change, before, after).await?;
        self.inner.publish_address_limits(change, after).await?;
        Ok(after)
    }
}
