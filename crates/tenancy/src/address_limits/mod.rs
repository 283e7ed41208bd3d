//! How often one network address may ask, whoever it is: figures that the operator changes while servers run.

mod control;
pub(crate) mod store;

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::TenancyError;

/// One of the limits of a network address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressLimit {
    /// Requests a second in the long run, of everybody; 0: as many as it likes.
    RequestsPerSecond,
    /// The same at once, after a pause.
    RequestsBurst,
    /// Failed authentications and requests without a token a second in the long run.
    FailuresPerSecond,
    /// The same at once, after a pause.
    FailuresBurst,
}

/// What each limit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressLimits(Each<u32>);

/// What each limit was set to at run time. The others are as the settings have them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetAddressLimits(Each<Option<u32>>);

/// Something of each limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Each<T> {
    requests_per_second: T,
    requests_burst: T,
    failures_per_second: T,
    failures_burst: T,
}

/// More than any machine answers; so nothing that is counted by them overflows.
const MOST: u32 = 1_000_000_000;

impl AddressLimit {
    /// All of them, in the order in which people read them.
    pub const ALL: [Self; 4] =
        [Self::RequestsPerSecond, Self::RequestsBurst, Self::FailuresPerSecond, Self::FailuresBurst];

    /// Its name in the section `limits` of the settings, in commands and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RequestsPerSecond => "address_requests_per_second",
            Self::RequestsBurst => "address_requests_burst",
            Self::FailuresPerSecond => "address_per_second",
            Self::FailuresBurst => "address_burst",
        }
    }

    /// What it may be. Failures are always limited: guessing is to stay hopeless.
    #[must_use]
    pub const fn allowed(self) -> RangeInclusive<u32> {
        match self {
            Self::RequestsPerSecond => 0..=MOST,
            Self::RequestsBurst | Self::FailuresPerSecond | Self::FailuresBurst => 1..=MOST,
        }
    }

    /// The one of this name.
    ///
    /// # Errors
    /// [`TenancyError::Invalid`] names those that there are.
    pub fn parse(name: &str) -> Result<Self, TenancyError> {
        Self::ALL.into_iter().find(|limit| limit.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            TenancyError::Invalid(format!("no limit is named {name}; there are {names}"))
        })
    }

    /// A number, or nothing for `null`.
    fn read(self, value: &Value) -> Result<Option<u32>, TenancyError> {
        if value.is_null() {
            return Ok(None);
        }
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        let allowed = number.filter(|number| self.allowed().contains(number));
        allowed.map(Some).ok_or_else(|| self.refused(value))
    }

    fn refused(self, value: &Value) -> TenancyError {
        let (name, allowed) = (self.name(), self.allowed());
        let off = if *allowed.start() == 0 { "; 0 is no limit" } else { "" };
        let (least, most) = (allowed.start(), allowed.end());
        TenancyError::Invalid(format!("limit {name} is a whole number from {least} to {most}, not {value}{off}"))
    }
}

impl<T: Copy> Each<T> {
    fn get(self, limit: AddressLimit) -> T {
        match limit {
            AddressLimit::RequestsPerSecond => self.requests_per_second,
            AddressLimit::RequestsBurst => self.requests_burst,
            AddressLimit::FailuresPerSecond => self.failures_per_second,
            AddressLimit::FailuresBurst => self.failures_burst,
        }
    }

    fn with(self, limit: AddressLimit, value: T) -> Self {
        match limit {
            AddressLimit::RequestsPerSecond => Self { requests_per_second: value, ..self },
            AddressLimit::RequestsBurst => Self { requests_burst: value, ..self },
            AddressLimit::FailuresPerSecond => Self { failures_per_second: value, ..self },
            AddressLimit::FailuresBurst => Self { failures_burst: value, ..self },
        }
    }
}

impl AddressLimits {
    /// Those that a function tells.
    pub fn each(value: impl Fn(AddressLimit) -> u32) -> Self {
        Self(Each {
            requests_per_second: value(AddressLimit::RequestsPerSecond),
            requests_burst: value(AddressLimit::RequestsBurst),
            failures_per_second: value(AddressLimit::FailuresPerSecond),
            failures_burst: value(AddressLimit::FailuresBurst),
        })
    }

    /// What one of them is.
    #[must_use]
    pub fn get(self, limit: AddressLimit) -> u32 {
        self.0.get(limit)
    }
}

impl SetAddressLimits {
    /// What one of them was set to.
    #[must_use]
    pub fn get(self, limit: AddressLimit) -> Option<u32> {
        self.0.get(limit)
    }

    /// What is in force where the settings have these.
    #[must_use]
    pub fn over(self, settings: AddressLimits) -> AddressLimits {
        AddressLimits::each(|limit| self.get(limit).unwrap_or_else(|| settings.get(limit)))
    }

    /// These after changes by name, all or none. `null` brings back what the settings have.
    ///
    /// # Errors
    /// [`TenancyError::Invalid`] names the limit that is unknown or has a wrong value.
    pub fn changed(self, changes: &Map<String, Value>) -> Result<Self, TenancyError> {
        changes.iter().try_fold(self, |limits, (name, value)| {
            let limit = AddressLimit::parse(name)?;
            Ok(limits.with(limit, limit.read(value)?))
        })
    }

    fn with(self, limit: AddressLimit, value: Option<u32>) -> Self {
        Self(self.0.with(limit, value))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn changed(limits: SetAddressLimits, changes: Value) -> Result<SetAddressLimits, String> {
        let Value::Object(changes) = changes else { panic!("an object") };
        limits.changed(&changes).map_err(|error| error.to_string())
    }

    #[test]
    fn what_was_set_is_in_force_and_the_rest_is_as_the_settings_have_it() {
        let position = |limit| AddressLimit::ALL.iter().position(|known| *known == limit).unwrap();
        let settings = AddressLimits::each(|limit| 10 + u32::try_from(position(limit)).unwrap());
        let none = SetAddressLimits::default();
        assert_eq!(none.over(settings), settings);
        let some = changed(none, json!({ "address_requests_per_second": 0, "address_burst": 7 })).unwrap();
        assert_eq!(AddressLimit::ALL.map(|limit| some.over(settings).get(limit)), [0, 11, 12, 7]);
        let back = changed(some, json!({ "address_requests_per_second": null })).unwrap();
        assert_eq!(AddressLimit::ALL.map(|limit| back.over(settings).get(limit)), [10, 11, 12, 7]);
    }

    #[test]
    fn a_wrong_one_is_named_with_what_is_allowed() {
        for (changes, sentence) in [
            (json!({ "colour": 1 }), "no limit is named colour; there are address_requests_per_second, "),
            (json!({ "address_burst": 0 }), "limit address_burst is a whole number from 1 to 1000000000, not 0"),
            (
                json!({ "address_requests_per_second": -1 }),
                "limit address_requests_per_second is a whole number from 0 to 1000000000, not -1; 0 is no limit",
            ),
            (json!({ "address_per_second": 1.5 }), "limit address_per_second is a whole number"),
            (json!({ "address_requests_burst": "many" }), "limit address_requests_burst is a whole number"),
            (json!({ "address_requests_burst": 1_000_000_001 }), "limit address_requests_burst is a whole number"),
            (json!({ "address_requests_burst": u64::MAX }), "limit address_requests_burst is a whole number"),
        ] {
            let refused = changed(SetAddressLimits::default(), changes).unwrap_err();
            assert!(refused.starts_with(sentence), "{refused}");
        }
    }
}
