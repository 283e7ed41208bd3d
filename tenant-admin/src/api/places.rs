//! How many requests are under way at once: of one key, and of all. No key can take the places of the others, and none but
//! those of operators take the last ones.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tenancy::{ApiKeyId, Role};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::{Problem, Sort};

/// So many commands are done at once for whoever has a key.
const PLACES: usize = 48;
/// And so many more for operators.
const PLACES_OF_OPERATORS: usize = 16;
/// So many requests of one key are under way at once, from their head to the end of what they have done.
const SHARE: usize = 16;

/// The part that a request has of its key's share. It is let go when its last copy goes.
#[derive(Clone)]
pub(super) struct Share(#[expect(dead_code, reason = "it counts as long as it is held")] Arc<OwnedSemaphorePermit>);

/// What is left, for each key and in all.
#[derive(Debug)]
pub(super) struct Places {
    of_all: Arc<Semaphore>,
    of_operators: Arc<Semaphore>,
    shares: Mutex<HashMap<ApiKeyId, Arc<Semaphore>>>,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            of_all: Arc::new(Semaphore::new(PLACES)),
            of_operators: Arc::new(Semaphore::new(PLACES_OF_OPERATORS)),
            shares: Mutex::default(),
        }
    }
}

impl Places {
    /// A part of the share of a key, before the body is read.
    pub(super) fn share(&self, key: ApiKeyId) -> Result<Share, Problem> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        // There are as many as keys have requests under way.
        shares.retain(|_, left| left.available_permits() < SHARE);
        let left = shares.entry(key).or_insert_with(|| Arc::new(Semaphore::new(SHARE)));
        let taken = Arc::clone(left).try_acquire_owned();
        let full = |_| full(&format!("{SHARE} requests with this API key are under way; wait for one of them"));
        taken.map(|permit| Share(Arc::new(permit))).map_err(full)
    }

    /// A place among all commands, when the body was read.
    pub(super) fn take(&self, role: Role) -> Result<OwnedSemaphorePermit, Problem> {
        let taken = Arc::clone(&self.of_all).try_acquire_owned();
        let taken = match role {
            Role::Operator => taken.or_else(|_| Arc::clone(&self.of_operators).try_acquire_owned()),
            Role::TenantAdmin | Role::Auditor => taken,
        };
        taken.map_err(|_| full("too many requests run at once; try again"))
    }
}

fn full(detail: &str) -> Problem {
    Problem::new(Sort::Unavailable, detail).retry_after(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32) -> ApiKeyId {
        format!("00000000-0000-0000-0000-{number:012}").parse().unwrap()
    }

    #[test]
    fn one_key_takes_its_share_and_no_more() {
        let places = Places::default();
        let mut held: Vec<Share> = (0..SHARE).map(|_| places.share(key(1)).ok().unwrap()).collect();
        assert!(places.share(key(1)).is_err());
        assert!(places.share(key(2)).is_ok());
        let copy = held[0].clone();
        held.remove(0);
        assert!(places.share(key(1)).is_err(), "what it began is not done");
        drop(copy);
        assert!(places.share(key(1)).is_ok());
        held.clear();
        drop(places.share(key(3)));
        drop(places.share(key(4)));
        assert_eq!(places.shares.lock().unwrap().len(), 1, "keys without requests are forgotten");
    }

    #[test]
    fn the_last_places_are_for_operators() {
        let places = Places::default();
        let _held: Vec<_> = (0..PLACES).map(|_| places.take(Role::TenantAdmin).unwrap()).collect();
        assert!(places.take(Role::TenantAdmin).is_err() && places.take(Role::Auditor).is_err());
        let operators: Vec<_> = (0..PLACES_OF_OPERATORS).map(|_| places.take(Role::Operator).unwrap()).collect();
        assert!(places.take(Role::Operator).is_err());
        drop(operators);
        assert!(places.take(Role::TenantAdmin).is_err() && places.take(Role::Operator).is_ok());
    }
}
