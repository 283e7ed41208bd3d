//! What a store is to get besides what comes: a snapshot, a part of the log again, what was parked.

use tenancy::Administered;

use super::Stores;
use crate::record::DeadLetter;
use crate::snapshot::Wish;
use crate::store::sets::poll;
use crate::store::{find, is_fetched, pull};
use crate::{DeliveryError, State, StoreRecord, table};

/// A part of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where it begins.
    pub from: Beginning,
    /// The number of its last event; `None`: everything there is.
    pub to: Option<i64>,
}

/// Where a part of the log begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// At the event with this number.
    Sequence(i64),
    /// At the first event at or after this moment, in milliseconds since 1970 UTC.
    Time(i64),
}

/// What is brought again.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The store.
    pub store: StoreRecord,
    /// The numbers of the first and the last event; `None` if there are none.
    pub events: Option<(i64, i64)>,
}

impl Stores {
    /// Has a snapshot of the directory brought to a store, and then what comes. What it has of before is replaced.
    ///
    /// # Errors
    /// [`DeliveryError::NoStore`], [`DeliveryError::Conflict`] if snapshots are not for this store or events are held, or the
    /// database's.
    pub async fn rebuild(&self, tenant: &Administered, name: &str) -> Result<StoreRecord, DeliveryError> {
        let record = self.find(tenant, name).await?;
        check_fed(&record)?;
        if !record.options.takes_snapshots() {
            return Err(DeliveryError::Conflict(format!(
                "the setting types of the store \"{name}\" lets no snapshot through; add user.snapshot or group.snapshot"
            )));
        }
        if record.held > 0 {
            return Err(DeliveryError::Conflict(format!(
                "the breaker of the tenant holds events that a snapshot would tell the store \"{name}\"; first: tenantry breaker \
                 release or discard"
            )));
        }
        let assignments = "snapshot = $3, replay_to = NULL, replay_back = NULL, due_ms = 0, attempts = 0, \
                           failing_since_ms = NULL";
        self.change(tenant, name, assignments, [Wish::new(None).text().into()]).await
    }

    /// Has a part of the log brought to a store again, and then what it has not got. Until then what comes waits, so that it
    /// comes in order.
    ///
    /// # Errors
    /// [`DeliveryError::NoStore`], [`DeliveryError::Invalid`] if the part is not in the log,
    /// [`DeliveryError::Conflict`] if the store waits for a snapshot or takes no event twice, or the database's.
    pub async fn replay(&self, tenant: &Administered, name: &str, part: Part) -> Result<Replayed, DeliveryError> {
        let record = self.find(tenant, name).await?;
        if record.kind == pull::NAME {
            check_fed(&record)?;
        }
        if record.snapshot.is_some() {
            return Err(DeliveryError::Conflict(format!(
                "the store \"{name}\" gets a snapshot first, which has everything; see: tenantry store show"
            )));
        }
        if self.knows_its_position(tenant, &record).await? {
            return Err(DeliveryError::Conflict(format!(
                "the store \"{name}\" knows which events it has and takes none twice; to fill it anew: tenantry store rebuild"
            )));
        }
        let Some(from) = self.beginning(tenant, part.from).await? else {
            return Ok(Replayed { store: record, events: None });
        };
        if record.kind == poll::NAME {
            return self.give_again(tenant, &record, from).await;
        }
        let back = record.replay.map_or(record.position, |replay| replay.back.max(record.position));
        let to = part.to.unwrap_or(back).min(back);
        if from > to {
            return Ok(Replayed { store: record, events: None });
        }
        let assignments =
            "position = $3, replay_to = $4, replay_back = $5, due_ms = 0, attempts = 0, failing_since_ms = NULL";
        let condition = "version = $6 AND snapshot IS NULL";
        let values = [(from - 1).into(), to.into(), back.into(), record.version.into()];
        if !self.change_if(&record, (assignments, condition), values).await? {
            return Err(DeliveryError::Conflict(format!("the store \"{name}\" was changed meanwhile; try again")));
        }
        Ok(Replayed { store: self.find(tenant, name).await?, events: Some((from, to)) })
    }

    /// Lets a receiver that asks for tokens go on with this event. It acknowledges again what it had. It passes nothing over but
    /// what is no longer in the log.
    async fn give_again(
        &self,
        tenant: &Administered,
        record: &StoreRecord,
        from: i64,
    ) -> Result<Replayed, DeliveryError> {
        let oldest = self.environment.events.oldest(tenant.tenant()).await?;
        let is_had = from <= record.position;
        if !is_had && (oldest != Some(from) || from > record.newest) {
            return Ok(Replayed { store: record.clone(), events: None });
        }
        table::forget_receipts(&self.environment.database, record.at(), i64::MAX).await?;
        self.change(tenant, &record.name, "position = $3", [(from - 1).into()]).await?;
        let last = if is_had { record.position } else { record.newest };
        Ok(Replayed { store: self.find(tenant, &record.name).await?, events: Some((from, last)) })
    }

