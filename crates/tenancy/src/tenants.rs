//! All tenants of the deployment, as requests see them.

use std::sync::Arc;

use arc_swap::ArcSwap;
use database::Database;
use time::OffsetDateTime;
use tokio::sync::{Mutex, Notify};

use crate::api_key::Behalf;
use crate::authenticate::{self, Admission};
use crate::control::FirstUses;
use crate::replication::{Known, Replication, Seal};
use crate::snapshot::{Addressed, Entry, Snapshot};
use crate::time_of_day::TimeOfDay;
use crate::turns::Turns;
use crate::{
    Address, AddressSettings, Administered, Authenticated, Denied, Participation, ReplicationNumbers, Resolution,
    SigningKeys, TenancyError, Tenant, TokenId, Visit,
};

/// All tenants: finds the one a request belongs to, verifies its token, and lets the operator change them.
#[derive(Clone, Debug)]
pub struct Tenants {
    pub(crate) inner: Arc<Inner>,
    /// For whom it changes something, where that is not the operator itself.
    pub(crate) behalf: Option<Behalf>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) database: Database,
    pub(crate) keys: ArcSwap<SigningKeys>,
    pub(crate) addresses: AddressSettings,
    pub(crate) known: Known,
    pub(crate) replication: Replication,
    /// Changes of this process wait for each other here, and not each with a connection in the database.
    pub(crate) turn: Mutex<()>,
    /// Notices were left that are to become events.
    pub(crate) told: Notify,
    pub(crate) first_uses: FirstUses,
    pub(crate) turns: Turns,
    pub(crate) time: TimeOfDay,
}

impl Tenants {
    /// Reads every tenant from a migrated database that this process has for itself.
    ///
    /// # Errors
    /// If the database does not answer, or holds a tenant that this version cannot read.
    pub async fn open(
        database: Database,
        keys: impl Into<SigningKeys>,
        addresses: AddressSettings,
    ) -> Result<Self, TenancyError> {
        Self::open_as(Participation::Alone, database, keys, addresses).await
    }

    /// Reads every tenant from a migrated database, and keeps in step with the other processes that use it. Must be
    /// called within a runtime that outlives all requests.
    ///
    /// # Errors
    /// If the database does not answer, holds a tenant that this version cannot read, or the other processes sign with
    /// a key that this one does not have.
    pub async fn open_as(
        participation: Participation,
        database: Database,
        keys: impl Into<SigningKeys>,
        addresses: AddressSettings,
    ) -> Result<Self, TenancyError> {
        let keys = keys.into();
        let replication = Replication::new(&participation, Seal::of(&keys));
        let known = Known::new(participation.lease());
        let (keys, turn, told) = (ArcSwap::from_pointee(keys), Mutex::new(()), Notify::new());
        let (first_uses, turns) = (FirstUses::default(), Turns::default());
        let time = TimeOfDay::default();
        let inner = Inner { database, keys, addresses, known, replication, turn, told, first_uses, turns, time };
        let tenants = Self { inner: Arc::new(inner), behalf: None };
        if let Err(error) = tenants.inner.take_part(&participation).await {
            // Nobody is to wait for who has not come.
            tenants.leave_soon().await;
            return Err(error);
        }
        tenants.follow(&participation);
        Ok(tenants)
    }

