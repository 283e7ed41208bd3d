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
/// And so many questions of its application: none waits for events.
const QUESTIONS: u32 = 64;

/// What is left.
#[derive(Debug)]
pub(crate) struct Places {
    pub(crate) lookups: Semaphore,
    readers: Taken,
    questions: Taken,
}

/// How many places of each store are taken.
type Taken = Arc<Mutex<HashMap<StoreId, u32>>>;

impl Default for Places {
    fn default() -> Self {
        Self { lookups: Semaphore::new(LOOKUPS), readers: Arc::default(), questions: Arc::default() }
    }
}

/// The place of one request; it is free again when this goes.
#[derive(Debug)]
pub(crate) struct Place {
    store: StoreId,
    taken: Taken,
}

impl Places {
    /// Takes a place of the store.
    pub(crate) fn take(&self, store: StoreId) -> Result<Place, Problem> {
        take(&self.readers, store, READERS)
    }

    /// Takes a place for something that is answered at once.
    pub(crate) fn take_for_question(&self, store: StoreId) -> Result<Place, Problem> {
        take(&self.questions, store, QUESTIONS)
    }
}

fn take(taken: &Taken, store: StoreId, most: u32) -> Result<Place, Problem> {
    let mut places = taken.lock().unwrap_or_else(PoisonError::into_inner);
    let count = places.entry(store).or_default();
    if *count >= most {
        return Err(Problem::too_many(most));
    }
    *count += 1;
    Ok(Place { store, taken: Arc::clone(taken) })
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = places.get_mut(&self.store) {
            *count -= 1;
            if *count == 0 {
                places.remove(&self.store);
            }
        }
    }
}
