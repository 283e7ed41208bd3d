//! What is particular to one tenant, and how it is changed.

use std::sync::Arc;

use profile::Applied;
use scim::{Schema, Schemas};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Administrator, Mode, Network, TenancyError};

/// The longest overlap of two tokens: a year.
const MOST_OVERLAP_HOURS: u32 = 8760;
/// For how many minutes an access token may be valid: six hours at most.
const OAUTH_TOKEN_MINUTES: std::ops::RangeInclusive<u32> = 5..=360;
/// One mail goes to each of them.
const MOST_CONTACTS: usize = 10;
/// Each request is compared with all of them.
const MOST_NETWORKS: usize = 256;

/// What is particular to one tenant.
///
/// Stored as JSON; what a document leaves out has its default, and what it has beside these, from a newer version of
/// the program, is passed over. [`Settings::changed`] refuses unknown names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The application that it is a customer's instance of.
    pub profile: String,
    /// What the profile leaves to the tenant, by the names of its options.
    pub profile_options: Map<String, Value>,
    /// The prerequisites of the profile that are met.
    pub prerequisites_met: Vec<String>,
    /// The user to whom the application attributes what the client changes.
    pub administrator: Option<Administrator>,
    /// How users are invited, as far as the profile leaves it open: `days`, `subject`, `text`, `landing`, `workspace`.
    pub invitation: Map<String, Value>,
    /// Refuses what departs from the RFC instead of repairing it.
    pub strict: bool,
    /// Refuses a second group of the same `displayName` (409), as the Entra guide advises.
    pub unique_group_names: bool,
    /// How many requests a second it may make in the long run.
    pub rate_per_second: u32,
    /// How many requests it may make at once after a pause.
    pub rate_burst: u32,
    /// How many changes a second it may make in the long run; absent, only the rate of all its requests counts.
    pub write_per_second: Option<u32>,
    /// How many changes it may make at once after a pause; absent, twice as many as in a second.
    pub write_burst: Option<u32>,
    /// How many of its requests may run at the same time, on all replicas together; absent, as many as the operator lets
    /// every tenant run.
    pub concurrency: Option<u32>,
    /// Up to how many members a group may have for PATCH to answer with it (200); beyond, the answer is 204.
    pub group_answer_members: u32,
    /// In which ways a token may take the place of another one.
    pub token_modes: Vec<Mode>,
    /// For how many days a token may be valid.
    pub token_max_days: u32,
    /// For how many hours a token may go on beside the one that takes its place.
    pub token_max_overlap_hours: u32,
    /// From where its tokens may be used; from everywhere, if there is none.
    pub token_networks: Vec<Network>,
    /// For how many minutes an access token from the token endpoint is valid.
    pub oauth_token_minutes: u32,
    /// Mail addresses of those who are told before a token ends.
    pub token_contacts: Vec<String>,
    /// Mail addresses of those who are told of what its client did not get done.
    pub failure_contacts: Vec<String>,
    /// Schemas of its own, extensions of User.
    pub extensions: Vec<Schema>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            profile: profile::GENERIC.to_owned(),
            profile_options: Map::new(),
            prerequisites_met: Vec::new(),
            administrator: None,
            invitation: Map::new(),
            strict: false,
            unique_group_names: false,
            rate_per_second: 100,
            rate_burst: 200,
            write_per_second: None,
            write_burst: None,
            concurrency: None,
            group_answer_members: 200,
            token_modes: Mode::ALL.to_vec(),
            token_max_days: 3650,
            token_max_overlap_hours: 168,
            token_networks: Vec::new(),
            oauth_token_minutes: 60,
            token_contacts: Vec::new(),
            failure_contacts: Vec::new(),
            extensions: Vec::new(),
        }
    }
}

impl Settings {
    /// The settings after `changes`, by name. `null` brings a default back.
    ///
    /// # Errors
    /// [`TenancyError::Invalid`] names the setting that is unknown or has a wrong value.
    pub fn changed(&self, changes: &Map<String, Value>) -> Result<Self, TenancyError> {
        changes.iter().try_fold(self.clone(), |settings, (name, value)| settings.with(name, value))
    }

    /// Its names, for messages and completions.
    #[must_use]
    pub fn names() -> Vec<String> {
        as_map(&Self::default()).into_iter().map(|(name, _)| name).collect()
    }

