//! Asking the database whether what is known is the newest, and reading what is not.

use std::sync::Arc;
use std::time::Duration;

use database::Fault;
use replicas::clock;
use replicas::protocol::{Fill, Generation, Moment};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};

use super::numbers::count;
use super::table::Registration;
use super::{Attempts, table};
use crate::snapshot::Snapshot;
use crate::tenants::Inner;
use crate::{TenancyError, address_limits, profiles, store};

/// How long the database may take to say what the newest generation is.
const ANSWERING: Duration = Duration::from_secs(2);

/// How long it may take to read what has changed, which may be everything.
const READING: Duration = Duration::from_secs(10);

/// How long a request may wait: for a question that was under way, and its own.
const WAITING: Duration = Duration::from_secs(4);

/// From so many changed tenants on everything is read anew.
const MANY: usize = 32;

/// How often a transaction is begun when the connection turns out to be dead.
const CONNECTIONS: usize = 10;

impl Inner {
    /// Comes back when what is known was the newest at some moment after this was called. Requests that wait share a
    /// question.
    pub(crate) async fn settle(&self) -> Result<(), TenancyError> {
        tokio::time::timeout(WAITING, self.share_question()).await.unwrap_or(Err(TenancyError::Unsettled))
    }

    async fn share_question(&self) -> Result<(), TenancyError> {
        let arrival = clock::now();
        let mut attempts = self.replication.attempts.lock().await;
        if self.known.is_trusted() || attempts.succeeded >= arrival {
            return Ok(());
        }
        if attempts.failed >= arrival || self.replication.has_left() {
            return Err(TenancyError::Unsettled);
        }
        self.attempt(&mut attempts).await
    }

    /// Asks in any case.
    pub(crate) async fn renew(&self) -> Result<(), TenancyError> {
        let mut attempts = self.replication.attempts.lock().await;
        self.attempt(&mut attempts).await
    }

    async fn attempt(&self, attempts: &mut Attempts) -> Result<(), TenancyError> {
        // Before anything is asked: what comes back may have been out of date the moment after it was read.
        let began = clock::now();
        let asked = self.ask(began).await;
        let counters = &self.replication.counters;
        match &asked {
            Ok(()) => {
                attempts.succeeded = began;
                count(&counters.renewals);
                if std::mem::take(&mut attempts.is_failing) {
                    tracing::info!("the database answers again; what is known of the tenants is the newest");
                }
            }
            Err(error) => {
                attempts.failed = began;
                count(&counters.renewals_failed);
                if !std::mem::replace(&mut attempts.is_failing, true) {
                    if matches!(error, TenancyError::KeyMissing) {
                        tracing::error!(error = %error, "until it has that key, this server answers 503");
                    } else {
                        tracing::warn!(error = %error, "the database does not tell whether what is known of the tenants is the newest; \
                            from the end of the lease on, requests are answered 503 until it does");
                    }
                }
            }
        }
        asked
    }

    async fn ask(&self, began: Moment) -> Result<(), TenancyError> {
        let late = |_| TenancyError::Unsettled;
        let newest = tokio::time::timeout(ANSWERING, self.question()).await.map_err(late)??;
        match self.known.generation() {
            Some(held) if held == newest && self.known.confirm(Fill { began, generation: newest }) => Ok(()),
            held => {
                if held.is_some_and(|held| newest < held) && !self.is_overtaken().await? {
                    self.forget();
                }
                tokio::time::timeout(READING, self.read_and_keep(began)).await.map_err(late)?
            }
        }
    }

    /// The newest generation. First on the list, then the question: whoever changes something after it was answered
    /// reads the list after that, and waits for this replica.
    async fn question(&self) -> Result<Generation, TenancyError> {
        let Some(registration) = self.replication.registration() else { return self.newest().await };
        if !self.known.is_trusted() {
            // Whoever was away may not be on the list any more, and must not be on it without the key that signs by now: the
            // others would go back to one of before.
            self.check_key().await?;
        }
        let held = self.known.generation().unwrap_or_default();
        self.database.query(self.registering(registration, held)).await?;
        let newest = self.newest().await;
        if let Err(TenancyError::KeyMissing) = newest {
            table::leave(&self.database, registration.id).await?;
        }
        newest
    }

