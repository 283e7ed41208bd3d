//! Who may ask the database at once about tenants. Leases are renewed on the same few connections, and must not end because
//! all of them are busy with long lists, or with keys that somebody tries out.

use tokio::sync::{Semaphore, SemaphorePermit};

/// One list at a time.
const LISTS: usize = 1;
/// So many keys are looked for at a time.
const LOOKUPS: usize = 2;

/// The connections that a pool needs: for renewing the lease, for a change, which are one at a time, and for the rest.
pub const CONNECTIONS: u32 = 5;

/// What is left.
#[derive(Debug)]
pub(crate) struct Turns {
    lists: Semaphore,
    lookups: Semaphore,
}

impl Default for Turns {
    fn default() -> Self {
        Self { lists: Semaphore::new(LISTS), lookups: Semaphore::new(LOOKUPS) }
    }
}

impl Turns {
    /// For a list that may be long.
    pub(crate) async fn list(&self) -> Option<SemaphorePermit<'_>> {
        // Nobody closes it.
        self.lists.acquire().await.ok()
    }

    /// For a key.
    pub(crate) async fn lookup(&self) -> Option<SemaphorePermit<'_>> {
        self.lookups.acquire().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lists_and_lookups_leave_two_connections_to_leases_and_changes() {
        let turns = Turns::default();
        let list = turns.list().await;
        let lookups = [turns.lookup().await, turns.lookup().await];
        assert_eq!(1 + lookups.len() + 2, CONNECTIONS as usize);
        assert_eq!((turns.lists.available_permits(), turns.lookups.available_permits()), (0, 0));
        drop((list, lookups));
        assert_eq!((turns.lists.available_permits(), turns.lookups.available_permits()), (LISTS, LOOKUPS));
    }
}
