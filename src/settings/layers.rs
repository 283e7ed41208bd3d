//! Defaults, a file and the environment, one over the other; each value knows where it comes from.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::{DEFAULTS, Settings, variables};

/// The file that is read when it is there and none is named.
const USUAL_FILE: &str = "tenantry.toml";

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The program.
    Default,
    /// A file.
    File(PathBuf),
    /// An environment variable.
    Variable(String),
    /// An option of the command line.
    Option(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => out.write_str("default"),
            Self::File(path) => write!(out, "{}", path.display()),
            Self::Variable(name) => write!(out, "environment variable {name}"),
            Self::Option(name) => write!(out, "option {name}"),
        }
    }
}

/// A wrong setting, named so that one knows where to look.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("the settings file {path} cannot be read")]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("the settings file {path} is not TOML: {reason}")]
    Syntax { path: PathBuf, reason: String },
    #[error("no setting is named {name} (in {place}); {known}")]
    Unknown { name: String, place: Source, known: String },
    #[error("setting {name} (in {place}): {reason}")]
    Wrong { name: String, place: Source, reason: String },
    #[error("{0}")]
    Together(String),
}

/// The values by their full names, such as `server.listen`.
#[derive(Clone, Debug)]
pub(crate) struct Layers {
    values: BTreeMap<String, (Value, Source)>,
}

impl Layers {
    /// Reads everything.
    pub(crate) fn read(
        file: Option<&Path>,
        data_dir: Option<&Path>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, SettingsError> {
        let mut layers = Self::defaults();
        if let Some((path, table)) = read_file(file)? {
            for (name, value) in leaves(table) {
                layers.set(&name, value, Source::File(path.clone()))?;
            }
        }
        for (variable, text) in environment {
            layers.set_variable(&variable, &text)?;
        }
        if let Some(folder) = data_dir {
            let value = Value::String(folder.display().to_string());
            layers.set("data_dir", value, Source::Option("--data-dir"))?;
        }
        Ok(layers)
    }

    /// The settings they make.
    pub(crate) fn settings(&self) -> Result<Settings, SettingsError> {
        let settings = self.build().map_err(|error| SettingsError::Together(error.message().to_owned()))?;
        settings.check().map_err(SettingsError::Together)?;
        Ok(settings)
    }

    /// Every name with its value and where that comes from.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Value, &Source)> {
        self.values.iter().map(|(name, (value, source))| (name.as_str(), value, source))
    }

    fn defaults() -> Self {
        // A test reads them: they are part of the program.
        let table = DEFAULTS.parse::<Table>().unwrap_or_default();
        let values = leaves(table).into_iter().map(|(name, value)| (name, (value, Source::Default)));
        Self { values: values.collect() }
    }

    /// Sets one value. It is tried alone on the defaults first, so that what is wrong with it names it.
    fn set(&mut self, name: &str, value: Value, source: Source) -> Result<(), SettingsError> {
        if !self.values.contains_key(name) {
            return Err(SettingsError::Unknown { name: name.to_owned(), place: source, known: self.known(name) });
        }
        let mut alone = Self::defaults();
        alone.values.insert(name.to_owned(), (value.clone(), source.clone()));
        if let Err(error) = alone.build() {
            let reason = error.message().trim().to_owned();
            return Err(SettingsError::Wrong { name: name.to_owned(), place: source, reason });
        }
        self.values.insert(name.to_owned(), (value, source));
        Ok(())
    }

    /// `TENANTRY_SERVER__LISTEN` sets `server.listen`. A misspelt variable must not leave a default in force.
    fn set_variable(&mut self, variable: &OsString, text: &OsString) -> Result<(), SettingsError> {
        let Some(variable) = variable.to_str() else { return Ok(()) };
        let Some(name) = variables::setting(variable) else { return Ok(()) };
        let source = Source::Variable(variable.to_owned());
        let Some((default, _)) = self.values.get(&name) else {
            let known = match variables::nearest(&name, self.values.keys().map(String::as_str)) {
                Some(near) => format!("did you mean {near}? {}", self.known(&name)),
                None => self.known(&name),
            };
            return Err(SettingsError::Unknown { known, name, place: source });
        };
        let wrong = |reason| SettingsError::Wrong { name: name.clone(), place: source.clone(), reason };
        let text = text.to_str().ok_or_else(|| wrong("it is not UTF-8".to_owned()))?;
        let value = typed(text, default).map_err(wrong)?;
        self.set(&name, value, source)
    }

    /// The names beside which an unknown one would stand.
    fn known(&self, name: &str) -> String {
        let section = name.split_once('.').map_or("", |(section, _)| section);
        let inside: Vec<&str> =
            self.values.keys().filter_map(|known| known.strip_prefix(section)?.strip_prefix('.')).collect();
        if inside.is_empty() || section.is_empty() {
            let mut sections: Vec<&str> = self.values.keys().filter_map(|name| name.split('.').next()).collect();
            sections.dedup();
            return format!("there are data_dir and the sections {}", without_data_dir(&sections).join(", "));
        }
        format!("section {section} has {}", inside.join(", "))
    }

    fn build(&self) -> Result<Settings, toml::de::Error> {
        let mut root = Table::new();
        for (name, (value, _)) in &self.values {
            match name.split_once('.') {
                None => {
                    root.insert(name.clone(), value.clone());
                }
                Some((section, key)) => {
                    let table = root.entry(section).or_insert_with(|| Value::Table(Table::new()));
                    if let Value::Table(table) = table {
                        table.insert(key.to_owned(), value.clone());
                    }
                }
            }
        }
        root.try_into()
    }
}

fn without_data_dir<'a>(names: &[&'a str]) -> Vec<&'a str> {
    names.iter().copied().filter(|name| *name != "data_dir").collect()
}

fn read_file(named: Option<&Path>) -> Result<Option<(PathBuf, Table)>, SettingsError> {
    let path = named.unwrap_or(Path::new(USUAL_FILE));
    let text = match std::fs::read_to_string(path) {
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(|source| SettingsError::Unreadable { path: path.to_owned(), source })?,
    };
    let table = text.parse::<Table>();
    let reason = |error: toml::de::Error| error.to_string().trim().to_owned();
    let table = table.map_err(|error| SettingsError::Syntax { path: path.to_owned(), reason: reason(error) })?;
    Ok(Some((path.to_owned(), table)))
}

/// The values of a table by their full names. Only sections are tables.
fn leaves(table: Table) -> Vec<(String, Value)> {
    let mut leaves = Vec::new();
    for (name, value) in table {
        match value {
            Value::Table(section) => {
                leaves.extend(section.into_iter().map(|(key, value)| (format!("{name}.{key}"), value)))
            }
            value => leaves.push((name, value)),
        }
    }
    leaves
}

/// The text of a variable as a value of the same type as the default.
fn typed(text: &str, default: &Value) -> Result<Value, String> {
    match default {
        Value::Boolean(_) => {
            text.parse().map(Value::Boolean).map_err(|_| format!("\"{text}\" is neither true nor false"))
        }
        Value::Integer(_) => text.parse().map(Value::Integer).map_err(|_| format!("\"{text}\" is not a whole number")),
        Value::Array(_) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Ok(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
        }
        _ => Ok(Value::String(text.to_owned())),
    }
}
