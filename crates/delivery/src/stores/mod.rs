//! The stores of tenants, for the people who run them.

mod drift;
mod errands;
mod keys;
mod numbers;
mod prune;
mod set;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use database::Database;
use directory::Directories;
use events::Events;
use serde_json::{Map, Value};
use tenancy::{Administered, Tenants};
use tokio::sync::{Notify, RwLock};
use uuid::Uuid;

pub use errands::{Beginning, Part, Replayed};
pub(crate) use keys::told;
pub use keys::{Resealed, StoreKey};
pub use numbers::StoreNumbers;

use crate::drift::Jobs;
use crate::links::Links;
use crate::running::Running;
use crate::snapshot::Wish;
use crate::store::sets::{Keys, poll};
use crate::store::{Failure, Kind, Opening, Place, find, is_fetched, kinds, make_secrets};
use crate::table::{self, At};
use crate::{DeliveryError, Options, State, StoreId, StoreRecord, Vault};

/// What stores are made of and fed from.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Where the stores are kept.
    pub database: Database,
    /// The log that they are fed from.
    pub events: Events,
    /// Whose they are.
    pub tenants: Tenants,
    /// What a snapshot is taken of.
    pub directories: Directories,
    /// What seals their secrets.
    pub vault: Vault,
    /// The folder for files of stores.
    pub folder: PathBuf,
    /// Whether stores may be at private, loopback and link-local addresses.
    pub allow_private: bool,
    /// Whether other processes append events, too.
    pub is_shared: bool,
    /// The name of this process in leases.
    pub holder: String,
}

/// A store that is to be.
#[derive(Clone, Debug)]
pub struct NewStore {
    /// What people call it.
    pub name: String,
    /// The name of its kind.
    pub kind: String,
    /// Options and settings of its kind, by name, secrets among them.
    pub settings: Map<String, Value>,
    /// What it gets first.
    pub start: Start,
}

/// What a new store gets first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The directory as it is now, and then what comes.
    Snapshot,
    /// Every event from the first; where the first are no longer in the log, a snapshot in their place.
    First,
    /// What comes.
    Now,
}

/// The stores of all tenants; every call names a tenant by an operator's proof.
#[derive(Clone, Debug)]
pub struct Stores {
    environment: Arc<Environment>,
    running: Arc<Running>,
    nudge: Arc<Notify>,
    comparisons: Arc<Jobs>,
    /// Held by whoever seals secrets and writes them, and alone by whoever takes a key away.
    sealing: Arc<RwLock<()>>,
}

const LONGEST_NAME: usize = 63;
/// How long a store may take to say whether it could take events.
const PROBE: Duration = Duration::from_secs(30);
/// So that one tenant cannot take all workers.
const MOST: usize = 32;

impl Environment {
    /// All settings of a store, secrets among them.
    pub(crate) fn settings_of(&self, record: &StoreRecord) -> Result<Map<String, Value>, DeliveryError> {
        let mut settings = record.settings.clone();
        settings.extend(self.vault.open_sealed(record.id, record.secrets.as_deref())?);
        Ok(settings)
    }

    pub(crate) fn place(&self, tenant: &str, record: &StoreRecord) -> Place {
        Place {
            tenant: tenant.to_owned(),
            store: record.name.clone(),
            id: record.id.0,
            folder: self.folder.join(tenant),
            allow_private: self.allow_private,
            links: Links::new(self.database.clone(), record.at()),
            keys: Keys::of(self.tenants.clone()),
        }
    }
}

impl NewStore {
    /// Makes the secrets that are missing and can be made here, such as what a webhook signs with, and gives them back: they are
    /// shown to whoever adds the store, and never again.
    ///
    /// # Errors
    /// [`DeliveryError::Invalid`]
    pub fn make_secrets(&mut self) -> Result<Map<String, Value>, DeliveryError> {
        make_secrets(kind(&self.kind)?, &mut self.settings).map_err(DeliveryError::Invalid)
    }
}

impl Stores {
    /// The stores in this environment.
    #[must_use]
    pub fn new(environment: Environment) -> Self {
        Self {
            environment: Arc::new(environment),
            running: Arc::default(),
            nudge: Arc::default(),
            comparisons: Arc::default(),
            sealing: Arc::default(),
        }
    }

