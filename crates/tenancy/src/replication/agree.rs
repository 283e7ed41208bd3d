//! Waiting until every replica knows of a change, or cannot trust the state before any more.

use std::sync::atomic::Ordering;
use std::time::Duration;

use replicas::protocol::{Agreement, Generation, Member, Moment, Outcome, Progress};
use replicas::{ReplicaId, clock};
use sea_orm::DbBackend;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::messages::{CHANNEL, Message};
use super::numbers::count;
use super::table;
use crate::TenancyError;
use crate::tenants::Inner;

/// How long the database may take to tell who is on the list; while it does not, messages are heard all the same.
const ANSWERING: Duration = Duration::from_secs(1);

/// How often the list of replicas is read again: what is heard through Redis is faster, and may be lost.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

impl Inner {
    /// Returns when no replica decides by an older generation any more. Nothing can fail here: the change is made.
    pub(crate) async fn agree(&self, generation: Generation) {
        if self.database.backend() == DbBackend::Sqlite {
            return;
        }
        let began = clock::now();
        let mut heard = self.replication.heard.subscribe();
        self.tell(Message::Changed(self.replication.id, generation));
        let mut agreement = Agreement::new(self.replication.id, generation, began);
        let outcome = loop {
            self.list(&mut agreement).await;
            match self.wait(&mut agreement, &mut heard).await {
                Some(outcome) => break outcome,
                None => continue,
            }
        };
        self.end(&outcome, generation, began).await;
    }

    async fn list(&self, agreement: &mut Agreement<ReplicaId>) {
        let late = |_| Err(TenancyError::Unsettled);
        match tokio::time::timeout(ANSWERING, table::members(&self.database)).await.unwrap_or_else(late) {
            Ok(members) => {
                let members: Vec<_> = members.into_iter().map(|(member, _)| member).collect();
                agreement.listed(&members, clock::now());
            }
            Err(error) => {
                tracing::warn!(error = %error, "a change is made; who has to learn of it cannot be read now, so it is waited for longer");
            }
        }
    }

    /// Waits for what is heard; nothing when it is time to read the list again.
    async fn wait(
        &self,
        agreement: &mut Agreement<ReplicaId>,
        heard: &mut Receiver<Message>,
    ) -> Option<Outcome<ReplicaId>> {
        let look = clock::now().plus(BETWEEN_LOOKS);
        loop {
            let now = clock::now();
            let end = match agreement.progress(now) {
                Progress::Reached(outcome) => return Some(outcome),
                Progress::Open(end) => end.min(look),
            };
            if now >= look {
                return None;
            }
            match tokio::time::timeout(end.since(now), heard.recv()).await {
                Ok(Ok(Message::Holds(id, generation))) => agreement.heard(id, generation),
                Ok(Ok(Message::Changed(..)) | Err(RecvError::Lagged(_))) | Err(_) => {}
                // The sender is a part of this value.
                Ok(Err(RecvError::Closed)) => return None,
            }
        }
    }

    async fn end(&self, outcome: &Outcome<ReplicaId>, generation: Generation, began: Moment) {
        let counters = &self.replication.counters;
        let waited = clock::now().since(began);
        let us = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
        counters.agreeing_us.fetch_add(us, Ordering::Relaxed);
        let duration_ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
        match outcome {
            Outcome::Acknowledged => {
                count(&counters.acknowledged);
                tracing::debug!(generation, duration_ms, "every replica knows of the change");
            }
            Outcome::Waited(silent) => {
                count(&counters.waited);
                tracing::warn!(
                    generation,
                    duration_ms,
                    replicas = silent.len(),
                    "replicas did not acknowledge a change; it was waited until they trust nothing any more"
                );
                let removed = tokio::time::timeout(ANSWERING, self.remove(silent)).await;
                if removed.is_err() {
                    tracing::debug!("silent replicas stay on the list; the database does not answer");
                }
            }
        }
    }

    /// Whoever is left on the list costs the next change the same time, nothing else.
    async fn remove(&self, silent: &[Member<ReplicaId>]) {
        for member in silent {
            if let Err(error) = table::remove(&self.database, member).await {
                tracing::debug!(error = %error, "a silent replica stays on the list");
            }
        }
    }

    /// Sends a message, if it can be sent. Nobody waits for that.
    pub(super) fn tell(&self, message: Message) {
        let Some(redis) = self.replication.redis.clone() else { return };
        let counters = std::sync::Arc::clone(&self.replication.counters);
        let sealed = self.replication.seal.load().close(message);
        tokio::spawn(async move {
            if let Err(error) = redis.publish(CHANNEL, &sealed).await {
                count(&counters.messages_lost);
                tracing::debug!(error = %error, "a message to the other replicas is lost");
            }
        });
    }

    /// Tells that this replica holds a generation: through Redis because that is fast, and in the list because that
    /// is certain.
    pub(super) async fn acknowledge(&self, generation: Generation) {
        let Some(registration) = &self.replication.registration else { return };
        self.tell(Message::Holds(registration.id, generation));
        match table::acknowledge(&self.database, registration.id, generation).await {
            Ok(()) => drop(self.replication.acknowledged.fetch_max(generation, Ordering::Relaxed)),
            Err(error) => {
                tracing::debug!(error = %error, "an acknowledgement could not be written; the next registration tells it");
            }
        }
    }
}
