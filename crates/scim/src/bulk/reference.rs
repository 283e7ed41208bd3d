//! `bulkId:x` stands for the id of a resource that the same request creates (RFC 7644 section 3.7.2).
//!
//! A reference is a whole text (`"value": "bulkId:x"`), the end of a `$ref`, or a quoted literal in a PATCH path or in
//! a key that is one. No real id contains `bulkId` (RFC 7643 section 3.1), so nothing else is mistaken for one.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::{Map, Value};

use crate::ScimError;

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

    /// Fills in every reference.
    pub(super) fn fill(&self, value: &mut Value) -> Result<(), ScimError> {
        match value {
            Value::String(text) => self.fill_text(text),
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.fill(item)),
            Value::Object(members) => {
                members.values_mut().try_for_each(|member| self.fill(member))?;
                self.fill_keys(members)
            }
            _ => Ok(()),
        }
    }

    /// The keys of a PATCH value without path are paths.
    fn fill_keys(&self, members: &mut Map<String, Value>) -> Result<(), ScimError> {
        if members.keys().all(|key| literals(key).is_empty()) {
            return Ok(());
        }
        let mut filled = Map::with_capacity(members.len());
        for (mut key, member) in std::mem::take(members) {
            self.fill_places(&mut key, literals)?;
            if filled.contains_key(&key) {
                return Err(ScimError::invalid_syntax(format!("{key} is given twice")));
            }
            filled.insert(key, member);
        }
        *members = filled;
        Ok(())
    }

    pub(super) fn fill_text(&self, text: &mut String) -> Result<(), ScimError> {
        self.fill_places(text, places)
    }

    fn fill_places(&self, text: &mut String, places: fn(&str) -> Vec<Range<usize>>) -> Result<(), ScimError> {
        let places = places(text);
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

/// Calls `found` with each bulkId that `value` refers to.
pub(super) fn visit(value: &Value, found: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => places(text).iter().for_each(|place| found(name_at(text, place))),
        Value::Array(items) => items.iter().for_each(|item| visit(item, found)),
        Value::Object(members) => members.iter().for_each(|(key, member)| {
            literals(key).iter().for_each(|place| found(name_at(key, place)));
            visit(member, found);
        }),
        _ => {}
    }
}

/// Whether `value` refers to one of these bulkIds.
pub(super) fn mentions(value: &Value, names: &[String]) -> bool {
    let mut mentioned = false;
    visit(value, &mut |name| mentioned |= names.iter().any(|wanted| wanted == name));
    mentioned
}

fn name_at<'a>(text: &'a str, place: &Range<usize>) -> &'a str {
    text.get(place.clone()).and_then(named).unwrap_or_default()
}

/// Where in a text the references stand, each with its prefix.
fn places(text: &str) -> Vec<Range<usize>> {
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
fn literals(text: &str) -> Vec<Range<usize>> {
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