    /// The name of this process in leases.
    #[must_use]
    pub fn holder(&self) -> &str {
        &self.environment.holder
    }

    pub(crate) fn environment(&self) -> &Arc<Environment> {
        &self.environment
    }

    pub(crate) fn sealing(&self) -> &RwLock<()> {
        &self.sealing
    }

    pub(crate) fn running(&self) -> &Arc<Running> {
        &self.running
    }

    /// Reads again what clients are told of the streams of their tenants.
    pub async fn renew_announced(&self) {
        self.environment.events.renew_announced().await;
    }

    /// Waits until something about a store was changed here.
    pub(crate) fn nudged(&self) -> impl Future<Output = ()> + Send + use<> {
        let nudge = Arc::clone(&self.nudge);
        async move { nudge.notified().await }
    }

    /// Adds a store.
    ///
    /// # Errors
    /// [`DeliveryError::Invalid`], [`DeliveryError::Taken`], or the database's.
    pub async fn add(&self, tenant: &Administered, new: NewStore) -> Result<StoreRecord, DeliveryError> {
        check_name(&new.name)?;
        let kind = kind(&new.kind)?;
        let mut settings = new.settings;
        // What is set to nothing is as usual.
        settings.retain(|_, value| !value.is_null());
        let options = Options::take(&mut settings, kind.name)?;
        (kind.check)(&settings).map_err(DeliveryError::Invalid)?;
        let number = tenant.tenant().id().as_i64();
        if table::of_tenant(&self.environment.database, number).await?.len() >= MOST {
            return Err(DeliveryError::Invalid(format!("a tenant has at most {MOST} stores; delete one")));
        }
        let id = StoreId(Uuid::now_v7());
        let position = match new.start {
            // Whose receiver asks for what comes reads users and groups over SCIM.
            Start::Snapshot if kind.name == poll::NAME => table::newest(&self.environment.database, number).await?,
            Start::Now => table::newest(&self.environment.database, number).await?,
            Start::Snapshot | Start::First => 0,
        };
        let secrets = split(kind, &mut settings);
        let _sealing = self.sealing().read().await;
        let record = StoreRecord {
            tenant: number,
            id,
            name: new.name,
            kind: kind.name.to_owned(),
            options,
            settings,
            secrets: self.environment.vault.seal(id, &secrets)?,
            position,
            // Who fetches the events itself gets no snapshot.
            snapshot: (new.start == Start::Snapshot && !is_fetched(kind.name)).then(|| Wish::new(None)),
            ..StoreRecord::unfed()
        };
        table::insert(&self.environment.database, &record).await?;
        self.nudge.notify_one();
        self.find(tenant, &record.name).await
    }

    /// The stores of a tenant, by name.
    ///
    /// # Errors
    /// The database's.
    pub async fn list(&self, tenant: &Administered) -> Result<Vec<StoreRecord>, DeliveryError> {
        table::of_tenant(&self.environment.database, tenant.tenant().id().as_i64()).await
    }

    /// One store.
    ///
    /// # Errors
    /// [`DeliveryError::NoStore`], or the database's.
    pub async fn find(&self, tenant: &Administered, name: &str) -> Result<StoreRecord, DeliveryError> {
        let found = self.list(tenant).await?.into_iter().find(|store| store.name == name);
        found.ok_or_else(|| DeliveryError::NoStore { name: name.to_owned() })
    }

    /// Stops feeding a store; its events wait. When it returns, this process brings it nothing more; another one may go on for as
    /// long as its lease.
    ///
    /// # Errors
    /// [`DeliveryError::NoStore`], or the database's.
    pub async fn pause(&self, tenant: &Administered, name: &str) -> Result<StoreRecord, DeliveryError> {
        self.change(
            tenant,
            name,
            "state = CASE WHEN state = 'disabled' THEN state ELSE $3 END",
            [State::Paused.as_str().into()],
        )
        .await
    }

