//! How all stores do, for metrics.

use super::Stores;
use crate::{DeliveryError, table};

/// How one store does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreNumbers {
    /// The name of its tenant.
    pub tenant: String,
    /// Its name.
    pub store: String,
    /// `active`, `failing`, `held`, `degraded`, `paused` or `disabled`.
    pub state: &'static str,
    /// How many events it has not got.
    pub lag: i64,
    /// How many of its events are parked.
    pub dead_letters: i64,
    /// How many events it has taken from this process.
    pub taken: u64,
    /// How often it took something not.
    pub failed: u64,
}

impl Stores {
    /// The numbers of all stores: first those that are not as they should be, then those that wait for most.
    ///
    /// # Errors
    /// The database's.
    pub async fn numbers(&self) -> Result<Vec<StoreNumbers>, DeliveryError> {
        let mut numbers = table::numbers(&self.environment.database, |at| self.running.counted(at)).await?;
        numbers.sort_by_key(|store| (store.state == "active", std::cmp::Reverse(store.lag)));
        Ok(numbers)
    }
}
