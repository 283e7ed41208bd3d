//! What a profile leaves to each tenant, and what a tenant has chosen.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::document::OptionEntry;

/// How many names one option may have.
const MOST_NAMES: usize = 1_000;

/// What a tenant may decide for itself.
#[derive(Clone, Debug, PartialEq)]
pub struct ProfileOption {
    /// What it decides, for people.
    pub title: String,
    /// Which values it takes.
    pub kind: OptionKind,
}

/// Which values an option takes, and which one it has where a tenant says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionKind {
    /// On or off.
    Switch {
        /// Where nothing is said.
        default: bool,
    },
    /// One of these.
    Choice {
        /// All there are.
        values: Vec<String>,
        /// Where nothing is said.
        default: String,
    },
    /// Any number of names, such as the tenant's own roles.
    Names {
        /// Where nothing is said.
        default: Vec<String>,
    },
}

/// The options of one tenant, every one with a value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Chosen(BTreeMap<String, Value>);

impl ProfileOption {
    pub(crate) fn of(entry: OptionEntry) -> Result<Self, String> {
        let (title, kind) = match entry {
            OptionEntry::Switch { title, default } => (title, OptionKind::Switch { default }),
            OptionEntry::Choice { title, values, default } => {
                if !values.contains(&default) {
                    return Err(format!("the default \"{default}\" is none of its values {}", quoted(&values)));
                }
                (title, OptionKind::Choice { values, default })
            }
            OptionEntry::Names { title, default } => (title, OptionKind::Names { default }),
        };
        Ok(Self { title, kind })
    }

    /// Its value where a tenant says nothing.
    #[must_use]
    pub fn default(&self) -> Value {
        match &self.kind {
            OptionKind::Switch { default } => (*default).into(),
            OptionKind::Choice { default, .. } => default.as_str().into(),
            OptionKind::Names { default } => default.clone().into(),
        }
    }

    /// Refuses a value that it does not take; says what it does.
    pub(crate) fn check(&self, value: &Value) -> Result<(), String> {
        match &self.kind {
            OptionKind::Switch { .. } if value.is_boolean() => Ok(()),
            OptionKind::Switch { .. } => Err("is true or false".to_owned()),
            OptionKind::Choice { values, .. } => match value.as_str() {
                Some(text) if values.iter().any(|known| known == text) => Ok(()),
                _ => Err(format!("is one of {}", quoted(values))),
            },
            OptionKind::Names { .. } => match value.as_array() {
                Some(names) if names.len() > MOST_NAMES => Err(format!("has at most {MOST_NAMES} names")),
                Some(names) if names.iter().all(is_name) => Ok(()),
                _ => Err("is a list of texts, none of them empty".to_owned()),
            },
        }
    }
}

impl Chosen {
    /// What a tenant says, and the defaults of what it does not.
    pub(crate) fn of(
        options: &BTreeMap<String, ProfileOption>,
        wanted: &Map<String, Value>,
        profile: &str,
    ) -> Result<Self, String> {
        for (name, value) in wanted {
            let Some(option) = options.get(name) else {
                return Err(match options.is_empty() {
                    true => format!("profile {profile} leaves no option open; \"{name}\" is none"),
                    false => format!(
                        "profile {profile} has no option \"{name}\"; there are {}",
                        quoted(&options.keys().cloned().collect::<Vec<_>>())
                    ),
                });
            };
            option.check(value).map_err(|sentence| format!("option \"{name}\" of profile {profile} {sentence}"))?;
        }
        let chosen = options
            .iter()
            .map(|(name, option)| (name.clone(), wanted.get(name).cloned().unwrap_or_else(|| option.default())));
        Ok(Self(chosen.collect()))
    }

    pub(crate) fn is(&self, name: &str, value: &Value) -> bool {
        self.0.get(name) == Some(value)
    }

    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.is(name, &Value::Bool(true))
    }

    pub(crate) fn names(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }
}

fn is_name(value: &Value) -> bool {
    value.as_str().is_some_and(|name| !name.trim().is_empty())
}

pub(crate) fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}