    /// Says that this replica is there, and what it is like.
    pub(super) fn registering(&self, registration: &Registration, held: Generation) -> sea_orm::Statement {
        let about = (&*self.key_ids(), self.replication.living.goes_by_share());
        table::registering(self.database.backend(), registration, about, held)
    }

    /// The newest generation. What time it is and which key signs come with it.
    pub(super) async fn newest(&self) -> Result<Generation, TenancyError> {
        let asked = clock::now();
        let newest = table::newest(self.database.reader()).await?;
        // Who is alone goes by the clock of its machine, and is not asked again.
        if let Some(database_ms) = newest.time_ms.filter(|_| self.replication.redis.is_some()) {
            self.time.compare(asked, database_ms);
        }
        self.knows_key(newest.signing_key.as_deref()).await?;
        Ok(newest.generation)
    }

    /// Whether what is known was changed here, after the database was asked, and is the newest after all.
    async fn is_overtaken(&self) -> Result<bool, TenancyError> {
        let held = self.known.generation();
        let newest = tokio::time::timeout(ANSWERING, table::generation(self.database.reader())).await;
        let newest = newest.map_err(|_| TenancyError::Unsettled)??;
        Ok(held.is_none_or(|held| held <= newest))
    }

    /// A database that has fewer changes than are known was set back, to a backup or by losing what it had promised:
    /// nothing that is known counts.
    pub(crate) fn forget(&self) {
        tracing::warn!("the database was set back: everything about tenants is read again");
        self.known.forget();
    }

    async fn read_and_keep(&self, began: Moment) -> Result<(), TenancyError> {
        let transaction = self.begin_reading().await?;
        let (generation, snapshot) = self.read(&transaction).await?;
        transaction.commit().await?;
        self.known.fill(Fill { began, generation }, snapshot);
        self.acknowledge(generation).await;
        Ok(())
    }

    /// The newest state, seen from this transaction.
    pub(crate) async fn read(&self, on: &DatabaseTransaction) -> Result<(Generation, Snapshot), TenancyError> {
        let newest = table::generation(on).await?;
        Ok((newest, self.read_up_to(on, newest).await?))
    }

    /// What is known, with everything that has changed up to a generation.
    pub(crate) async fn read_up_to(
        &self,
        on: &impl ConnectionTrait,
        newest: Generation,
    ) -> Result<Snapshot, TenancyError> {
        let now_ms = self.time.now_ms();
        // In this order: the snapshot may be newer than the number, never older.
        let held = self.known.generation();
        let snapshot = self.known.snapshot();
        let changed = match held {
            Some(held) => table::changed(on, held, newest).await?,
            None => None,
        };
        let Some(changed) = changed.filter(|changed| changed.len() < MANY) else {
            return self.read_all(on, &snapshot, now_ms).await;
        };
        let mut next = Snapshot::clone(&snapshot);
        for id in changed {
            next = if id != table::OF_ALL {
                let profiles = Arc::clone(next.profiles());
                next.updated(id, store::find_entry(on, &profiles, id, now_ms).await?)
            } else if Arc::ptr_eq(&profiles::store::read(on, next.profiles()).await?, next.profiles()) {
                next.limiting(address_limits::store::read(on).await?)
            } else {
                // Every tenant may have another profile.
                return self.read_all(on, &snapshot, now_ms).await;
            };
        }
        Ok(next)
    }

    async fn read_all(
        &self,
        on: &impl ConnectionTrait,
        known: &Snapshot,
        now_ms: i64,
    ) -> Result<Snapshot, TenancyError> {
        let limits = address_limits::store::read(on).await?;
        let profiles = profiles::store::read(on, known.profiles()).await?;
        Ok(known.replaced(store::entries(on, &profiles, now_ms).await?, limits, profiles))
    }

    async fn begin_reading(&self) -> Result<DatabaseTransaction, DbErr> {
        for _ in 0..CONNECTIONS {
            match self.database.begin_reading().await {
                Err(error) if Fault::of(&error) == Fault::Broken => {}
                begun => return begun,
            }
        }
        self.database.begin_reading().await
    }
}
