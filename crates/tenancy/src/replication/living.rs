//! Counting the replicas that live: what all may do together is divided by their number.

use std::sync::Weak;
use std::time::Duration;

use replicas::{Living, clock};
use tokio::time::MissedTickBehavior;

use super::table;
use crate::tenants::Inner;
use crate::{TenancyError, Tenants};

/// How long the database may take to tell who is on the list.
const ANSWERING: Duration = Duration::from_secs(2);

impl Tenants {
    /// How many replicas serve this deployment, this one included; the number is kept up to date. One where there are no
    /// others. While the database does not answer, it is the number from before.
    #[must_use]
    pub fn living(&self) -> Living {
        self.inner.replication.living.clone()
    }
}

impl Inner {
    /// Reads the list, and notes how many live.
    pub(crate) async fn count_living(&self) -> Result<(), TenancyError> {
        if self.replication.registration.is_none() {
            return Ok(());
        }
        let mut roll = self.replication.roll.lock().await;
        let listed = tokio::time::timeout(ANSWERING, table::members_and_shares(&self.database)).await;
        let listed = listed.map_err(|_| TenancyError::Unsettled)??;
        let members: Vec<_> = listed.iter().map(|(member, _)| *member).collect();
        let living = roll.read(&members, clock::now());
        let by_share = listed.iter().filter(|(member, by_share)| *by_share && roll.lives(member.id)).count();
        self.replication.living.set(living, u32::try_from(by_share).unwrap_or(u32::MAX));
        Ok(())
    }
}

/// Counts again and again.
pub(super) async fn count(inner: Weak<Inner>, every: Duration) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(inner) = inner.upgrade().filter(|inner| !inner.replication.has_left()) else { return };
        if let Err(error) = inner.count_living().await {
            // That the database is away is told where the lease is renewed.
            tracing::debug!(error = %error, "the replicas cannot be counted now; their number from before counts");
        }
    }
}
