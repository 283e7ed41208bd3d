//! The settings of a broker that speaks AMQP 0-9-1.

use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::store::broker::{Address, Schemes, Trust, USUAL_SECONDS, check_seconds};
use crate::store::read;

const SCHEMES: Schemes = Schemes { plain: ("amqp", 5672), tls: ("amqps", 5671) };
const MOST_IN_FLIGHT: usize = 1000;
/// The longest text that the protocol has for names.
const LONGEST: usize = 255;

/// As they are written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    url: String,
    user: String,
    password: SecretString,
    ca: Option<String>,
    #[serde(default = "usual_exchange")]
    exchange: String,
    #[serde(default)]
    create: bool,
    #[serde(default = "yes")]
    mandatory: bool,
    #[serde(default = "one")]
    in_flight: usize,
    #[serde(default = "usual_seconds")]
    timeout_seconds: u32,
}

/// As they are used.
pub(super) struct Settings {
    pub(super) address: Address,
    pub(super) trust: Trust,
    pub(super) user: String,
    pub(super) password: SecretString,
    pub(super) virtual_host: String,
    pub(super) exchange: String,
    /// Whether an exchange that is missing is created.
    pub(super) is_created: bool,
    /// Whether an event that no queue gets is refused.
    pub(super) is_mandatory: bool,
    /// How many events may be sent before the first of them is confirmed.
    pub(super) in_flight: usize,
    pub(super) timeout: Duration,
}

impl Settings {
    /// Reads and checks them.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub(super) fn read(settings: &Map<String, Value>) -> Result<Self, String> {
        let written: Written = read(settings)?;
        let address = Address::parse(&written.url, SCHEMES)?;
        let virtual_host = virtual_host(&address.path)
            .ok_or("what follows the port in url is the name of a virtual host, with / as %2F")?;
        check_seconds(written.timeout_seconds)?;
        if written.user.is_empty() || written.user.contains('\0') {
            return Err("user is a name of the broker's".to_owned());
        }
        if !(1..=LONGEST).contains(&written.exchange.len()) {
            return Err(format!("exchange is the name of an exchange, of 1 to {LONGEST} bytes"));
        }
        if !(1..=MOST_IN_FLIGHT).contains(&written.in_flight) {
            return Err(format!("in_flight is between 1 and {MOST_IN_FLIGHT}, not {}", written.in_flight));
        }
        Ok(Self {
            address,
            trust: Trust::new(written.ca.as_deref())?,
            user: written.user,
            password: written.password,
            virtual_host,
            exchange: written.exchange,
            is_created: written.create,
            is_mandatory: written.mandatory,
            in_flight: written.in_flight,
            timeout: Duration::from_secs(u64::from(written.timeout_seconds)),
        })
    }
}

/// The name of a virtual host out of a path; without one, the first that every broker has.
fn virtual_host(path: &str) -> Option<String> {
    if path.is_empty() {
        return Some("/".to_owned());
    }
    let mut parts = path.split('%');
    let mut name = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        name.push(u8::from_str_radix(digits, 16).ok()?);
        name.extend_from_slice(rest.as_bytes());
    }
    let name = String::from_utf8(name).ok()?;
    (!path.contains('/') && name.len() <= LONGEST).then_some(name)
}

fn usual_exchange() -> String {
    "tenantry".to_owned()
}

fn yes() -> bool {
    true
}

fn one() -> usize {
    1
}

fn usual_seconds() -> u32 {
    USUAL_SECONDS
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_names_a_virtual_host() {
        for (path, name) in [("", "/"), ("%2F", "/"), ("users", "users"), ("a%20b%c3%a9", "a bé")] {
            assert_eq!(virtual_host(path).as_deref(), Some(name));
        }
        for path in ["a/b", "%", "%2", "%zz", "%ff"] {
            assert_eq!(virtual_host(path), None, "{path}");
        }
    }

    #[test]
    fn settings_that_cannot_be_right_are_refused() {
        for (name, value, why) in [
            ("url", json!("amqp://x/a/b"), "what follows the port in url is the name of a virtual host, with / as %2F"),
            ("user", json!(""), "user is a name of the broker's"),
            ("exchange", json!(""), "exchange is the name of an exchange, of 1 to 255 bytes"),
            ("in_flight", json!(0), "in_flight is between 1 and 1000, not 0"),
            ("timeout_seconds", json!(100), "timeout_seconds is between 1 and 60, not 100"),
        ] {
            let mut settings = json!({"url": "amqps://rabbit.example", "user": "ada", "password": "secret"});
            settings[name] = value;
            let refused = Settings::read(settings.as_object().unwrap()).err();
            assert_eq!(refused.as_deref(), Some(why));
        }
        let without = json!({"url": "amqps://rabbit.example", "user": "ada"});
        let refused = Settings::read(without.as_object().unwrap()).err().unwrap();
        assert_eq!(refused, "missing field `password`");
    }
}
