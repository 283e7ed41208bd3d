//! Everything of one deployment, open in this process: alone, or beside replicas.

use std::fs::{self, DirBuilder};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::Duration;

use database::{Database, DatabaseError, Exclusive, Migrated};
use delivery::{Environment, Stores, Vault};
use directory::Directories;
use events::Events;
use journal::{Journal, Kept};
use replicas::Redis;
use tenancy::{AddressSettings, KeySource, Participation, Tenants};
use tenant_admin::{Code, Failure, MailObstacle, Operator, Origin, TokenDays};

use crate::settings::Settings;
use crate::{notice, signing};

/// The open data of a deployment. As long as it lives, no other process uses the database, or only replicas of this one.
pub(crate) struct Deployment {
    pub(crate) tenants: Tenants,
    pub(crate) directories: Directories,
    /// Where events are brought.
    pub(crate) stores: Stores,
    /// The provisioning logs.
    pub(crate) journal: Journal,
    keys: KeySource,
    events: Events,
    /// What replicas share besides the database, if there may be others.
    pub(crate) redis: Option<Redis>,
    /// The promise that no other process uses the database, or only replicas.
    pub(crate) lock: Exclusive,
    /// What whoever starts the server must know at once.
    pub(crate) warning: Option<String>,
}

/// What a process opens a deployment for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To serve clients.
    Serve,
    /// To do one command, while no server of this data folder runs.
    Command,
}

/// After how long one is told what is waited for.
const SILENCE: Duration = Duration::from_secs(1);

/// What to say when an older program meets the tables of a newer one.
pub(crate) const NEWER: &str = "the database was migrated by a newer version of tenantry; this one works with it if it \
                                is the version before, as after going back from an upgrade";

impl Deployment {
    /// Makes what is missing, and brings the tables to the version of this program.
    pub(crate) async fn open(settings: &Settings, purpose: Purpose) -> Result<Self, Failure> {
        prepare_folder(&settings.data_dir)?;
        let database =
            Database::open(&settings.database()).await.map_err(|error| database_failure(&error, settings))?;
        let lock = lock(&database, settings).await.map_err(|error| database_failure(&error, settings))?;
        if database.migrate().await.map_err(|error| database_failure(&error, settings))? == Migrated::Newer {
            notice::warn(NEWER);
        }
        let keys = signing::source(settings).map_err(|error| Failure::caused(Code::Failed, &error))?;
        let signing::Keys { keys: signing, are_new } =
            signing::keys(&keys).map_err(|error| Failure::caused(Code::Failed, &error))?;
        let base_domain = settings.server.base_domain.as_ref().map(|domain| domain.as_str().to_owned());
        let redis = redis(&database, settings).await?;
        let participation = participation(redis.as_ref(), settings, purpose);
        let events = Events::new(database.clone(), redis.is_some());
        let of_tenants = database_of_tenants(&database, settings).await?;
        let tenants = Tenants::open_as(participation, of_tenants, signing, AddressSettings { base_domain }).await?;
        tenants.keep_key_source(keys.clone());
        let directories = match Directories::start(&database, events.clone()) {
            Ok(directories) => directories,
            Err(error) => {
                // Nobody is to wait for who has not come to its start.
                tenants.leave_soon().await;
                return Err(error.into());
            }
        };
        let vault = Vault::open(&settings.store_key_file()).map_err(|error| store_key(settings, &error))?;
        let stores = Stores::new(Environment {
            database: database.clone(),
            events: events.clone(),
            tenants: tenants.clone(),
            directories: directories.clone(),
            vault,
            folder: settings.data_dir.join("stores"),
            allow_private: settings.stores.allow_private,
            is_shared: redis.is_some(),
            holder: uuid::Uuid::now_v7().to_string(),
        });
        let kept = Kept { newest: settings.failures.most, days: settings.failures.retention_days };
        let journal = Journal::new(database.clone(), kept);
        let lost = are_new && !tenants.list().is_empty();
        let warning = lost.then(|| signing::lost(&settings.signing_key_file()));
        warning.iter().for_each(|sentence| notice::warn(sentence));
        Ok(Self { tenants, directories, stores, journal, keys, events, redis, lock, warning })
    }

    /// Whether others may change something meanwhile.
    pub(crate) fn is_shared(&self) -> bool {
        self.redis.is_some()
    }

    /// The operator's hand in it. `listen` is the address that is listened on, or would be.
    pub(crate) fn operator(&self, settings: &Settings, listen: SocketAddr) -> Operator {
        let (tenants, directories) = (self.tenants.clone(), self.directories.clone());
        let days = TokenDays { usual: settings.tokens.default_days, most: settings.tokens.max_days };
        Operator::new(
            tenants,
            directories,
            self.events.clone(),
            origin(settings, listen),
            days,
            settings.limits.of_addresses(),
        )
        .keeping_keys(self.keys.clone())
        .feeding(self.stores.clone())
        .reading(self.journal.clone())
        .mailing(mail_obstacle(settings, listen))
    }
}