    /// Whether a store keeps its position itself. One that cannot be asked does not.
    async fn knows_its_position(&self, tenant: &Administered, record: &StoreRecord) -> Result<bool, DeliveryError> {
        let Some(kind) = find(&record.kind) else { return Ok(false) };
        let settings = self.environment.settings_of(record)?;
        let place = self.environment.place(tenant.tenant().name(), record);
        let asking = async { (kind.open)(crate::Opening { settings, place }).await?.position().await };
        Ok(matches!(tokio::time::timeout(super::PROBE, asking).await, Ok(Ok(Some(_)))))
    }

    /// The number with which a part of the log begins; `None` if nothing was appended since.
    async fn beginning(&self, tenant: &Administered, from: Beginning) -> Result<Option<i64>, DeliveryError> {
        let (events, of) = (&self.environment.events, tenant.tenant());
        let oldest = events.oldest(of).await?;
        match from {
            Beginning::Time(time) => Ok(events.since(of, time).await?),
            Beginning::Sequence(from) if oldest.is_some_and(|oldest| from < oldest) => {
                let oldest = oldest.unwrap_or_default();
                Err(DeliveryError::Invalid(format!(
                    "the log begins with event {oldest}; replay from there, or rebuild the store (tenantry store rebuild)"
                )))
            }
            Beginning::Sequence(from) => Ok(Some(from)),
        }
    }

    /// Tries a store now, without waiting for the time that was set after its last failure.
    ///
    /// # Errors
    /// [`DeliveryError::NoStore`], [`DeliveryError::Conflict`] if it is not fed, or the database's.
    pub async fn retry(&self, tenant: &Administered, name: &str) -> Result<StoreRecord, DeliveryError> {
        let record = self.find(tenant, name).await?;
        if record.state != State::Active {
            return Err(DeliveryError::Conflict(format!(
                "the store \"{name}\" is {}; feed it again with: tenantry store resume",
                record.state.as_str()
            )));
        }
        // Who feeds it at this moment is not disturbed.
        table::hasten(&self.environment.database, record.at()).await?;
        self.nudge.notify_one();
        self.find(tenant, name).await
    }

    /// Up to `limit` events that a store did not take, numbered above `after`, in order.
    ///
    /// # Errors
    /// [`DeliveryError::NoStore`], or the database's.
    pub async fn dead_letters(
        &self,
        tenant: &Administered,
        name: &str,
        after: i64,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, DeliveryError> {
        let record = self.find(tenant, name).await?;
        table::letters(&self.environment.database, record.at(), after, limit).await
    }

    /// Has one dead letter, or all of a store, brought again. They come after newer events: whoever needs order rebuilds the
    /// store. Says how many that are.
    ///
    /// # Errors
    /// [`DeliveryError::NoStore`], [`DeliveryError::Invalid`] if there is no such dead letter, or the database's.
    pub async fn retry_letters(
        &self,
        tenant: &Administered,
        name: &str,
        sequence: Option<i64>,
    ) -> Result<u64, DeliveryError> {
        let record = self.find(tenant, name).await?;
        if is_fetched(&record.kind) {
            return Err(DeliveryError::Conflict(format!(
                "the receiver of the store \"{name}\" has refused it; to give it again with all that came since: tenantry \
                 store replay"
            )));
        }
        let marked = table::mark(&self.environment.database, record.at(), sequence).await?;
        check_found(marked, sequence)?;
        if marked > 0 {
            self.change(tenant, name, "letters = TRUE, due_ms = 0", []).await?;
        }
        Ok(marked)
    }

    /// Forgets one dead letter, or all of a store. Says how many that were.
    ///
    /// # Errors
    /// [`DeliveryError::NoStore`], [`DeliveryError::Invalid`] if there is no such dead letter, or the database's.
    pub async fn discard_letters(
        &self,
        tenant: &Administered,
        name: &str,
        sequence: Option<i64>,
    ) -> Result<u64, DeliveryError> {
        let record = self.find(tenant, name).await?;
        let discarded = table::discard(&self.environment.database, record.at(), sequence).await?;
        check_found(discarded, sequence)?;
        Ok(discarded)
    }
}

fn check_fed(store: &StoreRecord) -> Result<(), DeliveryError> {
    let name = &store.name;
    if store.kind == pull::NAME {
        return Err(DeliveryError::Conflict(format!(
            "the reader of the store \"{name}\" chooses itself where it reads"
        )));
    }
    if is_fetched(&store.kind) {
        return Err(DeliveryError::Conflict(format!(
            "the receiver of the store \"{name}\" asks for what there is; it reads the users and groups over SCIM, or gets a \
             part of the log again: tenantry store replay"
        )));
    }
    Ok(())
}

fn check_found(count: u64, sequence: Option<i64>) -> Result<(), DeliveryError> {
    match sequence {
        Some(sequence) if count == 0 => Err(DeliveryError::Invalid(format!(
            "the store has no dead letter {sequence}; see: tenantry store dead-letters list"
        ))),
        _ => Ok(()),
    }
}
