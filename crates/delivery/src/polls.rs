//! Polling for security event tokens (RFC 8936): what a receiver has acknowledged, and what it gets next.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Map;
use tokio::time::Instant;
use uuid::Uuid;

use crate::store::sets::{Pen, Stream, is_told};
use crate::{DeliveryError, MOST, Reader, Stores, table};

/// How long a receiver waits that does not want to be answered at once: shorter than clients and proxies usually do.
const PATIENCE: Duration = Duration::from_secs(25);
/// How long one looks for what the options let through.
const SEARCH: Duration = Duration::from_secs(5);
/// How far behind the newest event that it acknowledged the oldest may be that it did not. Further it gets nothing new.
const WINDOW: i64 = MOST as i64;
/// How many events are read at once, and of how many bytes.
const BATCH: u32 = 200;
const BYTES: u32 = 1 << 20;
/// The longest reason of a refusal that is kept, in characters.
const LONGEST: usize = 300;

/// What a receiver asks for and tells.
#[derive(Clone, Debug, Default)]
pub struct Poll {
    /// At most so many tokens. None: it only tells.
    pub most: u32,
    /// Whether to answer at once also if there is nothing.
    pub is_immediate: bool,
    /// The ids (`jti`) of tokens that it has for good.
    pub accepted: Vec<String>,
    /// The ids of tokens that it does not take, and why.
    pub refused: Vec<(String, String)>,
}

/// What it gets.
#[derive(Debug)]
pub struct Polled {
    /// The tokens by their ids, in the order of the events.
    pub sets: Map<String, serde_json::Value>,
    /// Whether there are more.
    pub has_more: bool,
}

/// How far one has come in the log.
struct Round {
    polled: Polled,
    /// Everything up to here is done.
    position: i64,
    /// The last event that was looked at.
    seen: i64,
}

impl Stores {
    /// Notes what a receiver has, and gives it what it has not acknowledged; waits if there is nothing.
    ///
    /// # Errors
    /// [`DeliveryError::Conflict`] if the store is paused or its tenant switched off, [`DeliveryError::Pruned`] if what comes next
    /// is gone, or the database's.
    pub async fn poll(&self, reader: &Reader, poll: &Poll) -> Result<Polled, DeliveryError> {
        reader.check()?;
        let (environment, store) = (self.environment(), reader.store());
        if self.hear(reader, poll).await? {
            return Ok(Polled { sets: Map::new(), has_more: true });
        }
        if let Some(oldest) = environment.events.oldest(reader.tenant()).await?
            && store.position + 1 < oldest
        {
            return Err(DeliveryError::Pruned { oldest });
        }
        let stream = Stream::of(&store.settings).map_err(DeliveryError::Invalid)?;
        let administered = environment.tenants.administer(reader.tenant().name());
        let administered = administered.map_err(|_| DeliveryError::NoStore { name: store.name.clone() })?;
        let received = table::receipts(&environment.database, store.at(), store.position).await?;
        let deadline = Instant::now() + PATIENCE;
        let mut position = store.position;
        let polled = loop {
            let round = self.gather(reader, &stream, (position, &received), poll.most).await?;
            position = round.position;
            let is_done = poll.is_immediate || poll.most == 0 || Instant::now() >= deadline;
            if is_done || round.polled.has_more || !round.polled.sets.is_empty() {
                break round.polled;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            environment.events.wait(&administered, round.seen, 1, left).await?;
        };
        // While it waited, its operator may have had it go back.
        if position > store.position
            && table::come_on(&environment.database, store.at(), (store.position, position)).await?
        {
            table::forget_receipts(&environment.database, store.at(), position).await?;
        }
        Ok(polled)
    }

    /// Notes what a receiver has and what it refuses. What it never got is passed over. True if the store is paused by that.
    async fn hear(&self, reader: &Reader, poll: &Poll) -> Result<bool, DeliveryError> {
        if poll.accepted.is_empty() && poll.refused.is_empty() {
            return Ok(false);
        }
        let (environment, store) = (self.environment(), reader.store());
        let (database, of) = (&environment.database, (&**reader.tenant(), store));
        let window = table::window(database, store.at(), store.position, WINDOW).await?;
        let find = |text: &str| {
            let id = Uuid::try_parse(text).ok()?;
            window.iter().find(|(_, known)| *known == id).map(|(sequence, _)| *sequence)
        };
        let accepted: Vec<i64> = poll.accepted.iter().filter_map(|id| find(id)).collect();
        if !accepted.is_empty() {
            table::accept(database, of, &accepted).await?;
            self.running().count(store.at(), accepted.len(), false);
        }
        let shortened = |why: &str| why.chars().take(LONGEST).collect();
        let refused = poll.refused.iter().filter_map(|(id, why)| Some((find(id)?, shortened(why))));
        let refused: Vec<(i64, String)> = refused.collect();
        if !refused.is_empty() {
            table::refuse(database, of, &refused).await?;
            self.running().count(store.at(), 0, true);
            let (tenant, name) = (reader.tenant().name(), &store.name);
            let error = refused.first().map(|(_, why)| why.as_str());
            tracing::warn!(tenant.id = tenant, store.name = name, error, "a receiver refuses security event tokens");
        }
        if store.is_degraded || !refused.is_empty() {
            environment.tenants.wake_tellers();
        }
        Ok(!refused.is_empty() && store.options.exhausted == crate::Exhausted::Pause)
    }

    /// What a receiver has not acknowledged after a position.
    async fn gather(
        &self,
        reader: &Reader,
        stream: &Stream,
        (mut position, received): (i64, &BTreeSet<i64>),
        most: u32,
    ) -> Result<Round, DeliveryError> {
        let (environment, store, began) = (self.environment(), reader.store(), Instant::now());
        let keys = environment.tenants.signing_keys();
        let pen = Pen::new(stream, &keys, reader.tenant().name()).map_err(DeliveryError::Invalid)?;
        let (mut sets, mut size, mut seen, mut has_more) = (Map::new(), 0, position, false);
        'log: loop {
            let batch = environment.events.batch(reader.tenant(), seen, BATCH, BYTES).await?;
            if batch.is_empty() {
                break;
            }
            for event in batch {
                let sequence = event.sequence;
                let is_done =
                    received.contains(&sequence) || !store.options.lets_through(&event) || !is_told(&event, stream);
                let is_full = sets.len() >= most as usize || size >= BYTES as usize || sequence > position + WINDOW;
                if !is_done && is_full || sequence > position + WINDOW {
                    has_more = true;
                    break 'log;
                }
                if is_done && sets.is_empty() {
                    position = sequence;
                } else if !is_done && let Some(signed) = pen.write(&event).map_err(DeliveryError::Invalid)? {
                    size += signed.token.len();
                    sets.insert(signed.id.to_string(), signed.token.into());
                }
                seen = sequence;
            }
            if began.elapsed() >= SEARCH {
                has_more = true;
                break;
            }
        }
        Ok(Round { polled: Polled { sets, has_more }, position, seen })
    }

    /// The public keys that verify what the streams of a tenant get, whether there is such a tenant or not.
    ///
    /// # Errors
    /// If the system's cryptography fails.
    pub fn public_keys(&self, tenant: &str) -> Result<serde_json::Value, tenancy::Unsigned> {
        self.environment().tenants.signing_keys().public_keys(&tenant.to_ascii_lowercase())
    }
}
