//! All tenants of the deployment, as requests see them.

use std::sync::Arc;

use arc_swap::ArcSwap;
use database::Database;
use time::OffsetDateTime;
use tokio::sync::Mutex;

use crate::authenticate::{self, milliseconds};
use crate::snapshot::{Addressed, Snapshot};
use crate::{
    Address, AddressSettings, Administered, Authenticated, Refusal, Resolution, SigningKey, TenancyError, Tenant, store,
};

/// All tenants: finds the one a request belongs to, verifies its token, and lets the operator change them.
#[derive(Clone, Debug)]
pub struct Tenants {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) database: Database,
    pub(crate) key: SigningKey,
    pub(crate) addresses: AddressSettings,
    pub(crate) snapshot: ArcSwap<Snapshot>,
    /// Changes wait for each other, so that each builds on the snapshot of the one before.
    pub(crate) turn: Mutex<()>,
}

impl Tenants {
    /// Reads every tenant from a migrated database.
    ///
    /// # Errors
    /// If the database does not answer, or holds a tenant that this version cannot read.
    pub async fn open(database: Database, key: SigningKey, addresses: AddressSettings) -> Result<Self, TenancyError> {
        let entries = store::entries(database.reader(), milliseconds(OffsetDateTime::now_utc())).await?;
        let snapshot = ArcSwap::from_pointee(entries.into_iter().collect());
        Ok(Self { inner: Arc::new(Inner { database, key, addresses, snapshot, turn: Mutex::new(()) }) })
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

    /// Lets in the holder of a tenant's current token at an address of that tenant. Needs no database.
    ///
    /// # Errors
    /// The [`Refusal`] that the sender is told.
    pub fn authenticate(
        &self,
        address: &Address<'_>,
        authorization: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Authenticated, Refusal> {
        let Inner { addresses, key, snapshot, .. } = &*self.inner;
        authenticate::authenticate(&snapshot.load(), addresses, key, address, authorization, now)
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
