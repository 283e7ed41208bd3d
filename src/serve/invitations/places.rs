//! How much is sent at once: in all, and for one tenant, so that nobody waits for the mails of another.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use uuid::Uuid;

/// So many are sent at once.
const AT_ONCE: usize = 10;
/// So many of one tenant.
const OF_A_TENANT: usize = 2;

/// The places.
#[derive(Default)]
pub(super) struct Places {
    /// Tenants by their number, and whose mails of theirs are being sent.
    taken: Mutex<HashMap<i64, HashSet<Uuid>>>,
    freed: Notify,
}

/// A place, until it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    tenant: i64,
    user: Uuid,
}

impl Places {
    /// A place for the mail to a user, if there is one and the user has none.
    pub(super) fn take(self: &Arc<Self>, tenant: i64, user: Uuid) -> Option<Place> {
        let mut taken = self.taken();
        let all: usize = taken.values().map(HashSet::len).sum();
        let of_tenant = taken.entry(tenant).or_default();
        let is_free = all < AT_ONCE && of_tenant.len() < OF_A_TENANT && of_tenant.insert(user);
        is_free.then(|| Place { places: Arc::clone(self), tenant, user })
    }

    /// Comes back when a place was freed.
    pub(super) async fn freed(&self) {
        self.freed.notified().await;
    }

    /// Comes back when all places are free.
    pub(super) async fn empty(&self) {
        while self.taken().values().any(|of_tenant| !of_tenant.is_empty()) {
            self.freed().await;
        }
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<i64, HashSet<Uuid>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(of_tenant) = taken.get_mut(&self.tenant) {
            of_tenant.remove(&self.user);
        }
        taken.retain(|_, of_tenant| !of_tenant.is_empty());
        drop(taken);
        self.places.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn k07_a_tenant_whose_mails_take_long_holds_up_no_other() {
        let places: Arc<Places> = Arc::default();
        let users: Vec<Uuid> = (0..20).map(Uuid::from_u128).collect();
        let slow: Vec<Place> = users.iter().filter_map(|user| places.take(1, *user)).collect();
        assert_eq!(slow.len(), OF_A_TENANT);
        assert!(places.take(1, users[5]).is_none() && places.take(2, users[0]).is_some());
        let others: Vec<Place> = (2..20).filter_map(|tenant| places.take(tenant, users[0])).collect();
        assert_eq!(others.len(), AT_ONCE - OF_A_TENANT, "so many in all");
        drop(slow);
        places.freed().await;
        assert!(places.take(1, users[5]).is_some());
        drop(others);
        places.empty().await;
    }
}
