//! What a PATCH comes down to: steps that each change one place.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::filter::Filter;
use crate::view::{has_part, on_request};
use crate::{Attribute, AttributePath, Schema};

/// The three operations of RFC 7644 section 3.5.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Add,
    Replace,
    Remove,
}

impl Action {
    /// The operation of this name, in any letter case (Entra: `Add`, `Replace`, `Remove`).
    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::Add, Self::Replace, Self::Remove].into_iter().find(|action| action.as_str().eq_ignore_ascii_case(text))
    }

    /// The name as the RFC spells it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Replace => "replace",
            Self::Remove => "remove",
        }
    }
}

/// One change of one place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    /// What the client called it; decides which error a required attribute gives.
    pub(super) action: Action,
    pub(super) place: Place,
    pub(super) change: Change,
}

impl Step {
    /// The paths of what is changed, as far as it is returned on request.
    pub(super) fn on_request(&self) -> Vec<String> {
        let (Place::Attribute(path) | Place::Elements(path, _)) = &self.place else { return Vec::new() };
        on_request(&path.attribute, &path.to_string(), |part| self.change.names(part))
    }
}

/// What is changed. Paths here have no sub-attribute: changing one is a [`Change::Merge`] of what holds it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    /// A whole extension.
    Extension(Arc<Schema>),
    /// An attribute.
    Attribute(AttributePath),
    /// The elements of a multi-valued attribute that satisfy the filter; all of them without one.
    Elements(AttributePath, Option<Filter>),
}

impl Place {
    /// Whether it is this core attribute or a part of it.
    pub(super) fn is_core(&self, name: &str) -> bool {
        match self {
            Self::Extension(_) => false,
            Self::Attribute(path) | Self::Elements(path, _) => path.is_core(name),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Extension(schema) => out.write_str(&schema.id),
            Self::Attribute(path) | Self::Elements(path, None) => write!(out, "{path}"),
            Self::Elements(path, Some(filter)) => {
                write!(out, "{path}")?;
                crate::filter::write_bracketed(filter, out)
            }
        }
    }
}

/// What happens there. Values are normalised: they have the attribute's type and the letter case of its schema.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    /// The value becomes this one: a simple value, or the whole array.
    Set(Value),
    /// These elements join those that are there.
    Append(Vec<Value>),
    /// Sub-attributes are set or unassigned; those not named stay (RFC 7644 section 3.5.2.3).
    Merge(Merge),
    /// These elements go (Q12: `remove` with a value).
    Withdraw(Vec<Value>),
    /// The value goes.
    Unassign,
}

impl Change {
    /// Whether it speaks of this sub-attribute.
    fn names(&self, part: &str) -> bool {
        match self {
            Self::Set(value) => has_part(value, part),
            Self::Append(elements) => elements.iter().any(|element| has_part(element, part)),
            Self::Merge(merge) => {
                merge.set.contains_key(part)
                    || merge.withdraw.contains_key(part)
                    || merge.unset.iter().any(|sub| sub.name == part)
            }
            Self::Withdraw(_) | Self::Unassign => false,
        }
    }
}

/// Sub-attributes to set, to unassign, and to take elements from.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Merge {
    pub(super) set: Map<String, Value>,
    pub(super) unset: Vec<Arc<Attribute>>,
    pub(super) withdraw: Map<String, Value>,
}
