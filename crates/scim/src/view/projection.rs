//! `attributes` and `excludedAttributes` (RFC 7644 section 3.9).

use std::fmt;

use serde_json::{Map, Value};

use super::selection::Selection;
use crate::{ResourceType, ScimError};

/// Names one request may list; more is no honest use.
const MOST_NAMES: usize = 200;

/// Which attributes an answer shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Projection {
    rule: Rule,
    names: Vec<String>,
    /// What the client has just written, of that which is returned on request.
    written: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Rule {
    #[default]
    Default,
    Only,
    Without,
}

impl Projection {
    /// Reads the two query parameters: names between commas.
    ///
    /// # Errors
    /// A 400 `invalidValue` if both are given (RFC 7644 section 3.9), or too many names.
    pub fn parse(attributes: Option<&str>, excluded: Option<&str>) -> Result<Self, ScimError> {
        let split = |list: &str| list.split(',').map(str::to_owned).collect::<Vec<_>>();
        Self::from_lists(&attributes.map(split).unwrap_or_default(), &excluded.map(split).unwrap_or_default())
    }

    /// The two lists of a search request (RFC 7644 section 3.4.3).
    ///
    /// # Errors
    /// As [`Projection::parse`].
    pub fn from_lists(attributes: &[String], excluded: &[String]) -> Result<Self, ScimError> {
        let (only, without) = (names(attributes), names(excluded));
        if only.len().max(without.len()) > MOST_NAMES {
            return Err(ScimError::invalid_value(format!("more than {MOST_NAMES} attributes are named")));
        }
        match (only.is_empty(), without.is_empty()) {
            (true, true) => Ok(Self::default()),
            (false, true) => Ok(Self { rule: Rule::Only, names: only, written: Vec::new() }),
            (true, false) => Ok(Self { rule: Rule::Without, names: without, written: Vec::new() }),
            (false, false) => Err(ScimError::invalid_value("give attributes or excludedAttributes, not both")),
        }
    }

    /// Shows these, too, unless the client has said which attributes it wants.
    pub(crate) fn and_written(self, written: Vec<String>) -> Self {
        Self { written, ..self }
    }

    /// Whether nothing was asked for or excluded.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.rule == Rule::Default
    }

    /// Whether `attributes` was given.
    #[must_use]
    pub fn names_attributes(&self) -> bool {
        self.rule == Rule::Only
    }

    /// Whether anything of this core attribute is shown, so that for example members need not be read (Entra sends
    /// `excludedAttributes=members` with every read of a group).
    #[must_use]
    pub fn includes(&self, of: &ResourceType, core_attribute: &str) -> bool {
        let Some(attribute) = of.attribute(core_attribute) else { return false };
        self.selection(of).shows(None, attribute)
    }

    /// Takes out of a whole resource what is not shown.
    pub(super) fn apply(&self, of: &ResourceType, map: &mut Map<String, Value>) {
        self.selection(of).apply(of, map);
    }

    /// Whether it takes out at most some of these attributes, each of them wholly.
    pub(super) fn excludes_only(&self, candidates: &[&str]) -> bool {
        let candidate = |name: &String| candidates.iter().any(|candidate| candidate.eq_ignore_ascii_case(name));
        self.rule != Rule::Only && self.names.iter().all(candidate)
    }

    /// Whether this name stands in `excludedAttributes`.
    pub(super) fn excludes(&self, name: &str) -> bool {
        self.rule == Rule::Without && self.names.iter().any(|excluded| excluded.eq_ignore_ascii_case(name))
    }

    fn selection(&self, of: &ResourceType) -> Selection {
        match self.rule {
            Rule::Default => Selection::without(&[], &self.written, of),
            Rule::Without => Selection::without(&self.names, &self.written, of),
            Rule::Only => Selection::only(&self.names, of),
        }
    }
}

/// The query parameter it came from; nothing by default.
impl fmt::Display for Projection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.names.join(",");
        match self.rule {
            Rule::Default => Ok(()),
            Rule::Only => write!(out, "attributes={names}"),
            Rule::Without => write!(out, "excludedAttributes={names}"),
        }
    }
}

fn names(list: &[String]) -> Vec<String> {
    list.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}
