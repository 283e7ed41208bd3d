//! Lines to PostgreSQL that have fallen silent: a firewall forgot them, or the machine at the other end vanished.
//!
//! The system tells of that after minutes, or never. So whoever waits for an answer does it for a bounded time, and
//! here a connection from which none came is closed and not used again, as well as those that were idle at that time:
//! they go the same way. New ones are made at once.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::{ConnAcquireErr, DbErr};
use sqlx::pool::PoolOptions;
use sqlx::{Connection as _, PgConnection, Postgres};

/// How long a connection that does nothing may take to show that it lives.
const LOOK: Duration = Duration::from_secs(2);

/// After so long without use a connection has to show that it lives.
const LONG: Duration = Duration::from_secs(30);

/// When no answer came the last time. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Silence(Arc<Mutex<Option<Instant>>>);

impl Silence {
    /// An answer did not come in time.
    pub(crate) fn note(&self) {
        *self.last() = Some(Instant::now());
    }

    /// Whether what has been idle for so long was so already when an answer did not come.
    fn covers(&self, idle: Duration) -> bool {
        self.last().is_some_and(|noted| noted.elapsed() < idle)
    }

    fn last(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Connections are looked at before they are used.
    pub(crate) fn look_before_use(self, pool: PoolOptions<Postgres>) -> PoolOptions<Postgres> {
        pool.before_acquire(move |connection, metadata| {
            let silence = self.clone();
            Box::pin(async move {
                if silence.covers(metadata.idle_for) {
                    return Ok(false);
                }
                if metadata.idle_for < LONG { Ok(true) } else { silence.look(connection).await }
            })
        })
    }

    /// Connections are looked at after they were used too: without that the pool would wait without end for one whose
    /// statement nobody waits for any more. It costs a round trip, during which nobody waits for an answer.
    pub(crate) fn look_after_use(self, pool: PoolOptions<Postgres>) -> PoolOptions<Postgres> {
        pool.after_release(move |connection, _| {
            let silence = self.clone();
            Box::pin(async move { silence.look(connection).await })
        })
    }

    /// With an error the pool closes the connection without a goodbye.
    async fn look(&self, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
        match tokio::time::timeout(LOOK, connection.ping()).await {
            Ok(answer) => answer.map(|()| true),
            Err(_) => {
                self.note();
                Err(io::Error::from(io::ErrorKind::TimedOut).into())
            }
        }
    }
}

/// What is told whoever waited in vain: as if no connection could be had, so that it is not tried again at once.
pub(crate) fn silent() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_idle_before_a_silence_is_given_up() {
        let silence = Silence::default();
        assert!(!silence.covers(Duration::from_secs(3600)));
        silence.note();
        assert!(silence.covers(Duration::from_secs(3600)));
        assert!(!silence.covers(Duration::ZERO));
    }
}
