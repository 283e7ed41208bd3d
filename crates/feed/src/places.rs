//! How many requests are under way at once: lookups of tokens, and readers of one store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use delivery::StoreId;
use tokio::sync::Semaphore;

use crate::problem::Problem;

/// So many tokens are looked up at once: whoever has none costs the database no more.
const LOOKUPS: usize = 8;
/// So many requests of one store are under way at once.
const READERS: u32 = 16;

/// What is left.
#[derive(Debug)]
pub(crate) struct Places {
    pub(crate) lookups: Semaphore,
    readers: Arc<Mutex<HashMap<StoreId, u32>>>,
}

impl Default for Places {
    fn default() -> Self {
        Self { lookups: Semaphore::new(LOOKUPS), readers: Arc::default() }
    }
}

/// The place of one request; it is free again when this goes.
#[derive(Debug)]
pub(crate) struct Place {
    store: StoreId,
    readers: Arc<Mutex<HashMap<StoreId, u32>>>,
}

impl Places {
    /// Takes a place of the store.
    pub(crate) fn take(&self, store: StoreId) -> Result<Place, Problem> {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let count = readers.entry(store).or_default();
        if *count >= READERS {
            return Err(Problem::too_many(READERS));
        }
        *count += 1;
        Ok(Place { store, readers: Arc::clone(&self.readers) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = readers.get_mut(&self.store) {
            *count -= 1;
            if *count == 0 {
                readers.remove(&self.store);
            }
        }
    }
}
