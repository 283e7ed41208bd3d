//! Where the values of a rule come from.

use scim::{AttributePath, Dialect, MemberReference, Path, Resource, ResourceKind, ResourceType, Schemas, Target};
use serde_json::Value;

use crate::document::SourceEntry;

/// Where values come from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source {
    /// A SCIM path; of an attribute with several values, each.
    Path(Path),
    /// Always the same.
    Constant(Value),
    /// The first text of each path, with something between them.
    Join(Vec<Path>, String),
    /// The parts of a text.
    Split(Path, String),
    /// What is before the first of something, such as the mailbox of an address; nothing if it is not there.
    Before(Path, String),
    /// What is after it.
    After(Path, String),
    /// The names of the groups that the user is in, if they begin so, without that.
    Groups(String),
}

/// What a user is made of: what the client provisioned, and the groups it is in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given<'a> {
    pub(crate) resource: &'a Resource,
    pub(crate) groups: &'a [MemberReference],
}

impl Source {
    pub(crate) fn parse(entry: &SourceEntry, schemas: &Schemas) -> Result<Self, String> {
        let users = schemas.of(ResourceKind::User);
        let path = |text: &str| parse_path(text, users);
        Ok(match entry {
            SourceEntry::Path(text) => Self::Path(path(text)?),
            SourceEntry::Constant(entry) => Self::Constant(entry.constant.clone()),
            SourceEntry::Join(entry) => {
                Self::Join(entry.join.iter().map(|text| path(text)).collect::<Result<_, _>>()?, entry.with.clone())
            }
            SourceEntry::Split(entry) => Self::Split(path(&entry.split)?, not_empty("at", &entry.at)?),
            SourceEntry::Before(entry) => Self::Before(path(&entry.of)?, not_empty("before", &entry.before)?),
            SourceEntry::After(entry) => Self::After(path(&entry.of)?, not_empty("after", &entry.after)?),
            SourceEntry::Groups(entry) if entry.groups == "*" => Self::Groups(String::new()),
            SourceEntry::Groups(entry) => Self::Groups(not_empty("groups", &entry.groups)?),
        })
    }

    /// The attributes that it reads, for messages.
    pub(crate) fn origin(entry: &SourceEntry) -> String {
        match entry {
            SourceEntry::Path(path) => path.clone(),
            SourceEntry::Constant(_) => "a constant".to_owned(),
            SourceEntry::Join(entry) => entry.join.join(", "),
            SourceEntry::Split(entry) => entry.split.clone(),
            SourceEntry::Before(entry) => entry.of.clone(),
            SourceEntry::After(entry) => entry.of.clone(),
            SourceEntry::Groups(_) => "groups".to_owned(),
        }
    }

    /// Whether it changes with the groups that a user is in.
    pub(crate) fn reads_groups(&self) -> bool {
        matches!(self, Self::Groups(_))
    }

    /// The values, none of them empty.
    pub(crate) fn values(&self, given: Given<'_>) -> Vec<Value> {
        let texts = |path| all(path, given.resource).into_iter().filter_map(Value::as_str);
        let values: Vec<Value> = match self {
            Self::Path(path) => all(path, given.resource).into_iter().cloned().collect(),
            Self::Constant(value) => vec![value.clone()],
            Self::Join(paths, between) => {
                let parts: Vec<&str> = paths.iter().filter_map(|path| texts(path).next()).collect();
                vec![parts.join(between).into()]
            }
            Self::Split(path, at) => texts(path).flat_map(|text| text.split(at.as_str())).map(trimmed).collect(),
            Self::Before(path, mark) => {
                texts(path).filter_map(|text| text.split_once(mark.as_str())).map(|parts| trimmed(parts.0)).collect()
            }
            Self::After(path, mark) => {
                texts(path).filter_map(|text| text.split_once(mark.as_str())).map(|parts| trimmed(parts.1)).collect()
            }
            Self::Groups(beginning) => {
                let names = given.groups.iter().filter_map(|group| group.display.as_deref());
                names.filter_map(|name| name.strip_prefix(beginning.as_str())).map(trimmed).collect()
            }
        };
        values.into_iter().filter(|value| !is_empty(value)).collect()
    }
}

fn parse_path(text: &str, users: &ResourceType) -> Result<Path, String> {
    let path = Path::parse(text, users, &mut Dialect::strict()).map_err(|error| error.detail)?;
    path.ok_or_else(|| format!("\"{text}\" leads into an extension that the profile does not declare"))
}

fn not_empty(name: &str, text: &str) -> Result<String, String> {
    if text.is_empty() { Err(format!("\"{name}\" is empty")) } else { Ok(text.to_owned()) }
}

fn trimmed(text: &str) -> Value {
    text.trim().into()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Every value that a path selects, in the order in which the client sent them.
fn all<'a>(path: &Path, resource: &'a Resource) -> Vec<&'a Value> {
    match &path.target {
        Target::Resource(_) => Vec::new(),
        Target::Extension(schema) => resource.attributes().get(schema.id.as_ref()).into_iter().collect(),
        Target::Attribute(path) => of_attribute(path, resource),
        Target::Elements { attribute, filter, sub } => of_attribute(attribute, resource)
            .into_iter()
            .filter(|element| filter.matches_element(element))
            .filter_map(|element| match sub {
                Some(sub) => element.get(&sub.name),
                None => Some(element),
            })
            .collect(),
    }
}

fn of_attribute<'a>(path: &AttributePath, resource: &'a Resource) -> Vec<&'a Value> {
    let whole = AttributePath { sub: None, ..path.clone() };
    let values: Vec<&Value> = match resource.get(&whole) {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(value) => vec![value],
        None => Vec::new(),
    };
    match &path.sub {
        Some(sub) => values.into_iter().filter_map(|value| value.get(&sub.name)).collect(),
        None => values,
    }
}
