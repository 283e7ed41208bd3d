//! What a profile makes of a user: members of the normalized user that are told in place of what was provisioned.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::target::Member;

/// Members of a normalized user that are always told: without them nobody could tell whom an event is about.
const ALWAYS: [&str; 5] = ["id", "userName", "active", "created", "lastModified"];

const USER_NAME: &str = "userName";
/// What the path of an attribute of the enterprise extension begins with (RFC 7643 section 4.3).
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:";

/// What is told of a user in place of what its client provisioned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mapped {
    /// Members of the normalized user; `null` where there is nothing.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    members: Map<String, Value>,
    /// Values of the application's own.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    application: Map<String, Value>,
    /// The only members that are told; all, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    only: Option<Vec<String>>,
}

impl Mapped {
    pub(crate) fn forwarding(only: Option<Vec<String>>) -> Self {
        Self { only, ..Self::default() }
    }

    /// Fills a member that no rule before has filled.
    pub(crate) fn fill(&mut self, member: &Member, values: Vec<Value>, many: bool) {
        match member {
            Member::Text(path) => {
                let text = values.into_iter().next().map_or(Value::Null, |value| match value {
                    Value::String(text) => text.into(),
                    other => other.to_string().into(),
                });
                // Somebody must be told by some name.
                if !(text.is_null() && *path == [USER_NAME]) {
                    put(&mut self.members, path, text);
                }
            }
            Member::List(name) => {
                let single = !many;
                let entries = values.into_iter().map(|value| json!({ "value": text(value), "primary": single }));
                put(&mut self.members, std::slice::from_ref(name), Value::Array(entries.collect()));
            }
            Member::Application(path) if many => put(&mut self.application, path, Value::Array(values)),
            Member::Application(path) => {
                if let Some(value) = values.into_iter().next() {
                    put(&mut self.application, path, value);
                }
            }
        }
    }

    /// Changes a normalized user, in the JSON that stores are told, to what the application is told.
    pub fn apply(&self, user: &mut Map<String, Value>) {
        overlay(user, &self.members);
        if !self.application.is_empty() {
            user.insert("application".to_owned(), Value::Object(self.application.clone()));
        }
        if let Some(only) = &self.only {
            user.retain(|name, value| keep(name, value, only));
        }
    }

    /// What differs between what was told before and what is told now, by the path within the normalized user: old and new.
    #[must_use]
    pub fn changes(before: &Self, after: &Self) -> Vec<(String, Option<Value>, Option<Value>)> {
        let mut changes = Vec::new();
        differences("", &before.members, &after.members, &mut changes);
        differences("application.", &before.application, &after.application, &mut changes);
        changes
    }

    /// Whether a change of this SCIM path is told: of a member that is told, or of a part of one.
    #[must_use]
    pub fn tells(&self, path: &str) -> bool {
        let Some(only) = &self.only else { return true };
        let member = member(path);
        let is_near = |known: &String| *known == member || is_below(member, known) || is_below(known, member);
        ALWAYS.contains(&member) || path == "password" || only.iter().any(is_near)
    }

    /// Whether a rule fills what this SCIM path changes.
    #[must_use]
    pub fn fills(&self, path: &str) -> bool {
        let mut known = Some(&self.members);
        for part in member(path).split('.') {
            match known.and_then(|members| members.get(part)) {
                Some(Value::Object(parts)) => known = Some(parts),
                other => return other.is_some(),
            }
        }
        true
    }

    /// What a member is told as; `None` where no rule fills it.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// Whether users have another `userName` than was provisioned.
    #[must_use]
    pub fn renames(&self) -> bool {
        self.members.contains_key(USER_NAME)
    }
}

/// The member of the normalized user that a SCIM path is of.
fn member(path: &str) -> &str {
    let path = path.strip_prefix(ENTERPRISE).unwrap_or(path);
    path.split('[').next().unwrap_or(path)
}

fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.starts_with('.'))
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// The first to fill a place has it.
fn put(map: &mut Map<String, Value>, path: &[String], value: Value) {
    match path {
        [] => {}
        [name] => {
            if map.get(name).is_none_or(is_nothing) {
                map.insert(name.clone(), value);
            }
        }
        [name, rest @ ..] => {
            if let Value::Object(inner) = map.entry(name.clone()).or_insert_with(|| Value::Object(Map::new())) {
                put(inner, rest, value);
            }
        }
    }
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

fn overlay(user: &mut Map<String, Value>, members: &Map<String, Value>) {
    for (name, value) in members {
        match value {
            Value::Null => drop(user.shift_remove(name)),
            Value::Object(parts) => {
                if let Value::Object(inner) = user.entry(name.clone()).or_insert_with(|| Value::Object(Map::new())) {
                    overlay(inner, parts);
                }
            }
            value => drop(user.insert(name.clone(), value.clone())),
        }
    }
}

fn keep(name: &str, value: &mut Value, only: &[String]) -> bool {
    if ALWAYS.contains(&name) || only.iter().any(|known| known == name) {
        return true;
    }
    let parts: Vec<&str> = only.iter().filter_map(|known| known.strip_prefix(name)?.strip_prefix('.')).collect();
    if parts.is_empty() {
        return false;
    }
    if let Value::Object(inner) = value {
        inner.retain(|part, _| parts.contains(&part.as_str()));
    }
    true
}

fn differences(
    prefix: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    changes: &mut Vec<(String, Option<Value>, Option<Value>)>,
) {
    let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
    for name in names {
        let told = |map: &Map<String, Value>| map.get(name).filter(|value| !value.is_null()).cloned();
        match (told(before), told(after)) {
            (old, new) if old == new => {}
            (Some(Value::Object(old)), Some(Value::Object(new))) => {
                differences(&format!("{prefix}{name}."), &old, &new, changes);
            }
            (old, new) => changes.push((format!("{prefix}{name}"), old, new)),
        }
    }
}
