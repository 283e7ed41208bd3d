//! What is particular to one tenant, and how it is changed.

use std::sync::Arc;

use scim::{Schema, Schemas};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::TenancyError;

/// What is particular to one tenant.
///
/// Stored as JSON; what a document leaves out has its default, and what it has beside these, from a newer version of
/// the program, is passed over. [`Settings::changed`] refuses unknown names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
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
    /// How many of its requests may run at the same time; absent, as many as the operator lets every tenant run.
    pub concurrency: Option<u32>,
    /// Up to how many members a group may have for PATCH to answer with it (200); beyond, the answer is 204.
    pub group_answer_members: u32,
    /// Schemas of its own, extensions of User.
    pub extensions: Vec<Schema>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            strict: false,
            unique_group_names: false,
            rate_per_second: 100,
            rate_burst: 200,
            write_per_second: None,
            write_burst: None,
            concurrency: None,
            group_answer_members: 200,
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

    /// The schemas of a tenant with these settings.
    pub(crate) fn schemas(&self) -> Result<Arc<Schemas>, TenancyError> {
        if self.extensions.is_empty() {
            return Ok(Schemas::standard());
        }
        Schemas::with_extensions(self.extensions.clone())
            .map_err(|error| TenancyError::Invalid(format!("setting extensions: {error}")))
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
        Ok(())
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

fn as_map(settings: &Settings) -> Map<String, Value> {
    match serde_json::to_value(settings) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}
