//! The task of a replica: renews its lease, and hears of changes.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use replicas::{Heard, Living, Messages, Redis};
use tokio::time::MissedTickBehavior;

use super::Participation;
use super::bounded::in_time;
use super::keys::News;
use super::living;
use super::messages::{CHANNEL, Message};
use super::table;
use crate::tenants::Inner;
use crate::{TenancyError, Tenants};

/// How long saying goodbye may take.
const PARTING: Duration = Duration::from_secs(1);

/// How many times in the time of a lease it is renewed at least: three may fail.
const RENEWALS: u32 = 4;

/// How often at least, however long a lease is: without Redis, a changed limit is learned of by this.
const OFTEN: Duration = Duration::from_millis(500);

impl Tenants {
    /// Starts what keeps a process in step. It ends with the last of the `Tenants`.
    pub(crate) fn follow(&self, participation: &Participation) {
        let inner = Arc::downgrade(&self.inner);
        match participation {
            Participation::Alone => {}
            Participation::Replica { redis, lease } => {
                let every = (*lease / RENEWALS).min(OFTEN);
                tokio::spawn(renew(Weak::clone(&inner), self.living(), every));
                tokio::spawn(living::count(Weak::clone(&inner), every));
                let news = Arc::clone(&self.inner.replication.key_news);
                tokio::spawn(follow_keys(Weak::clone(&inner), news, every));
                tokio::spawn(hear(inner, listen(redis)));
            }
            Participation::Visitor { redis } => drop(tokio::spawn(hear(inner, listen(redis)))),
        }
    }

    /// Ends the part of this process: it trusts nothing any more, and nobody waits for it. To be called when the last
    /// request is answered.
    ///
    /// # Errors
    /// If the database does not answer. Then the next change waits for the lease of this process.
    pub async fn leave(&self) -> Result<(), TenancyError> {
        let Some(registration) = &self.inner.replication.registration else { return Ok(()) };
        self.inner.replication.has_left.store(true, std::sync::atomic::Ordering::Relaxed);
        // Not while a question is under way, which would register again.
        let _attempts = self.inner.replication.attempts.lock().await;
        self.inner.known.doubt();
        table::leave(&self.inner.database, registration.id).await
    }

    /// The same, within a second. Whoever cannot say goodbye is waited for by the next change.
    pub async fn leave_soon(&self) {
        match tokio::time::timeout(PARTING, self.leave()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::info!(error = %error, "the next change waits for the lease of this server"),
            Err(_) => {
                tracing::info!("the next change waits for the lease of this server; the database does not answer")
            }
        }
    }
}

fn listen(redis: &Redis) -> Messages {
    redis.listen(&[CHANNEL])
}

async fn renew(inner: Weak<Inner>, living: Living, every: Duration) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = living.changed() => {}
        }
        let Some(inner) = inner.upgrade().filter(|inner| !inner.replication.has_left()) else { return };
        // A failure is counted and told where it happens.
        let _ = inner.renew().await;
    }
}

async fn follow_keys(inner: Weak<Inner>, news: Arc<News>, every: Duration) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = news.one_is_missing() => {}
        }
        let Some(inner) = inner.upgrade().filter(|inner| !inner.replication.has_left()) else { return };
        if let Err(error) = in_time(Box::pin(inner.follow_keys())).await {
            tracing::debug!(error = %error, "which keys the other servers know is looked up later");
        }
    }
}

async fn hear(inner: Weak<Inner>, mut messages: Messages) {
    while let Some(heard) = messages.next().await {
        let Some(inner) = inner.upgrade().filter(|inner| !inner.replication.has_left()) else { return };
        match heard {
            Heard::Message { text, .. } => match inner.replication.seal.load().open(&text) {
                Some(Message::Changed(id, _)) if inner.replication.id == id => {}
                Some(Message::Changed(_, generation)) => inner.learn(generation).await,
                // Nobody may be waiting for it.
                Some(message) => drop(inner.replication.heard.send(message)),
                None => {}
            },
            // Changes may have been told meanwhile.
            Heard::Gap if inner.replication.registration.is_some() => drop(inner.renew().await),
            Heard::Gap => {}
        }
    }
}

impl Inner {
    /// Somebody says that there is a new generation.
    async fn learn(&self, generation: replicas::protocol::Generation) {
        if self.replication.registration.is_none() {
            return;
        }
        match self.known.generation() {
            // Written once: a message that is sent again and again must not keep the database busy.
            Some(held) if held >= generation && self.replication.acknowledged.load(Ordering::Relaxed) >= held => {
                self.tell(Message::Holds(self.replication.id, held));
            }
            Some(held) if held >= generation => self.acknowledge(held).await,
            // It acknowledges by itself.
            _ => drop(self.renew().await),
        }
    }
}