    /// A name that no other deployment has, and all processes of this one: the database tells it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn deployment_name(database: &Database) -> Result<String, TenancyError> {
        Replication::deployment_name(database).await
    }

    /// Whether [`Self::settle`] would come back at once.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.inner.known.is_trusted()
    }

    /// Makes sure that what is decided next is decided by the newest state: to be called for each request when it has
    /// arrived, right before its address and token are looked at. Asks the database only if there is no lease.
    ///
    /// # Errors
    /// If the database does not answer: then nothing can be said about anybody.
    pub async fn settle(&self) -> Result<(), TenancyError> {
        if self.is_settled() { Ok(()) } else { self.inner.settle().await }
    }

    /// What time it is, for everything that ends by time. With several servers no single clock that is set wrong changes it.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        self.inner.time.now()
    }

    /// How keeping in step with other replicas goes.
    #[must_use]
    pub fn replication(&self) -> ReplicationNumbers {
        self.inner.replication.numbers(self.is_settled())
    }

    /// Whom an address belongs to.
    #[must_use]
    pub fn resolve(&self, address: &Address<'_>) -> Resolution {
        match self.inner.known.snapshot().find(address, &self.inner.addresses) {
            Addressed::One(entry) => Resolution::Tenant(Arc::clone(&entry.tenant)),
            Addressed::Shared => Resolution::Shared,
            Addressed::Unknown => Resolution::Unknown,
        }
    }

    /// Lets in the holder of a valid token of a tenant at an address of that tenant. Needs no database, except for the
    /// first use of a token that waits for it: that is durable, and no server lets the others in, before anybody is let in
    /// with it. [`Self::settle`] is to be awaited just before.
    ///
    /// # Errors
    /// The [`Refusal`](crate::Refusal) that the sender is told, or the database's.
    pub async fn authenticate(&self, address: &Address<'_>, visit: &Visit<'_>) -> Result<Authenticated, Denied> {
        match self.admit(address, visit, visit.now).await? {
            Admission::Now(authenticated) => Ok(authenticated),
            Admission::AfterFirstUse(entry, token) => Box::pin(self.use_and_admit(&entry, token, address, visit)).await,
        }
    }

    /// Refuses to go on for somebody who was let in a while ago and would not be any more: because the token has ended, its
    /// tenant is switched off or gone. To be asked when what a request wants is there at last, and before each part of it.
    ///
    /// # Errors
    /// As [`Self::authenticate`].
    pub async fn confirm(&self, who: &mut Authenticated) -> Result<(), Denied> {
        self.decide_by_the_newest(self.now(), |snapshot, now| who.decide_again(snapshot, now)).await
    }

    /// Decides by what is right at some moment between call and return. Who is stopped in the middle, for whatever time, has
    /// decided by that all the same, or decides again: see [`Known::lets_decide_on`].
    async fn decide_by_the_newest<T>(
        &self,
        now: OffsetDateTime,
        mut decide: impl FnMut(&Snapshot, OffsetDateTime) -> Result<T, Denied>,
    ) -> Result<T, Denied> {
        let known = &self.inner.known;
        {
            let snapshot = known.snapshot();
            let decided = decide(&snapshot, now);
            if known.lets_decide_on(&snapshot) {
                return decided;
            }
        }
        self.settle_to_decide().await?;
        // Loaded after what is known was found to be the newest, so it was right then.
        decide(&known.snapshot(), self.now())
    }

    async fn settle_to_decide(&self) -> Result<(), Denied> {
        Box::pin(self.settle()).await.map_err(|error| Denied::Unavailable(Box::new(error)))
    }

    async fn use_and_admit(
        &self,
        entry: &Entry,
        token: TokenId,
        address: &Address<'_>,
        visit: &Visit<'_>,
    ) -> Result<Authenticated, Denied> {
        self.wait_for_first_use(&entry.tenant, token).await;
        // Another command may have ended it while this one waited for its turn, and the lease or its time may be over.
        self.settle_to_decide().await?;
        match self.admit(address, visit, self.now()).await? {
            Admission::Now(authenticated) => Ok(authenticated),
            Admission::AfterFirstUse(..) => Err(Denied::Unavailable(Box::new(TenancyError::FirstUse))),
        }
    }

    async fn admit(&self, address: &Address<'_>, visit: &Visit<'_>, now: OffsetDateTime) -> Result<Admission, Denied> {
        let Inner { addresses, keys, .. } = &*self.inner;
        let admit = |snapshot: &Snapshot, now| {
            authenticate::authenticate(snapshot, addresses, &keys.load(), address, &Visit { now, ..*visit })
        };
        self.decide_by_the_newest(now, admit).await
    }

    /// Lets the operator act on a tenant. Only what an operator alone can reach (the control socket, the command line)
    /// may call this.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`]
    pub fn administer(&self, name: &str) -> Result<Administered, TenancyError> {
        Ok(Administered { tenant: self.find(name)? })
    }

    /// The tenant of this name.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`]
    pub fn find(&self, name: &str) -> Result<Arc<Tenant>, TenancyError> {
        Ok(Arc::clone(&self.entry(name)?.tenant))
    }

    /// A tenant as it is known now: its settings may have changed since a request began. Of one that is gone, what was
    /// known then.
    #[must_use]
    pub fn newest(&self, tenant: &Arc<Tenant>) -> Arc<Tenant> {
        let snapshot = self.inner.known.snapshot();
        Arc::clone(snapshot.by_id(tenant.id()).map_or(tenant, |entry| &entry.tenant))
    }

    /// Every tenant, by name.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Tenant>> {
        let snapshot = self.inner.known.snapshot();
        let mut tenants: Vec<_> = snapshot.entries().map(|entry| Arc::clone(&entry.tenant)).collect();
        tenants.sort_by(|one, other| one.name.cmp(&other.name));
        tenants
    }
}

#[cfg(test)]
mod tests {
    use replicas::protocol::{Fill, Moment};

    use super::*;
    use crate::Refusal;

    /// Who decides on what it knew is stopped; another thread asks meanwhile, and keeps what is newer, with a new lease.
    #[tokio::test]
    async fn a_decision_on_what_is_known_no_more_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let tenants = crate::tests::empty_in(&folder).await;
        let known = &tenants.inner.known;
        let mut generations = 100..;
        for newer in [0, 1] {
            let mut decisions = Vec::new();
            let decided = tenants.decide_by_the_newest(OffsetDateTime::now_utc(), |snapshot, _| {
                decisions.push(std::ptr::from_ref(snapshot));
                if decisions.len() <= newer {
                    let generation = generations.next().unwrap();
                    known.fill(Fill { began: Moment::NEVER, generation }, Snapshot::default());
                }
                Err::<(), _>(Refusal::Unknown.into())
            });
            assert!(decided.await.is_err());
            assert!(known.is_trusted(), "the lease alone says nothing");
            assert_eq!(decisions.len(), 1 + newer);
            assert_eq!(decisions.last(), Some(&std::ptr::from_ref(&**known.snapshot())));
        }
    }
}
