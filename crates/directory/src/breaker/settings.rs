//! What trips the breaker of a tenant, and what happens then.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What happens when too many users end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BreakerMode {
    /// Nothing; nobody counts.
    Off,
    /// It is told.
    Warn,
    /// It is told, and stores get nothing more until an operator decides.
    Hold,
}

impl BreakerMode {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Warn => "warn",
            Self::Hold => "hold",
        }
    }
}

/// The settings of one breaker. What a stored document leaves out is as usual, and what it has beside these is passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BreakerSettings {
    /// What happens.
    pub mode: BreakerMode,
    /// More than so many percent of the active users are too many.
    pub share: u32,
    /// More than so many users are too many, whatever their share.
    pub number: u32,
    /// Ends count together that are within so many seconds.
    pub window_seconds: u32,
    /// The share counts for a tenant that has at least so many active users.
    pub minimum_users: u32,
}

/// Beyond this nobody looks back.
pub(crate) const LONGEST_WINDOW_SECONDS: u32 = 7 * 24 * 60 * 60;

const SHARE: RangeInclusive<u32> = 1..=100;
const NUMBER: RangeInclusive<u32> = 1..=1_000_000;
const WINDOW_SECONDS: RangeInclusive<u32> = 1..=LONGEST_WINDOW_SECONDS;
const MINIMUM_USERS: RangeInclusive<u32> = 1..=1_000_000;

impl Default for BreakerSettings {
    fn default() -> Self {
        Self { mode: BreakerMode::Warn, share: 20, number: 500, window_seconds: 3600, minimum_users: 20 }
    }
}

impl BreakerSettings {
    /// The settings after changes by name; `null` brings a default back.
    ///
    /// # Errors
    /// A sentence that names the setting that is unknown or has a wrong value.
    pub fn changed(&self, changes: &Map<String, Value>) -> Result<Self, String> {
        let changed = changes.iter().try_fold(self.clone(), |settings, (name, value)| settings.with(name, value))?;
        changed.check()?;
        Ok(changed)
    }

    fn with(&self, name: &str, value: &Value) -> Result<Self, String> {
        let (mut document, usual) = (as_map(self), as_map(&Self::default()));
        let Some(usual_value) = usual.get(name) else {
            let names: Vec<&str> = usual.keys().map(String::as_str).collect();
            return Err(format!("no setting of the breaker is named {name}; there are {}", names.join(", ")));
        };
        let value = if value.is_null() { usual_value } else { value };
        document.insert(name.to_owned(), value.clone());
        serde_json::from_value(Value::Object(document)).map_err(|_| wrong(name, value))
    }

    fn check(&self) -> Result<(), String> {
        let values = [
            ("share", self.share, SHARE),
            ("number", self.number, NUMBER),
            ("window_seconds", self.window_seconds, WINDOW_SECONDS),
            ("minimum_users", self.minimum_users, MINIMUM_USERS),
        ];
        let outside = values.iter().find(|(_, value, range)| !range.contains(value));
        outside.map_or(Ok(()), |(name, value, _)| Err(wrong(name, &(*value).into())))
    }

    /// What differs from the usual, as it is stored.
    pub(crate) fn text(&self) -> String {
        let usual = as_map(&Self::default());
        let mut own = as_map(self);
        own.retain(|name, value| usual.get(name) != Some(value));
        Value::Object(own).to_string()
    }

    /// What is stored.
    pub(crate) fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Whether so many ends are too many, where so many users were active.
    pub(crate) fn is_too_many(&self, ended: i64, active: i64) -> Option<&'static str> {
        if ended > i64::from(self.number) {
            return Some("number");
        }
        let counts = active >= i64::from(self.minimum_users);
        (counts && ended.saturating_mul(100) > active.saturating_mul(i64::from(self.share))).then_some("share")
    }
}

fn wrong(name: &str, value: &Value) -> String {
    let of = |range: RangeInclusive<u32>| format!("a whole number from {} to {}", range.start(), range.end());
    let right = match name {
        "mode" => "off, warn or hold".to_owned(),
        "share" => format!("percent, {}", of(SHARE)),
        "number" => of(NUMBER),
        "window_seconds" => of(WINDOW_SECONDS),
        _ => of(MINIMUM_USERS),
    };
    format!("setting {name} of the breaker is {right}, not {value}")
}

fn as_map(settings: &BreakerSettings) -> Map<String, Value> {
    match serde_json::to_value(settings) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn changed(changes: Value) -> Result<BreakerSettings, String> {
        let Value::Object(changes) = changes else { panic!("{changes}") };
        BreakerSettings::default().changed(&changes)
    }

    #[test]
    fn only_what_differs_is_stored() {
        assert_eq!(BreakerSettings::default().text(), "{}");
        let settings = changed(json!({ "mode": "hold", "share": 20, "number": 7 })).unwrap();
        assert_eq!(settings.text(), r#"{"mode":"hold","number":7}"#);
        assert_eq!(BreakerSettings::read(r#"{"mode":"hold","number":7,"later":1}"#).unwrap(), settings);
        let Value::Object(back) = json!({ "mode": null, "number": null }) else { return };
        assert_eq!(settings.changed(&back).unwrap(), BreakerSettings::default());
    }

    #[test]
    fn a_wrong_setting_is_named_with_the_right_ones() {
        for (changes, words) in [
            (json!({ "mode": "stop" }), "mode of the breaker is off, warn or hold, not \"stop\""),
            (json!({ "share": 0 }), "share of the breaker is percent, a whole number from 1 to 100, not 0"),
            (json!({ "share": 101 }), "not 101"),
            (json!({ "number": -1 }), "number of the breaker is a whole number from 1 to 1000000, not -1"),
            (json!({ "window_seconds": 604_801 }), "from 1 to 604800"),
            (json!({ "minimum_users": 0 }), "minimum_users"),
            (json!({ "windows": 1 }), "there are mode, share, number, window_seconds, minimum_users"),
        ] {
            let told = changed(changes).unwrap_err();
            assert!(told.contains(words), "{told}");
        }
    }

    #[test]
    fn more_than_the_share_or_the_number_is_too_many() {
        let settings = BreakerSettings::default();
        assert_eq!(settings.is_too_many(20, 100), None);
        assert_eq!(settings.is_too_many(21, 100), Some("share"));
        assert_eq!(settings.is_too_many(19, 19), None, "too few users for a share");
        assert_eq!(settings.is_too_many(5, 20), Some("share"));
        assert_eq!(settings.is_too_many(500, 100_000), None);
        assert_eq!(settings.is_too_many(501, 100_000), Some("number"));
    }
}
