//! Which attributes differ, by their SCIM paths.

use std::collections::BTreeSet;

use database::rows::Cell;
use events::normal::{Group, User};
use events::{Change, GroupChange, UserChange};
use scim::ResourceKind;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::super::SqlStore;
use super::super::fold::Last;
use super::super::rows::{self, Form};
use super::page::{There, table};
use crate::Failure;
use crate::drift::Here;

/// Columns that are compared and the SCIM paths of what they have.
pub(super) type Columns = &'static [(&'static str, &'static str)];

pub(super) const USER: Columns = &[
    ("external_id", "externalId"),
    ("user_name", "userName"),
    ("active", "active"),
    ("email", "emails"),
    ("formatted_name", "name.formatted"),
    ("given_name", "name.givenName"),
    ("family_name", "name.familyName"),
    ("middle_name", "name.middleName"),
    ("honorific_prefix", "name.honorificPrefix"),
    ("honorific_suffix", "name.honorificSuffix"),
    ("display_name", "displayName"),
    ("nick_name", "nickName"),
    ("title", "title"),
    ("user_type", "userType"),
    ("department", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"),
    ("organization", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:organization"),
    ("division", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:division"),
    ("cost_center", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter"),
    ("employee_number", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber"),
    ("manager_id", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"),
    ("manager_name", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"),
    ("preferred_language", "preferredLanguage"),
    ("locale", "locale"),
    ("timezone", "timezone"),
    ("profile_url", "profileUrl"),
];
pub(super) const GROUP: Columns = &[("external_id", "externalId"), ("display_name", "displayName")];

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// Members of the normalized user that are attributes of the enterprise extension.
const OF_ENTERPRISE: [&str; 6] = ["department", "organization", "division", "costCenter", "employeeNumber", "manager"];
/// What is not of the resource, or is compared elsewhere. Times are told by some events and not by others.
const APART: [&str; 5] = ["id", "groups", "created", "lastModified", "email"];

/// A row that is to be.
pub(super) enum Expected {
    User(Box<[Cell; 31]>),
    Group([Cell; 8]),
}

impl Expected {
    /// The cell of a column.
    fn cell(&self, column: &str) -> Option<&Cell> {
        match self {
            Self::User(cells) => rows::USERS.iter().zip(cells.iter()).find(|((name, _), _)| *name == column),
            Self::Group(cells) => rows::GROUPS.iter().zip(cells).find(|((name, _), _)| *name == column),
        }
        .map(|(_, cell)| cell)
    }
}

/// The row that the tables are to have of a resource.
pub(super) fn expected(form: Form, here: &Here) -> Result<Expected, Failure> {
    let (id, change) = (here.id.to_string(), Change { version: here.version, ..Change::default() });
    let (resource, moments) = (here.resource.clone(), here.moments);
    let changed = moments.last_modified.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let row = match here.kind {
        ResourceKind::User => {
            let user = User { moments, ..User::of(&id, &resource, &[]) }.told(here.mapped.as_ref());
            let user = user.map_err(|_| Failure::refused("a resource cannot be written as JSON"))?;
            let user = User { invitation: here.invitation, ..user };
            let told = UserChange { user, change, password_hash: None, resource };
            let last = Last { told: Some(&told), created: moments.created, changed };
            form.user(here.id, &last, &told).map(|row| Expected::User(Box::new(row)))
        }
        ResourceKind::Group => {
            let group = Group { moments, ..Group::of(&id, &resource) };
            let told = GroupChange { group, members: None, change, resource };
            let last = Last { told: Some(&told), created: moments.created, changed };
            form.group(here.id, &last, &told).map(Expected::Group)
        }
    };
    row.map_err(|_| Failure::refused("a resource cannot be written as JSON"))
}

impl SqlStore {
    /// The SCIM paths of what the tables have otherwise.
    pub(super) fn differing(&self, here: &Here, there: &There) -> Result<Vec<String>, Failure> {
        let expected = expected(Form { backend: self.names.backend, generation: 0 }, here)?;
        let (_, columns) = table(here.kind);
        let mut paths = BTreeSet::new();
        for ((column, path), found) in columns.iter().zip(&there.columns) {
            let wanted = match expected.cell(column) {
                Some(Cell::Text(text)) => Some(text.clone()),
                Some(Cell::Boolean(flag)) => Some(flag.to_string()),
                _ => None,
            };
            if wanted != *found {
                paths.insert((*path).to_owned());
            }
        }
        let Some(Cell::Text(data)) = expected.cell("data") else { return Ok(paths.into_iter().collect()) };
        match (serde_json::from_str(data), &there.data) {
            (Ok(Value::Object(expected)), Value::Object(found)) => data_paths(&expected, found, &mut paths),
            _ => drop(paths.insert("data".to_owned())),
        }
        Ok(paths.into_iter().collect())
    }
}

/// The paths of what is not the same in `data`.
fn data_paths(expected: &Map<String, Value>, found: &Map<String, Value>, paths: &mut BTreeSet<String>) {
    let names: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
    for name in names.into_iter().filter(|name| !APART.contains(&name.as_str())) {
        let (own, other) = (expected.get(name), found.get(name));
        if is_same(own, other) {
            continue;
        }
        match name.as_str() {
            "name" => parts(own, other, paths, |part| format!("name.{part}")),
            "custom" => parts(own, other, paths, str::to_owned),
            name if OF_ENTERPRISE.contains(&name) => drop(paths.insert(format!("{ENTERPRISE}:{name}"))),
            "application" => parts(own, other, paths, |part| format!("application.{part}")),
            name => drop(paths.insert(name.to_owned())),
        }
    }
}

/// The same of the parts of a value.
fn parts(own: Option<&Value>, other: Option<&Value>, paths: &mut BTreeSet<String>, path: impl Fn(&str) -> String) {
    let members = |value: Option<&Value>| value.and_then(Value::as_object).cloned().unwrap_or_default();
    let (own, other) = (members(own), members(other));
    for name in own.keys().chain(other.keys()).filter(|name| !is_same(own.get(*name), other.get(*name))) {
        paths.insert(path(name));
    }
}

/// Whether two values say the same. Databases write numbers in their own way.
fn is_same(own: Option<&Value>, other: Option<&Value>) -> bool {
    match (own, other) {
        (Some(Value::Number(own)), Some(Value::Number(other))) => own == other || own.as_f64() == other.as_f64(),
        (Some(Value::Array(own)), Some(Value::Array(other))) => {
            own.len() == other.len() && own.iter().zip(other).all(|(own, other)| is_same(Some(own), Some(other)))
        }
        (Some(Value::Object(own)), Some(Value::Object(other))) => {
            own.len() == other.len() && own.iter().all(|(name, own)| is_same(Some(own), other.get(name)))
        }
        (own, other) => own == other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(expected: &Value, found: &Value) -> Vec<String> {
        let mut paths = BTreeSet::new();
        data_paths(expected.as_object().unwrap(), found.as_object().unwrap(), &mut paths);
        paths.into_iter().collect()
    }

    #[test]
    fn what_differs_is_told_by_its_path_and_never_by_its_value() {
        let expected = json!({ "title": "Lead", "name": { "givenName": "Ada" }, "department": "D",
            "custom": { "urn:example:shoes": { "size": 1 } }, "emails": [{ "value": "a@x.example" }], "groups": [1] });
        let found = json!({ "title": "Boss", "name": { "givenName": "Ada", "familyName": "L" },
            "custom": {}, "emails": [], "created": "long ago" });
        let paths = [
            "emails",
            "name.familyName",
            "title",
            "urn:example:shoes",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        ];
        assert_eq!(told(&expected, &found), paths);
    }

    #[test]
    fn numbers_are_the_same_however_they_are_written() {
        let expected = json!({ "custom": { "u": { "n": [1.0, 1e2], "o": { "a": 1, "b": 2 } } } });
        let found = json!({ "custom": { "u": { "n": [1, 100], "o": { "b": 2, "a": 1 } } } });
        assert!(told(&expected, &found).is_empty());
    }
}
