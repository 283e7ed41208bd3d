//! The settings of a stream of Redis.

use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::store::broker::{Address, Schemes, Trust, USUAL_SECONDS, check_seconds};
use crate::store::{Place, read};

const SCHEMES: Schemes = Schemes { plain: ("redis", 6379), tls: ("rediss", 6379) };
const LONGEST_KEY: usize = 512;

/// As they are written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    url: String,
    user: Option<String>,
    password: Option<SecretString>,
    ca: Option<String>,
    key: Option<String>,
    max_length: Option<u64>,
    max_age_hours: Option<u32>,
    #[serde(default = "usual_seconds")]
    timeout_seconds: u32,
}

/// As they are used.
pub(super) struct Settings {
    written: Written,
    pub(super) address: Address,
    /// The number of the database.
    pub(super) database: u16,
    pub(super) trust: Trust,
}

/// What of a stream is kept.
#[derive(Clone, Copy)]
pub(super) enum Trim {
    /// The newest entries, about so many.
    Entries(u64),
    /// What is about so young.
    Age(Duration),
}

impl Settings {
    /// Reads and checks them.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub(super) fn read(settings: &Map<String, Value>) -> Result<Self, String> {
        let written: Written = read(settings)?;
        let address = Address::parse(&written.url, SCHEMES)?;
        let number =
            || "what follows the port in url is the number of a database, as in rediss://HOST:PORT/0".to_owned();
        let database = if address.path.is_empty() { 0 } else { address.path.parse().map_err(|_| number())? };
        let trust = Trust::new(written.ca.as_deref())?;
        written.check()?;
        Ok(Self { written, address, database, trust })
    }

    pub(super) fn user(&self) -> Option<&str> {
        self.written.user.as_deref()
    }

    pub(super) fn password(&self) -> Option<&SecretString> {
        self.written.password.as_ref()
    }

    /// The key of the stream.
    pub(super) fn key(&self, place: &Place) -> String {
        self.written.key.clone().unwrap_or_else(|| format!("tenantry:{}:{}", place.tenant, place.store))
    }

    pub(super) fn trim(&self) -> Option<Trim> {
        let age = |hours: u32| Trim::Age(Duration::from_secs(u64::from(hours) * 60 * 60));
        self.written.max_length.map(Trim::Entries).or_else(|| self.written.max_age_hours.map(age))
    }

    pub(super) fn timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.written.timeout_seconds))
    }
}

impl Written {
    fn check(&self) -> Result<(), String> {
        check_seconds(self.timeout_seconds)?;
        if self.user.is_some() && self.password.is_none() {
            return Err("user needs password; with a password for everybody, leave user out".to_owned());
        }
        if self.key.as_ref().is_some_and(|key| key.is_empty() || key.len() > LONGEST_KEY) {
            return Err(format!("key has 1 to {LONGEST_KEY} bytes"));
        }
        match (self.max_length, self.max_age_hours) {
            (Some(_), Some(_)) => Err("max_length and max_age_hours exclude each other: Redis trims by one".to_owned()),
            (Some(0), _) => Err("max_length is at least 1; leave it out to keep everything".to_owned()),
            (_, Some(0)) => Err("max_age_hours is at least 1; leave it out to keep everything".to_owned()),
            _ => Ok(()),
        }
    }
}

fn usual_seconds() -> u32 {
    USUAL_SECONDS
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "it is made for this")]
    fn refused(settings: Value) -> String {
        let written = settings.as_object().unwrap();
        Settings::read(written).err().unwrap_or_else(|| panic!("{settings} is taken"))
    }

    #[test]
    fn settings_that_cannot_be_right_are_refused() {
        let url = "rediss://redis.example:6379";
        for (settings, why) in [
            (json!({"url": "http://x"}), "url is rediss://HOST:PORT, or redis://HOST:PORT without TLS"),
            (
                json!({"url": "redis://x/users"}),
                "what follows the port in url is the number of a database, as in rediss://HOST:PORT/0",
            ),
            (json!({"url": url, "user": "ada"}), "user needs password; with a password for everybody, leave user out"),
            (json!({"url": url, "key": ""}), "key has 1 to 512 bytes"),
            (
                json!({"url": url, "max_length": 5, "max_age_hours": 5}),
                "max_length and max_age_hours exclude each other: Redis trims by one",
            ),
            (json!({"url": url, "max_length": 0}), "max_length is at least 1; leave it out to keep everything"),
            (json!({"url": url, "timeout_seconds": 61}), "timeout_seconds is between 1 and 60, not 61"),
        ] {
            assert_eq!(refused(settings), why);
        }
        assert!(refused(json!({"url": url, "colour": "red"})).contains("colour"));
    }
}