/// Under which URLs clients reach the tenants, as far as the settings tell.
pub(crate) fn origin(settings: &Settings, listen: SocketAddr) -> Origin {
    let url = match &settings.server.public_url {
        Some(origin) => origin.as_str().to_owned(),
        None => format!("http://{}", reachable(listen)),
    };
    Origin::new(&url, settings.server.base_domain.as_ref().map(|domain| domain.as_str().to_owned()))
}

/// What keeps invitations from being sent. A link to this machine is good for somebody who tries the program on it, with a mail server
/// that is on it, too, and for nobody else.
pub(crate) fn mail_obstacle(settings: &Settings, listen: SocketAddr) -> Option<MailObstacle> {
    let (Some(mail), Some(_)) = (&settings.mail.server, &settings.mail.from) else {
        return Some(MailObstacle::NoServer);
    };
    let server = &settings.server;
    let is_trial = listen.ip().is_loopback() && server.trusted_proxies.is_empty() && mail.is_local();
    (server.public_url.is_none() && !is_trial).then_some(MailObstacle::NoPublicUrl)
}

/// An address that one can connect to from this machine: not `0.0.0.0`.
pub(crate) fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// Makes the data folder, for its owner alone, and finds out whether it can be written.
pub(crate) fn prepare_folder(folder: &Path) -> Result<(), Failure> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.and_then(|()| try_writing(folder)).map_err(|error| {
        Failure::new(
            Code::Failed,
            format!(
                "the data folder {} cannot be written ({error}); change its owner or mode, or set data_dir",
                folder.display()
            ),
        )
    })
}

fn try_writing(folder: &Path) -> io::Result<()> {
    let probe = folder.join(".probe");
    fs::write(&probe, "")?;
    fs::remove_file(&probe)
}

fn store_key(settings: &Settings, error: &io::Error) -> Failure {
    let file = settings.store_key_file();
    Failure::new(
        Code::Failed,
        format!("the key of stores in {} cannot be used: {error}; set stores.key_file", file.display()),
    )
}

/// Takes the lock of the database, and says what is waited for when that takes its time.
async fn lock(database: &Database, settings: &Settings) -> Result<Exclusive, DatabaseError> {
    let lock = async {
        if settings.replicas.redis_url.is_some() { database.shared().await } else { database.exclusive().await }
    };
    tokio::pin!(lock);
    if let Ok(locked) = tokio::time::timeout(SILENCE, &mut lock).await {
        return locked;
    }
    notice::warn("another tenantry process uses this database; waiting some seconds for it to let go");
    lock.await
}

/// What carries the messages between replicas. A Redis that is away keeps nobody from starting.
async fn redis(database: &Database, settings: &Settings) -> Result<Option<Redis>, Failure> {
    let Some(url) = &settings.replicas.redis_url else { return Ok(None) };
    let name = Tenants::deployment_name(database).await?;
    Redis::new(url.as_str(), &name).map(Some).map_err(|error| Failure::caused(Code::Failed, &error))
}

/// The connections for tenants and tokens. Replicas have some of their own for that: a lease must not end because all
/// others are busy with long lists.
async fn database_of_tenants(database: &Database, settings: &Settings) -> Result<Database, Failure> {
    if settings.replicas.redis_url.is_none() {
        return Ok(database.clone());
    }
    let few = database::Settings { max_connections: tenancy::CONNECTIONS, ..settings.database() };
    Database::open(&few).await.map_err(|error| database_failure(&error, settings))
}

fn participation(redis: Option<&Redis>, settings: &Settings, purpose: Purpose) -> Participation {
    let Some(redis) = redis.cloned() else { return Participation::Alone };
    match purpose {
        Purpose::Serve => {
            let lease = Duration::from_millis(settings.replicas.lease_ms.into());
            Participation::Replica { redis, lease }
        }
        Purpose::Command => Participation::Visitor { redis },
    }
}

/// What is wrong with the database, and which one it is.
pub(crate) fn database_failure(error: &DatabaseError, settings: &Settings) -> Failure {
    match error {
        DatabaseError::InUse => Failure::caused(Code::Unavailable, error),
        DatabaseError::Database(cause) => {
            let Failure { message, .. } = Failure::caused(Code::Unavailable, cause);
            let name = settings.database_name();
            Failure::new(Code::Unavailable, format!("the database {name} cannot be used: {message}; see database.url"))
        }
        _ => Failure::caused(Code::Failed, error),
    }
}
