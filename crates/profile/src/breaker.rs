//! What trips the breaker of a tenant, and what happens then: an application may set other values than the usual, and each tenant its own.

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
    /// The shares count for a tenant that has at least so many users.
    pub minimum_users: u32,
    /// What happens when there are too many new users.
    pub new_mode: BreakerMode,
    /// More new users than so many percent of those there were are too many.
    pub new_share: u32,
    /// More new users than so many are too many, whatever their share.
    pub new_number: u32,
}

/// The longest window, in seconds: beyond this nobody looks back.
pub const LONGEST_WINDOW_SECONDS: u32 = 7 * 24 * 60 * 60;

const SHARE: RangeInclusive<u32> = 1..=100;
const NUMBER: RangeInclusive<u32> = 1..=1_000_000;
/// So many rows of new users are read for each batch in which there are some.
const NEW_NUMBER: RangeInclusive<u32> = 1..=10_000;
const NEW_SHARE: RangeInclusive<u32> = 1..=1_000;
const WINDOW_SECONDS: RangeInclusive<u32> = 1..=LONGEST_WINDOW_SECONDS;
const MINIMUM_USERS: RangeInclusive<u32> = 1..=1_000_000;

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            mode: BreakerMode::Warn,
            share: 20,
            number: 500,
            window_seconds: 3600,
            minimum_users: 20,
            new_mode: BreakerMode::Off,
            new_share: 20,
            new_number: 200,
        }
    }
}

impl BreakerSettings {
    /// The settings after changes by name; `null` brings the usual value back.
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
            ("new_share", self.new_share, NEW_SHARE),
            ("new_number", self.new_number, NEW_NUMBER),
        ];
        let outside = values.iter().find(|(_, value, range)| !range.contains(value));
        outside.map_or(Ok(()), |(name, value, _)| Err(wrong(name, &(*value).into())))
    }

    /// With what a tenant has set, as it is stored; names of a newer version are passed over.
    ///
    /// # Errors
    /// If what is stored is not what this version has written.
    pub fn with_own(&self, own: &Map<String, Value>) -> Result<Self, serde_json::Error> {
        let mut document = as_map(self);
        document.extend(own.clone());
        serde_json::from_value(Value::Object(document))
    }

    /// Whether so many ends are too many, where so many users were active.
    #[must_use]
    pub fn is_too_many(&self, ended: i64, active: i64) -> Option<&'static str> {
        if ended > i64::from(self.number) {
            return Some("number");
        }
        let counts = active >= i64::from(self.minimum_users);
        (counts && ended.saturating_mul(100) > active.saturating_mul(i64::from(self.share))).then_some("share")
    }

    /// Whether so many new users are too many, where there were so many before them.
    #[must_use]
    pub fn is_too_many_new(&self, new: i64, before: i64) -> Option<&'static str> {
        if new > i64::from(self.new_number) {
            return Some("number");
        }
        let counts = before >= i64::from(self.minimum_users);
        (counts && new.saturating_mul(100) > before.saturating_mul(i64::from(self.new_share))).then_some("share")
    }
}

fn wrong(name: &str, value: &Value) -> String {
    let of = |range: RangeInclusive<u32>| format!("a whole number from {} to {}", range.start(), range.end());
    let right = match name {
        "mode" | "new_mode" => "off, warn or hold".to_owned(),
        "new_share" => format!("percent, {}", of(NEW_SHARE)),
        "new_number" => of(NEW_NUMBER),
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
    fn a_tenant_has_its_own_the_profile_s_or_the_usual_settings() {
        let of_profile = changed(json!({ "new_mode": "hold", "number": 7 })).unwrap();
        let Value::Object(own) = json!({ "mode": "hold", "number": 500, "later": 1 }) else { return };
        let settings = of_profile.with_own(&own).unwrap();
        let expected = (BreakerMode::Hold, 500, BreakerMode::Hold, 200);
        assert_eq!((settings.mode, settings.number, settings.new_mode, settings.new_number), expected);
        let Value::Object(back) = json!({ "mode": null, "new_mode": null, "number": null }) else { return };
        assert_eq!(settings.changed(&back).unwrap(), BreakerSettings::default());
    }

    #[test]
    fn z09_more_new_users_than_the_share_or_the_number_are_too_many() {
        let settings = BreakerSettings::default();
        assert_eq!(settings.is_too_many_new(200, 0), None, "a small first sync");
        assert_eq!(settings.is_too_many_new(201, 0), Some("number"));
        assert_eq!(settings.is_too_many_new(19, 19), None, "too few users for a share");
        assert_eq!(settings.is_too_many_new(20, 100), None);
        assert_eq!(settings.is_too_many_new(21, 100), Some("share"));
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
            (json!({ "new_mode": "stop" }), "new_mode of the breaker is off, warn or hold"),
            (json!({ "new_number": 10_001 }), "from 1 to 10000"),
            (
                json!({ "windows": 1 }),
                "there are mode, share, number, window_seconds, minimum_users, new_mode, new_share, new_number",
            ),
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
