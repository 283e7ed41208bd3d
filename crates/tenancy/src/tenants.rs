//! All tenants of the deployment, as requests see them.

use std::sync::Arc;

use arc_swap::ArcSwap;
use database::Database;
use time::OffsetDateTime;
use tokio::sync::{Mutex, Notify};

use crate::authenticate::{self, Admission, milliseconds};
use crate::snapshot::{Addressed, Snapshot};
use crate::{
    Address, AddressSettings, Administered, Authenticated, Denied, Refusal, Resolution, SigningKeys, TenancyError,
    Tenant, Visit, store,
};

/// All tenants: finds the one a request belongs to, verifies its token, and lets the operator change them.
#[derive(Clone, Debug)]
pub struct Tenants {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) database: Database,
    pub(crate) keys: ArcSwap<SigningKeys>,
    pub(crate) addresses: AddressSettings,
    pub(crate) snapshot: ArcSwap<Snapshot>,
    /// Changes wait for each other, so that each builds on the snapshot of the one before.
    pub(crate) turn: Mutex<()>,
    /// Notices were left that are to become events.
    pub(crate) told: Notify,
}

impl Tenants {
    /// Reads every tenant from a migrated database.
    ///
    /// # Errors
    /// If the database does not answer, or holds a tenant that this version cannot read.
    pub async fn open(
        database: Database,
        keys: impl Into<SigningKeys>,
        addresses: AddressSettings,
    ) -> Result<Self, TenancyError> {
        let entries = store::entries(database.reader(), milliseconds(OffsetDateTime::now_utc())).await?;
        let snapshot = ArcSwap::from_pointee(entries.into_iter().collect());
        let (keys, turn, told) = (ArcSwap::from_pointee(keys.into()), Mutex::new(()), Notify::new());
        Ok(Self { inner: Arc::new(Inner { database, keys, addresses, snapshot, turn, told }) })
    }

    /// Whom an address belongs to.
    #[must_use]
    pub fn resolve(&self, address: &Address<'_>) -> Resolution {
        match self.inner.snapshot.load().find(address, &self.inner.addresses) {
            Addressed::One(entry) => Resolution::Tenant(Arc::clone(&entry.tenant)),
            Addressed::Shared => Resolution::Shared,
            Addressed::Unknown => Resolution::Unknown,
        }
    }

    /// Lets in the holder of a valid token of a tenant at an address of that tenant. Needs no database, except for the
    /// first use of a token that waits for it: that is durable before anybody is let in.
    ///
    /// # Errors
    /// The [`Refusal`] that the sender is told, or the database's.
    pub async fn authenticate(&self, address: &Address<'_>, visit: &Visit<'_>) -> Result<Authenticated, Denied> {
        let (entry, token) = match self.admit(address, visit)? {
            Admission::Now(authenticated) => return Ok(authenticated),
            Admission::AfterFirstUse(entry, token) => (entry, token),
        };
        let used = Box::pin(self.use_first(&entry, token)).await;
        used.map_err(|error| Denied::Unavailable(Box::new(error)))?;
        // Another command may have ended it while this one waited for its turn.
        match self.admit(address, visit)? {
            Admission::Now(authenticated) => Ok(authenticated),
            Admission::AfterFirstUse(..) => Err(Refusal::Unknown.into()),
        }
    }

    fn admit(&self, address: &Address<'_>, visit: &Visit<'_>) -> Result<Admission, Denied> {
        let Inner { addresses, keys, snapshot, .. } = &*self.inner;
        authenticate::authenticate(&snapshot.load(), addresses, &keys.load(), address, visit)
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
        match self.inner.snapshot.load().by_name(name) {
            Some(entry) => Ok(Arc::clone(&entry.tenant)),
            None => Err(TenancyError::NoTenant { name: name.to_owned() }),
        }
    }

    /// Every tenant, by name.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Tenant>> {
        let snapshot = self.inner.snapshot.load();
        let mut tenants: Vec<_> = snapshot.entries().map(|entry| Arc::clone(&entry.tenant)).collect();
        tenants.sort_by(|one, other| one.name.cmp(&other.name));
        tenants
    }
}
