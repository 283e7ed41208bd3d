//! Comparing stores with the directory.

use std::sync::Arc;

use tenancy::Administered;

use super::Stores;
use crate::DeliveryError;
use crate::drift::{DriftReport, Job, check, incomparable};
use crate::store::is_comparable;

impl Stores {
    /// Begins to compare a store with the directory, and brings into line what differs if `repair` says so; otherwise nothing is
    /// changed. It goes on in this process; [`Self::comparison`] tells how far it is. Meanwhile the store is fed nothing.
    ///
    /// # Errors
    /// [`DeliveryError::NoStore`], [`DeliveryError::Invalid`] if stores of its kind cannot be compared,
    /// [`DeliveryError::Conflict`] while it is compared already, waits for a snapshot, or is to be repaired while events are held, or the database's.
    pub async fn compare(&self, tenant: &Administered, name: &str, repair: bool) -> Result<DriftReport, DeliveryError> {
        let record = self.find(tenant, name).await?;
        if !is_comparable(&record.kind) {
            return Err(incomparable());
        }
        check(&record, repair)?;
        let (environment, at) = (Arc::clone(&self.environment), record.at());
        let (running, nudge) = (Arc::clone(&self.running), Arc::clone(&self.nudge));
        let directory = environment.directories.administered(tenant);
        let tenant = Arc::clone(tenant.tenant());
        self.comparisons.begin(Job { environment, running, nudge, tenant, directory, record, repair })?;
        Ok(self.comparisons.report(at).unwrap_or_default())
    }

    /// How far the last comparison of a store in this process is, and once it is done, what it found.
    ///
    /// # Errors
    /// [`DeliveryError::NoStore`], [`DeliveryError::Invalid`] if there was none, or the database's.
    pub async fn comparison(&self, tenant: &Administered, name: &str) -> Result<DriftReport, DeliveryError> {
        let record = self.find(tenant, name).await?;
        let none =
            || DeliveryError::Invalid("the store was not compared lately; begin with: tenantry store drift".to_owned());
        self.comparisons.report(record.at()).ok_or_else(none)
    }
}
