//! A pool of one thread, which is given up as a whole when no answer comes from it.
//!
//! To look after every connection that was used, as the shared pools do, would cost each statement a round trip.

use std::sync::{Arc, PoisonError, RwLock};

use sea_orm::{DatabaseConnection, DbErr};

use crate::open::{Sort, lazy};
use crate::silence::Silence;

/// The pool, and what is needed to make another.
#[derive(Debug)]
pub(crate) struct Replaced {
    pool: RwLock<Arc<DatabaseConnection>>,
    url: String,
    connections: u32,
    silence: Silence,
}

impl Replaced {
    /// Opens no connection yet.
    pub(crate) async fn new(url: &str, connections: u32, silence: &Silence) -> Result<Self, DbErr> {
        let pool = lazy(url, connections, Sort::Reading, silence).await?;
        let pool = RwLock::new(Arc::new(pool));
        Ok(Self { pool, url: url.to_owned(), connections, silence: silence.clone() })
    }

    /// The pool of now.
    pub(crate) fn pool(&self) -> Arc<DatabaseConnection> {
        Arc::clone(&self.pool.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces this pool, unless that was done already. What is under way in it comes to its own end.
    pub(crate) async fn replace(&self, given_up: &Arc<DatabaseConnection>) {
        let Ok(fresh) = lazy(&self.url, self.connections, Sort::Reading, &self.silence).await else { return };
        let mut pool = self.pool.write().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&pool, given_up) {
            *pool = Arc::new(fresh);
        }
    }
}
