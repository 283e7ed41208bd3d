//! A change of one tenant, or of what is set for all: made in one transaction, shown to requests here, and then agreed on with the other replicas.

use std::ops::Deref;
use std::sync::Arc;

use database::Fault;
use replicas::protocol::Generation;
use sea_orm::{DatabaseTransaction, DbErr};
use tokio::sync::MutexGuard;

use super::bounded::{Bounded, in_time};
use super::messages::Message;
use super::{Known, table};
use crate::snapshot::Snapshot;
use crate::tenants::Inner;
use crate::{Profiles, SetAddressLimits, TenancyError, TenantId, store};

/// How often a transaction is begun when the connection turns out to be dead: both of the pool may be, after an outage.
const CONNECTIONS: usize = 3;

/// A change that is being made. No other process changes a tenant meanwhile, and what is known here is the newest. It
/// is undone if it is not published.
#[derive(Debug)]
pub(crate) struct Change<'a> {
    transaction: Bounded,
    generation: Generation,
    _turn: MutexGuard<'a, ()>,
}

impl Deref for Change<'_> {
    type Target = Bounded;

    fn deref(&self) -> &Bounded {
        &self.transaction
    }
}

impl Inner {
    /// Begins a change, or fails within some seconds: changes wait for each other. Whoever decides by what is known does
    /// it after this.
    pub(crate) async fn begin(&self) -> Result<Change<'_>, TenancyError> {
        in_time(self.begin_in_turn()).await
    }

    async fn begin_in_turn(&self) -> Result<Change<'_>, TenancyError> {
        let turn = self.turn.lock().await;
        let transaction = Bounded::of(self.begin_on_a_living_connection().await?).await?;
        let generation = table::take_generation(&transaction).await?;
        let before = generation - 1;
        if self.known.generation().is_some_and(|held| held > before) {
            self.forget();
        }
        if self.known.generation().is_none_or(|held| held < before) {
            let snapshot = self.read_up_to(&transaction, before).await?;
            // Nobody has registered for it, so nothing is trusted for longer than before.
            self.known.learn(before, snapshot);
        }
        Ok(Change { transaction, generation, _turn: turn })
    }

    async fn begin_on_a_living_connection(&self) -> Result<DatabaseTransaction, DbErr> {
        for _ in 1..CONNECTIONS {
            match self.database.begin().await {
                Err(error) if Fault::of(&error) == Fault::Broken => {}
                begun => return begun,
            }
        }
        self.database.begin().await
    }

    /// Ends a change that was made before, perhaps by a process that did not live to see it agreed on: returns when no
    /// replica decides by the state before it.
    pub(crate) async fn made_before(&self, change: Change<'_>) -> Result<(), TenancyError> {
        let Change { transaction, generation, _turn: turn } = change;
        transaction.rollback().await?;
        drop(turn);
        self.agree(generation - 1).await;
        Ok(())
    }

    /// Commits a change of one tenant, shows it to requests, and returns when no replica decides by the state before.
    pub(crate) async fn publish(&self, change: Change<'_>, id: TenantId, now_ms: i64) -> Result<(), TenancyError> {
        let generation = self.commit(change, id, now_ms).await?;
        self.agree(generation).await;
        Ok(())
    }

    /// The same for the limits of network addresses.
    pub(crate) async fn publish_address_limits(
        &self,
        change: Change<'_>,
        limits: SetAddressLimits,
    ) -> Result<(), TenancyError> {
        let generation = self.commit_and_show(change, table::OF_ALL, |snapshot| snapshot.limiting(limits)).await?;
        self.agree(generation).await;
        Ok(())
    }

    /// The same for profiles: every tenant is read again, with the profile that it has now.
    pub(crate) async fn publish_profiles(
        &self,
        change: Change<'_>,
        profiles: Arc<Profiles>,
    ) -> Result<(), TenancyError> {
        let entries = store::entries(&*change, &profiles, self.time.now_ms()).await?;
        let show = |snapshot: &Snapshot| snapshot.replaced(entries, snapshot.address_limits(), profiles);
        let generation = self.commit_and_show(change, table::OF_ALL, show).await?;
        self.agree(generation).await;
        Ok(())
    }

    /// The same for a change that ends nothing: others may learn of it when they do.
    pub(crate) async fn publish_unawaited(
        &self,
        change: Change<'_>,
        id: TenantId,
        now_ms: i64,
    ) -> Result<(), TenancyError> {
        let generation = self.commit(change, id, now_ms).await?;
        self.tell(Message::Changed(self.replication.id, generation));
        Ok(())
    }

    /// Others may begin a change once this has returned; each waits for its own agreement.
    async fn commit(&self, change: Change<'_>, id: TenantId, now_ms: i64) -> Result<Generation, TenancyError> {
        // Read before the commit: after it nothing may fail any more, or the snapshot would stay behind.
        let profiles = Arc::clone(self.known.snapshot().profiles());
        let entry = store::find_entry(&*change, &profiles, id, now_ms).await?;
        self.commit_and_show(change, id, |snapshot| snapshot.updated(id, entry)).await
    }

    async fn commit_and_show(
        &self,
        change: Change<'_>,
        id: TenantId,
        show: impl FnOnce(&Snapshot) -> Snapshot,
    ) -> Result<Generation, TenancyError> {
        let Change { transaction, generation, _turn } = change;
        table::note_change(&transaction, generation, id).await?;
        let undecided = Undecided(&self.known);
        transaction.commit().await?;
        self.known.commit(generation, show);
        undecided.made();
        Ok(generation)
    }
}

/// A commit under way. If its answer is lost, or nobody waits for it any more, it may have been made all the same: then
/// nothing is trusted until it was asked for.
struct Undecided<'a>(&'a Known);

impl Undecided<'_> {
    fn made(self) {
        std::mem::forget(self);
    }
}

impl Drop for Undecided<'_> {
    fn drop(&mut self) {
        self.0.doubt();
    }
}
