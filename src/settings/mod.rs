//! All settings, read once at the start and checked. `config.default.toml` documents each of them.

mod layers;
mod mail;
mod show;
mod values;
mod variables;

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use gateway::{Limits, Network};
use serde::Deserialize;
use telemetry::LogSettings;

pub(crate) use layers::Layers;
pub(crate) use mail::{MailAddress, MailServer};
pub(crate) use values::{DatabaseUrl, Domain, Origin, RedisUrl, Secret, WebAddress};

/// The documented defaults.
pub(crate) const DEFAULTS: &str = include_str!("../../config.default.toml");

/// The checked settings of a process.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The folder for the database file, the signing key and the control socket.
    pub(crate) data_dir: PathBuf,
    pub(crate) server: Server,
    pub(crate) admin: Admin,
    pub(crate) database: Database,
    pub(crate) tokens: Tokens,
    pub(crate) oauth: Oauth,
    pub(crate) replicas: Replicas,
    pub(crate) events: Events,
    pub(crate) failures: Failures,
    pub(crate) stores: Stores,
    pub(crate) profiles: Profiles,
    pub(crate) mail: Mail,
    pub(crate) limits: Limits,
    pub(crate) log: LogSettings,
}

/// How clients reach the server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    #[serde(deserialize_with = "values::address")]
    pub(crate) listen: SocketAddr,
    #[serde(deserialize_with = "values::address")]
    pub(crate) operations_listen: SocketAddr,
    #[serde(deserialize_with = "values::optional")]
    pub(crate) public_url: Option<Origin>,
    #[serde(deserialize_with = "values::optional")]
    pub(crate) documentation_url: Option<WebAddress>,
    #[serde(deserialize_with = "values::optional")]
    pub(crate) base_domain: Option<Domain>,
    #[serde(deserialize_with = "values::networks")]
    pub(crate) trusted_proxies: Vec<Network>,
    pub(crate) workers: u16,
    pub(crate) demo_tenant: bool,
}

/// How programs that administer reach the server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Admin {
    #[serde(deserialize_with = "values::optional_address")]
    pub(crate) listen: Option<SocketAddr>,
}

/// Where application profiles are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profiles {
    /// Read at the start; nothing if it is empty.
    pub(crate) folder: PathBuf,
}

impl Stores {
    /// Where readers are served unless somebody says otherwise.
    const USUAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8082);

    /// Whether it is where it is by default.
    pub(crate) fn is_usual(&self) -> bool {
        self.listen == Some(Self::USUAL)
    }
}

impl Admin {
    /// Where it is unless somebody says otherwise; what nobody asked for does not keep a server from starting.
    const USUAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8081);

    /// Whether it is where it is by default.
    pub(crate) fn is_usual(&self) -> bool {
        self.listen == Some(Self::USUAL)
    }
}

/// Where the data is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Database {
    #[serde(deserialize_with = "values::optional")]
    pub(crate) url: Option<DatabaseUrl>,
    #[serde(deserialize_with = "values::connections")]
    pub(crate) max_connections: u32,
}

/// How tokens are signed and how long they are valid.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tokens {
    #[serde(deserialize_with = "values::optional")]
    pub(crate) signing_key: Option<Secret>,
    pub(crate) signing_key_file: PathBuf,
    #[serde(deserialize_with = "values::days")]
    pub(crate) default_days: u32,
    #[serde(deserialize_with = "values::days")]
    pub(crate) max_days: u32,
}

/// Whether other servers share the database, and how they keep in step.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Replicas {
    #[serde(deserialize_with = "values::optional")]
    pub(crate) redis_url: Option<RedisUrl>,
    #[serde(deserialize_with = "values::lease")]
    pub(crate) lease_ms: u32,
}

/// How access tokens are got.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Oauth {
    pub(crate) allow_private_jwks: bool,
}

/// How long the log of events is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Events {
    #[serde(deserialize_with = "values::retention")]
    pub(crate) retention_days: u32,
}

/// How much of the provisioning log of a tenant is kept.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Failures {
    #[serde(deserialize_with = "values::most_failures")]
    pub(crate) most: u32,
    #[serde(deserialize_with = "values::days")]
    pub(crate) retention_days: u32,
}

/// What stores of tenants may do, and what seals their secrets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stores {
    #[serde(deserialize_with = "values::optional_address")]
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) key_file: PathBuf,
    pub(crate) allow_private: bool,
}

/// Who is told of tokens that end soon.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mail {
    #[serde(deserialize_with = "values::optional")]
    pub(crate) server: Option<MailServer>,
    #[serde(deserialize_with = "values::optional")]
    pub(crate) from: Option<MailAddress>,
    #[serde(deserialize_with = "values::mail_addresses")]
    pub(crate) to: Vec<MailAddress>,
}

impl Settings {
    /// What the settings say about the database. An SQLite file of our own is in the data folder.
    pub(crate) fn database(&self) -> database::Settings {
        let url = match &self.database.url {
            Some(url) => url.as_str().to_owned(),
            None => format!("sqlite://{}", self.data_dir.join("tenantry.db").display()),
        };
        database::Settings { url, max_connections: self.database.max_connections }
    }

    /// The database as people know it, without its password.
    pub(crate) fn database_name(&self) -> String {
        match self.sqlite_file() {
            Some(file) => format!("{} (SQLite)", file.display()),
            None => show::without_password(&self.database().url),
        }
    }

    /// The SQLite file, if the data is in one.
    pub(crate) fn sqlite_file(&self) -> Option<PathBuf> {
        database::sqlite_file(&self.database().url)
    }

    /// The file of the signing key.
    pub(crate) fn signing_key_file(&self) -> PathBuf {
        if self.tokens.signing_key_file.as_os_str().is_empty() {
            self.data_dir.join("signing.key")
        } else {
            self.tokens.signing_key_file.clone()
        }
    }

    /// The file of the key that seals secrets of stores.
    pub(crate) fn store_key_file(&self) -> PathBuf {
        if self.stores.key_file.as_os_str().is_empty() {
            self.data_dir.join("stores.key")
        } else {
            self.stores.key_file.clone()
        }
    }

    /// Refuses settings that do not go together.
    fn check(&self) -> Result<(), String> {
        if self.data_dir == Path::new("") {
            return Err("setting data_dir is empty; name a folder".to_owned());
        }
        if self.tokens.default_days > self.tokens.max_days {
            return Err("setting tokens.default_days must not exceed tokens.max_days".to_owned());
        }
        if self.mail.server.is_some() && self.mail.from.is_none() {
            return Err("setting mail.server needs mail.from, the address that mail comes from".to_owned());
        }
        let Server { listen, operations_listen, .. } = self.server;
        if listen == operations_listen && listen.port() != 0 {
            return Err("setting server.operations_listen must differ from server.listen".to_owned());
        }
        let is_taken = |admin: SocketAddr| admin.port() != 0 && (admin == listen || admin == operations_listen);
        if !self.admin.is_usual() && self.admin.listen.is_some_and(is_taken) {
            return Err("setting admin.listen must differ from server.listen and server.operations_listen".to_owned());
        }
        if self.replicas.redis_url.is_some() && self.sqlite_file().is_some() {
            return Err(
                "setting replicas.redis_url is for several servers on one PostgreSQL; an SQLite file is for one \
                        server: set database.url to a PostgreSQL database, or leave replicas.redis_url empty"
                    .to_owned(),
            );
        }
        self.limits.check().map_err(|sentence| format!("setting {sentence}"))
    }
}