    /// The schemas of a tenant with these settings: its own extensions, those of its profile, and groups if that has them.
    pub(crate) fn schemas(&self, profile: &Applied) -> Result<Arc<Schemas>, TenancyError> {
        let of_profile = profile.profile().extensions();
        if self.extensions.is_empty() && of_profile.is_empty() && profile.has_groups() {
            return Ok(Schemas::standard());
        }
        let extensions = of_profile.iter().chain(&self.extensions).cloned().collect();
        let schemas = Schemas::with_extensions(extensions)
            .map_err(|error| TenancyError::Invalid(format!("setting extensions: {error}")))?;
        Ok(if profile.has_groups() { schemas } else { schemas.without_groups().into() })
    }

    /// The changes it may make in a second and at once, if they are limited apart from its other requests.
    #[must_use]
    pub fn write_rate(&self) -> Option<(u32, u32)> {
        let per_second = self.write_per_second?;
        Some((per_second, self.write_burst.unwrap_or_else(|| per_second.saturating_mul(2))))
    }

    /// Refuses values that no tenant can be served with.
    pub(crate) fn check(&self) -> Result<(), TenancyError> {
        let limits = [
            ("rate_per_second", Some(self.rate_per_second)),
            ("rate_burst", Some(self.rate_burst)),
            ("write_per_second", self.write_per_second),
            ("write_burst", self.write_burst),
            ("concurrency", self.concurrency),
        ];
        if let Some((name, _)) = limits.iter().find(|(_, value)| *value == Some(0)) {
            return Err(TenancyError::Invalid(format!(
                "setting {name} is at least 1; to stop a tenant altogether, disable it"
            )));
        }
        if self.write_burst.is_some() && self.write_per_second.is_none() {
            return Err(TenancyError::Invalid(
                "setting write_burst means nothing without write_per_second; set both".to_owned(),
            ));
        }
        self.administrator.as_ref().map_or(Ok(()), Administrator::check)?;
        self.check_tokens()
    }

    fn check_tokens(&self) -> Result<(), TenancyError> {
        let refuse = |sentence: String| Err(TenancyError::Invalid(sentence));
        if self.token_modes.is_empty() {
            return refuse("setting token_modes names at least one of strict, overlap, staged, first-use".to_owned());
        }
        if !(1..=3650).contains(&self.token_max_days) {
            return refuse(format!("setting token_max_days is 1 to 3650, not {}", self.token_max_days));
        }
        if self.token_max_overlap_hours > MOST_OVERLAP_HOURS {
            return refuse(format!("setting token_max_overlap_hours is at most {MOST_OVERLAP_HOURS}"));
        }
        if self.token_networks.len() > MOST_NETWORKS {
            return refuse(format!("setting token_networks has at most {MOST_NETWORKS} networks; use larger ones"));
        }
        if !OAUTH_TOKEN_MINUTES.contains(&self.oauth_token_minutes) {
            return refuse(format!("setting oauth_token_minutes is 5 to 360, not {}", self.oauth_token_minutes));
        }
        check_contacts("token_contacts", &self.token_contacts)?;
        check_contacts("failure_contacts", &self.failure_contacts)
    }

    fn with(self, name: &str, value: &Value) -> Result<Self, TenancyError> {
        let mut document = as_map(&self);
        let Some(place) = document.get_mut(name) else {
            let names = Self::names().join(", ");
            return Err(TenancyError::Invalid(format!("no setting is named {name}; there are {names}")));
        };
        *place = value.clone();
        document.retain(|_, value| !value.is_null());
        serde_json::from_value(Value::Object(document))
            .map_err(|error| TenancyError::Invalid(format!("setting {name}: {error}")))
    }
}

fn check_contacts(setting: &str, contacts: &[String]) -> Result<(), TenancyError> {
    if contacts.len() > MOST_CONTACTS {
        return Err(TenancyError::Invalid(format!("setting {setting} has at most {MOST_CONTACTS} addresses")));
    }
    match contacts.iter().find(|address| !is_mail_address(address)) {
        Some(wrong) => Err(TenancyError::Invalid(format!(
            "setting {setting}: \"{wrong}\" is not a mail address such as ada@acme.example"
        ))),
        None => Ok(()),
    }
}

/// Nothing in it may be a second address or a second line.
fn is_mail_address(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.@".contains(&byte);
    let parts: Vec<&str> = text.split('@').collect();
    text.len() <= 254
        && text.bytes().all(allowed)
        && matches!(parts.as_slice(), [user, domain] if !user.is_empty() && domain.contains('.'))
}

fn as_map(settings: &Settings) -> Map<String, Value> {
    match serde_json::to_value(settings) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}
