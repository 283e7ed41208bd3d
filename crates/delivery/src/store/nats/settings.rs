//! The settings of NATS JetStream.

use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::sign::{Credentials, Key};
use crate::store::broker::{Address, Schemes, Trust, USUAL_SECONDS, check_seconds};
use crate::store::{Place, read};

const SCHEMES: Schemes = Schemes { plain: ("nats", 4222), tls: ("tls", 4222) };

/// As they are written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    url: String,
    user: Option<String>,
    password: Option<SecretString>,
    token: Option<SecretString>,
    nkey: Option<SecretString>,
    creds: Option<SecretString>,
    ca: Option<String>,
    #[serde(default)]
    tls_first: bool,
    #[serde(default = "usual_prefix")]
    prefix: String,
    stream: Option<String>,
    #[serde(default)]
    create: bool,
    max_bytes: Option<u64>,
    max_age_hours: Option<u32>,
    #[serde(default = "usual_inbox")]
    inbox: String,
    #[serde(default = "usual_seconds")]
    timeout_seconds: u32,
}

/// As they are used.
pub(super) struct Settings {
    pub(super) address: Address,
    pub(super) trust: Trust,
    pub(super) sign_in: SignIn,
    /// Whether TLS begins before the server says who it is.
    pub(super) is_tls_first: bool,
    prefix: String,
    stream: Option<String>,
    /// What a stream that is missing is created with.
    pub(super) creation: Option<Creation>,
    /// What the subjects of answers begin with.
    pub(super) inbox: String,
    pub(super) timeout: Duration,
}

/// Who one is.
pub(super) enum SignIn {
    Nobody,
    Password { user: String, password: SecretString },
    Token(SecretString),
    Key(Key),
    Credentials(Credentials),
}

/// The bounds of a stream that is created.
#[derive(Clone, Copy)]
pub(super) struct Creation {
    pub(super) max_bytes: Option<u64>,
    pub(super) max_age: Option<Duration>,
}

impl Settings {
    /// Reads and checks them.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub(super) fn read(settings: &Map<String, Value>) -> Result<Self, String> {
        let written: Written = read(settings)?;
        let address = Address::parse(&written.url, SCHEMES)?;
        if !address.path.is_empty() {
            return Err("url has no path after HOST:PORT".to_owned());
        }
        check_seconds(written.timeout_seconds)?;
        if !is_subject(&written.prefix) || !is_subject(&written.inbox) {
            return Err("prefix and inbox are subjects: words without spaces, * and >, with dots between".to_owned());
        }
        if written.stream.as_deref().is_some_and(|name| !is_name(name)) {
            return Err("stream is a name without spaces, dots, * and >".to_owned());
        }
        let creation = written.creation()?;
        Ok(Self {
            address,
            trust: Trust::new(written.ca.as_deref())?,
            creation,
            is_tls_first: written.tls_first,
            prefix: written.prefix.clone(),
            stream: written.stream.clone(),
            inbox: written.inbox.clone(),
            timeout: Duration::from_secs(u64::from(written.timeout_seconds)),
            sign_in: written.sign_in()?,
        })
    }

    /// The name of the stream.
    pub(super) fn stream(&self, place: &Place) -> String {
        self.stream.clone().unwrap_or_else(|| format!("tenantry-{}", place.tenant))
    }

    /// The subject of a tenant's events of a type.
    pub(super) fn subject(&self, place: &Place, kind: &str) -> String {
        format!("{}.{}.{kind}", self.prefix, place.tenant)
    }
}

impl Written {
    fn creation(&self) -> Result<Option<Creation>, String> {
        if !self.create && (self.max_bytes.is_some() || self.max_age_hours.is_some()) {
            return Err("max_bytes and max_age_hours are for a stream that is created here: set create=true".to_owned());
        }
        if self.max_bytes == Some(0) || self.max_age_hours == Some(0) {
            return Err("max_bytes and max_age_hours are at least 1; leave them out to keep everything".to_owned());
        }
        let max_age = self.max_age_hours.map(|hours| Duration::from_secs(u64::from(hours) * 60 * 60));
        Ok(self.create.then_some(Creation { max_bytes: self.max_bytes, max_age }))
    }

    fn sign_in(self) -> Result<SignIn, String> {
        let ways = [self.user.is_some() || self.password.is_some(), self.token.is_some(), self.nkey.is_some()];
        if ways.into_iter().chain([self.creds.is_some()]).filter(|is_set| *is_set).count() > 1 {
            return Err("set one of user with password, token, nkey, and creds".to_owned());
        }
        match (self.user, self.password) {
            (Some(user), Some(password)) => return Ok(SignIn::Password { user, password }),
            (None, None) => {}
            _ => return Err("user and password belong together".to_owned()),
        }
        if let Some(token) = self.token {
            return Ok(SignIn::Token(token));
        }
        if let Some(seed) = self.nkey {
            let key =
                Key::parse(&seed).ok_or("nkey is the seed of a user: 58 letters and digits that begin with SU")?;
            return Ok(SignIn::Key(key));
        }
        let Some(creds) = self.creds else { return Ok(SignIn::Nobody) };
        let wrong = "creds is the text of a .creds file, with the JWT of a user and the seed of its key";
        Credentials::parse(&creds).map(SignIn::Credentials).ok_or_else(|| wrong.to_owned())
    }
}

fn is_subject(text: &str) -> bool {
    text.split('.').all(is_name) && text.len() <= 200
}

/// Whether it may be the name of a stream, or a word of a subject.
fn is_name(text: &str) -> bool {
    let is_special = |letter: char| letter.is_whitespace() || letter.is_control() || ".*>/\\".contains(letter);
    !text.is_empty() && text.len() <= 200 && !text.contains(is_special)
}

fn usual_prefix() -> String {
    "tenantry".to_owned()
}

fn usual_inbox() -> String {
    "_INBOX".to_owned()
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
        let url = "tls://nats.example:4222";
        for (settings, why) in [
            (json!({"url": "nats://x/path"}), "url has no path after HOST:PORT"),
            (json!({"url": url, "user": "ada"}), "user and password belong together"),
            (
                json!({"url": url, "user": "a", "password": "b", "token": "c"}),
                "set one of user with password, token, nkey, and creds",
            ),
            (json!({"url": url, "nkey": "c"}), "nkey is the seed of a user: 58 letters and digits that begin with SU"),
            (
                json!({"url": url, "creds": "c"}),
                "creds is the text of a .creds file, with the JWT of a user and the seed of its key",
            ),
            (
                json!({"url": url, "prefix": "a..b"}),
                "prefix and inbox are subjects: words without spaces, * and >, with dots between",
            ),
            (json!({"url": url, "stream": "a.b"}), "stream is a name without spaces, dots, * and >"),
            (
                json!({"url": url, "max_bytes": 7}),
                "max_bytes and max_age_hours are for a stream that is created here: set create=true",
            ),
            (json!({"url": url, "timeout_seconds": 0}), "timeout_seconds is between 1 and 60, not 0"),
        ] {
            assert_eq!(refused(settings), why);
        }
    }
}
