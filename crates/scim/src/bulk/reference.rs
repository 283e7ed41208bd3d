//! `bulkId:x` stands for the id of a resource that the same request creates (RFC 7644 section 3.7.2).
//!
//! A reference is a whole text (`"value": "bulkId:x"`), the end of a `$ref`, or a quoted literal in a PATCH path or in
//! a key that is one. No real id contains `bulkId` (RFC 7643 section 3.1), so nothing else is mistaken for one.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::Value;

use super::BulkAction;
use super::places::{in_attribute, in_data};
use crate::{ResourceKind, ScimError};

/// Finds where in a text references stand, each with its prefix.
pub(super) type Finder = fn(&str) -> Vec<Range<usize>>;

const PREFIX: &str = "bulkId:";

/// The bulkId that a whole text refers to.
pub(super) fn named(text: &str) -> Option<&str> {
    text.strip_prefix(PREFIX).filter(|name| !name.is_empty())
}

/// What became of each bulkId so far: its id, or `None` if it could not be created.
#[derive(Debug, Default)]
pub(super) struct BulkIds(pub(super) HashMap<String, Option<String>>);

impl BulkIds {
    /// The id behind a bulkId.
    pub(super) fn id(&self, name: &str) -> Result<&str, ScimError> {
        match self.0.get(name) {
            Some(Some(id)) => Ok(id),
            Some(None) => Err(ScimError::new(409, format!("the resource with bulkId \"{name}\" was not created"))),
            None => Err(ScimError::invalid_value(format!("no POST of this request has the bulkId \"{name}\""))),
        }
    }

    /// Fills in every reference of an operation.
    pub(super) fn fill(&self, action: &mut BulkAction) -> Result<(), ScimError> {
        if let Some(id) = action.id_mut() {
            self.fill_text(id)?;
        }
        in_data(action, &mut |text, finder| self.fill_places(text, finder))
    }

    pub(super) fn fill_text(&self, text: &mut String) -> Result<(), ScimError> {
        self.fill_places(text, places)
    }

    fn fill_places(&self, text: &mut String, finder: Finder) -> Result<(), ScimError> {
        let places = finder(text);
        if places.is_empty() {
            return Ok(());
        }
        let (mut filled, mut end) = (String::with_capacity(text.len()), 0);
        for place in places {
            filled.push_str(text.get(end..place.start).unwrap_or_default());
            end = place.end;
            filled.push_str(self.id(name_at(text, &place))?);
        }
        filled.push_str(text.get(end..).unwrap_or_default());
        *text = filled;
        Ok(())
    }
}

/// The bulkIds that an operation refers to.
pub(super) fn references(action: &mut BulkAction) -> Vec<String> {
    let mut names: Vec<_> = action.id().and_then(named).map(str::to_owned).into_iter().collect();
    // Keys that are given twice are refused when the references are filled in.
    let _ = in_data(action, &mut |text, finder| collect(text, finder, &mut names));
    names
}

/// Whether the value of this attribute refers to one of these bulkIds.
pub(super) fn mentions(kind: ResourceKind, path: &str, value: &mut Value, wanted: &[String]) -> bool {
    let mut names = Vec::new();
    let _ = in_attribute(kind, path, value, &mut |text, finder| collect(text, finder, &mut names));
    names.iter().any(|name| wanted.contains(name))
}

fn collect(text: &str, finder: Finder, names: &mut Vec<String>) -> Result<(), ScimError> {
    names.extend(finder(text).iter().map(|place| name_at(text, place).to_owned()));
    Ok(())
}

fn name_at<'a>(text: &'a str, place: &Range<usize>) -> &'a str {
    text.get(place.clone()).and_then(named).unwrap_or_default()
}

/// Where in a text the references stand, each with its prefix.
pub(super) fn places(text: &str) -> Vec<Range<usize>> {
    if !text.contains(PREFIX) {
        return Vec::new();
    }
    if named(text).is_some() {
        return std::iter::once(0..text.len()).collect();
    }
    let in_url = text.rfind("/bulkId:").map(|slash| slash + 1..text.len());
    match in_url.filter(|place| !text.contains(['"', ' ']) && place.len() > PREFIX.len()) {
        Some(place) => std::iter::once(place).collect(),
        None => literals(text),
    }
}

/// The quoted literals that are references: `members[value eq "bulkId:x"]`.
pub(super) fn literals(text: &str) -> Vec<Range<usize>> {
    let mut places = Vec::new();
    let mut start = 0;
    while let Some(quote) = text.get(start..).and_then(|rest| rest.find("\"bulkId:")) {
        let begin = start + quote + 1;
        let Some(length) = text.get(begin..).and_then(|rest| rest.find('"')) else { break };
        if length > PREFIX.len() {
            places.push(begin..begin + length);
        }
        start = begin + length;
    }
    places
}
