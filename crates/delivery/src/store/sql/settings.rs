//! What a store of this kind is told, and what can be seen to be wrong before anything connects.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};
use url::Url;

/// The settings of this kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// `sqlite://NAME`, `postgres://USER:PASSWORD@HOST/DATABASE` or `mysql://USER:PASSWORD@HOST/DATABASE`.
    #[serde(deserialize_with = "secret")]
    url: SecretString,
    /// What the names of all tables begin with.
    #[serde(default)]
    pub(super) prefix: String,
    /// The schema of the tables in PostgreSQL; it is made if it is not there.
    pub(super) schema: Option<String>,
    /// Whether events are kept in a table, too.
    #[serde(default = "yes")]
    pub(super) events: bool,
    /// For how many days.
    pub(super) events_days: Option<u32>,
    /// Certificates in PEM of the authorities that the server's certificate may be from.
    pub(super) ca: Option<String>,
    /// How many seconds one batch may take.
    #[serde(default = "usual_timeout")]
    timeout_seconds: u32,
}

/// Where the database is.
pub(super) enum Target {
    /// A file of this name in the folder of the tenant's stores.
    Sqlite(String),
    /// A server.
    Server(Server),
}

/// A server of databases.
pub(super) struct Server {
    pub(super) is_mysql: bool,
    pub(super) host: String,
    pub(super) port: u16,
    /// What the URL says about TLS, in the words of its database.
    pub(super) tls: Option<String>,
    /// The whole URL, whose password and names are still to be read.
    pub(super) url: SecretString,
    pub(super) has_password: bool,
}

/// The most seconds of a batch.
const LONGEST: u32 = 600;
/// The most days that events may be kept.
const MOST_DAYS: u32 = 36_500;
const LONGEST_PREFIX: usize = 24;
const LONGEST_SCHEMA: usize = 63;
const LONGEST_FILE: usize = 100;
/// What each database calls the ways of TLS.
const POSTGRES_TLS: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];
const MYSQL_TLS: [&str; 5] = ["disabled", "preferred", "required", "verify_ca", "verify_identity"];
/// Files that SQLite makes beside its own.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

const FORMS: &str =
    "url is sqlite://NAME, postgres://USER:PASSWORD@HOST/DATABASE or mysql://USER:PASSWORD@HOST/DATABASE";

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
    String::deserialize(from).map(SecretString::from)
}

const fn yes() -> bool {
    true
}

const fn usual_timeout() -> u32 {
    30
}

impl Settings {
    /// Refuses what cannot be right.
    pub(super) fn check(&self) -> Result<(), String> {
        let target = self.target()?;
        if !self.prefix.is_empty() && !is_name(&self.prefix, LONGEST_PREFIX) {
            return Err(format!(
                "prefix has 1 to {LONGEST_PREFIX} lower-case letters, digits and _, and begins with a letter, such as scim_"
            ));
        }
        let is_postgres = matches!(&target, Target::Server(server) if !server.is_mysql);
        if let Some(schema) = &self.schema {
            if !is_postgres {
                return Err("schema is for PostgreSQL alone; elsewhere use prefix".to_owned());
            }
            if !is_name(schema, LONGEST_SCHEMA) || schema.starts_with("pg_") {
                return Err(format!(
                    "schema has 1 to {LONGEST_SCHEMA} lower-case letters, digits and _, and begins with a letter, but not with pg_"
                ));
            }
        }
        if !(1..=LONGEST).contains(&self.timeout_seconds) {
            return Err(format!("timeout_seconds is between 1 and {LONGEST}, not {}", self.timeout_seconds));
        }
        match self.events_days {
            Some(_) if !self.events => {
                Err("events_days is of no use with events=false; leave out one of them".to_owned())
            }
            Some(days) if !(1..=MOST_DAYS).contains(&days) => {
                Err(format!("events_days is between 1 and {MOST_DAYS}; without it events are kept"))
            }
            _ => self.check_ca(&target),
        }
    }