    /// Feeds a store again, from where it stands, and at once.
    ///
    /// # Errors
    /// [`DeliveryError::NoStore`], or the database's.
    pub async fn resume(&self, tenant: &Administered, name: &str) -> Result<StoreRecord, DeliveryError> {
        let assignments = "state = $3, due_ms = 0, attempts = 0, failing_since_ms = NULL";
        self.change(tenant, name, assignments, [State::Active.as_str().into()]).await
    }

    /// Removes a store. What it has been brought stays there.
    ///
    /// # Errors
    /// [`DeliveryError::NoStore`], or the database's.
    pub async fn delete(&self, tenant: &Administered, name: &str) -> Result<(), DeliveryError> {
        let store = self.find(tenant, name).await?;
        table::delete(&self.environment.database, store.at()).await?;
        self.running.end(store.at()).await;
        self.running.forget(store.at());
        Ok(())
    }

    /// Whether a store could take events now.
    ///
    /// # Errors
    /// [`DeliveryError::NoStore`], or the database's. What the store says is the value.
    pub async fn probe(&self, tenant: &Administered, name: &str) -> Result<Result<(), Failure>, DeliveryError> {
        let record = self.find(tenant, name).await?;
        let settings = self.environment.settings_of(&record)?;
        let place = self.environment.place(tenant.tenant().name(), &record);
        let opening = (kind(&record.kind)?.open)(Opening { settings, place });
        let probing = tokio::time::timeout(PROBE, async { opening.await?.probe().await });
        Ok(probing.await.unwrap_or_else(|_| Err(Failure::unavailable("the store did not answer in time"))))
    }

    async fn change(
        &self,
        tenant: &Administered,
        name: &str,
        assignments: &str,
        values: impl IntoIterator<Item = sea_orm::Value>,
    ) -> Result<StoreRecord, DeliveryError> {
        let store = self.find(tenant, name).await?;
        self.change_if(&store, (assignments, "TRUE"), values).await?;
        self.find(tenant, name).await
    }

    /// Changes a store if a condition still holds; when it returns, nothing is done here any more that began before. False if
    /// the condition does not hold.
    async fn change_if(
        &self,
        store: &StoreRecord,
        (assignments, condition): (&str, &str),
        values: impl IntoIterator<Item = sea_orm::Value>,
    ) -> Result<bool, DeliveryError> {
        let changed = table::change(&self.environment.database, store.at(), (assignments, condition), values).await?;
        if changed {
            self.running.end(store.at()).await;
        }
        self.nudge.notify_one();
        Ok(changed)
    }
}

impl StoreRecord {
    pub(crate) fn at(&self) -> At {
        At { tenant: self.tenant, store: self.id }
    }

    /// One that nothing was done with.
    fn unfed() -> Self {
        Self {
            tenant: 0,
            id: StoreId(Uuid::nil()),
            name: String::new(),
            kind: String::new(),
            options: Options::default(),
            settings: Map::new(),
            secrets: None,
            version: 1,
            state: State::Active,
            position: 0,
            brought: 0,
            newest: 0,
            held: 0,
            snapshot: None,
            replay: None,
            letters: false,
            attempts: 0,
            failing_since_ms: None,
            due_ms: 0,
            error: None,
            is_degraded: false,
            succeeded_ms: None,
            dead_letters: 0,
            created_ms: 0,
            modified_ms: 0,
            read_ms: 0,
        }
    }
}

fn kind(name: &str) -> Result<&'static Kind, DeliveryError> {
    let names = || kinds().iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ");
    find(name).ok_or_else(|| DeliveryError::Invalid(format!("\"{name}\" is no kind of store; there are {}", names())))
}

/// Takes the secrets out of settings.
fn split(kind: &Kind, settings: &mut Map<String, Value>) -> Map<String, Value> {
    kind.secrets.iter().filter_map(|name| settings.shift_remove_entry(*name)).collect()
}

fn check_name(name: &str) -> Result<(), DeliveryError> {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let fits = (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(letter) && !name.starts_with('-');
    fits.then_some(()).ok_or_else(|| {
        DeliveryError::Invalid(format!(
            "\"{name}\" is no name of a store: it has 1 to {LONGEST_NAME} lower-case letters, digits and hyphens"
        ))
    })
}