    fn check_ca(&self, target: &Target) -> Result<(), String> {
        match &self.ca {
            Some(_) if matches!(target, Target::Sqlite(_)) => Err("ca is for PostgreSQL and MySQL".to_owned()),
            Some(pem) if !pem.contains("-----BEGIN CERTIFICATE-----") => {
                Err("ca has no certificate in PEM (-----BEGIN CERTIFICATE-----)".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// How long a batch may take.
    pub(super) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds.into())
    }

    /// Where the database is.
    pub(super) fn target(&self) -> Result<Target, String> {
        let text = self.url.expose_secret();
        match text.split_once("://") {
            Some(("sqlite", name)) => file(name).map(Target::Sqlite),
            Some(("postgres" | "postgresql", _)) => server(text, false).map(Target::Server),
            Some(("mysql" | "mariadb", _)) => server(text, true).map(Target::Server),
            _ => Err(FORMS.to_owned()),
        }
    }
}

/// The name of a file: one part, so that nothing leads out of the folder.
fn file(name: &str) -> Result<String, String> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let is_right = (1..=LONGEST_FILE).contains(&name.len())
        && name.bytes().all(is_letter)
        && !name.starts_with(['.', '-'])
        && !BESIDE.iter().any(|end| name.ends_with(end));
    is_right.then(|| name.to_owned()).ok_or_else(|| {
        format!(
            "url is sqlite://NAME, with the name of a file in the folder of the tenant's stores: 1 to {LONGEST_FILE} letters, \
             digits, dots, hyphens and _, such as users.db"
        )
    })
}

fn server(text: &str, is_mysql: bool) -> Result<Server, String> {
    // What is wrong with it is not repeated: there is a password in it.
    let url = Url::parse(text).map_err(|_| FORMS.to_owned())?;
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(FORMS)?;
    if url.username().is_empty() || url.path().trim_start_matches('/').is_empty() {
        return Err(format!("url names a user and a database; {FORMS}"));
    }
    if host.contains('%') || host.contains('/') {
        return Err("url names a host, and no socket".to_owned());
    }
    Ok(Server {
        is_mysql,
        host: host.to_owned(),
        port: url.port().unwrap_or(if is_mysql { 3306 } else { 5432 }),
        tls: tls(&url, is_mysql)?,
        url: text.to_owned().into(),
        has_password: url.password().is_some(),
    })
}

/// The one parameter that a URL may have. Others name files of this machine, or another host.
fn tls(url: &Url, is_mysql: bool) -> Result<Option<String>, String> {
    let ways: &[&str] = if is_mysql { &MYSQL_TLS } else { &POSTGRES_TLS };
    let mut tls = None;
    for (name, value) in url.query_pairs() {
        if !matches!(&*name, "sslmode" | "ssl-mode") {
            return Err(
                "url has no parameter but sslmode; certificates of authorities are in the setting ca".to_owned()
            );
        }
        let way = value.to_ascii_lowercase();
        if !ways.contains(&way.as_str()) {
            return Err(format!("sslmode in url is one of {}", ways.join(", ")));
        }
        tls = Some(way);
    }
    Ok(tls)
}

fn is_name(text: &str, longest: usize) -> bool {
    text.len() <= longest
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn checked(settings: Value) -> Result<(), String> {
        let settings: Settings = serde_json::from_value(settings).map_err(|error| error.to_string())?;
        settings.check()
    }

    #[test]
    fn what_can_be_right_is_let_through() {
        for settings in [
            json!({ "url": "sqlite://users.db" }),
            json!({ "url": "postgres://u:p@db.example.com/app", "schema": "scim", "prefix": "scim_", "events_days": 30 }),
            json!({ "url": "postgresql://u@[2001:db8::1]:6432/app?sslmode=verify-full" }),
            json!({ "url": "mysql://u:p%40@db.example.com/app?ssl-mode=VERIFY_CA", "events": false, "timeout_seconds": 5 }),
        ] {
            assert_eq!(checked(settings.clone()), Ok(()), "{settings}");
        }
    }

    #[test]
    fn what_cannot_be_right_is_refused_with_the_name_of_the_setting() {
        for (settings, setting) in [
            (json!({ "url": "users.db" }), "url"),
            (json!({ "url": "sqlite://../users.db" }), "url"),
            (json!({ "url": "sqlite:///etc/users.db" }), "url"),
            (json!({ "url": "sqlite://a/users.db" }), "url"),
            (json!({ "url": "sqlite://.hidden" }), "url"),
            (json!({ "url": "sqlite://users.db?mode=ro" }), "url"),
            (json!({ "url": "sqlite://users.db-wal" }), "url"),
            (json!({ "url": "sqlite::memory:" }), "url"),
            (json!({ "url": "oracle://u:p@h/d" }), "url"),
            (json!({ "url": "postgres://h/d" }), "url"),
            (json!({ "url": "postgres://u:p@h" }), "url"),
            (json!({ "url": "postgres://u:p@%2Fvar%2Frun/d" }), "url"),
            (json!({ "url": "postgres://u:p@h/d?host=/var/run" }), "url"),
            (json!({ "url": "postgres://u:p@h/d?sslrootcert=/etc/passwd" }), "url"),
            (json!({ "url": "mysql://u:p@h/d?socket=/run/mysqld.sock" }), "url"),
            (json!({ "url": "mysql://u:p@h/d?sslmode=maybe" }), "url"),
            (json!({ "url": "mysql://u:p@h/d", "schema": "scim" }), "schema"),
            (json!({ "url": "postgres://u:p@h/d", "schema": "pg_catalog" }), "schema"),
            (json!({ "url": "sqlite://users.db", "prefix": "a\"b" }), "prefix"),
            (json!({ "url": "sqlite://users.db", "timeout_seconds": 0 }), "timeout_seconds"),
            (json!({ "url": "sqlite://users.db", "events_days": 0 }), "events_days"),
            (json!({ "url": "sqlite://users.db", "events_days": 9, "events": false }), "events_days"),
            (json!({ "url": "sqlite://users.db", "ca": "x" }), "ca"),
            (json!({ "url": "postgres://u:p@h/d", "ca": "x" }), "ca"),
            (json!({ "url": "sqlite://users.db", "other": 1 }), "other"),
        ] {
            let why = checked(settings.clone()).unwrap_err();
            assert!(why.contains(setting) && !why.contains(":p@"), "{settings}: {why}");
        }
    }
}
