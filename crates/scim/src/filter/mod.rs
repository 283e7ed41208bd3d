//! Filters: the question a client asks about attributes (RFC 7644 section 3.4.2.2).
//!
//! Text becomes a [`Filter`] whose names are resolved and whose literals have the attribute's type. What cannot be
//! answered is refused while it is parsed, so that evaluation cannot fail.

mod cursor;
mod folded;
mod literal;
mod matches;
mod names;
mod operator;
mod parse;
mod print;
mod typed;
mod value;

#[cfg(test)]
mod tests;

pub(crate) use cursor::Gap;
pub use literal::{Literal, Text};
pub(crate) use matches::is_case_exact;
pub(crate) use names::{Unknown, is_hidden, shown};
pub use operator::Operator;
pub(crate) use parse::Parser;
pub(crate) use print::write_bracketed;
pub(crate) use typed::comparable;
pub(crate) use value::{is_assigned, of_resource};

use crate::AttributePath;

/// The longest filter that is read, in bytes.
pub const MAX_FILTER_LENGTH: usize = 8 * 1024;
/// How deep parentheses, `not` and brackets may nest.
pub const MAX_FILTER_DEPTH: usize = 32;
/// How many expressions one filter may have.
pub const MAX_FILTER_TERMS: usize = 256;

/// A checked filter. `And` and `Or` hold at least two filters, none of them of the same kind. [`Filter::Nothing`] stands
/// only at the top, alone or under one `Not`: elsewhere it has been resolved.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Every one matches.
    And(Vec<Filter>),
    /// At least one matches.
    Or(Vec<Filter>),
    /// It does not match.
    Not(Box<Filter>),
    /// The attribute has a value (`pr`). Inside [`Filter::Element`] a path without sub-attribute is the element.
    Present(AttributePath),
    /// The attribute compares like this.
    Compare(Comparison),
    /// One and the same element of the attribute satisfies the filter (`emails[type eq "work"]`).
    Element {
        /// The attribute whose elements are looked at; it has no sub-attribute.
        attribute: AttributePath,
        /// Names sub-attributes of that attribute only: `attribute` is the same, `sub` is set. Where elements are plain
        /// values (a multi-valued string), `sub` is `None` and the path means the element itself, written `value`.
        filter: Box<Filter>,
    },
    /// Never matches: the attribute does not exist for this resource type (root queries only, RFC 7644 section 3.4.2.1).
    Nothing,
}

/// An attribute, an operator and a literal.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// What is compared. Never a complex attribute, except with [`Literal::Null`].
    pub path: AttributePath,
    /// How.
    pub operator: Operator,
    /// With what; its type suits the attribute.
    pub literal: Literal,
}

impl Filter {
    /// All of these. Nested conjunctions become one; what can never match decides.
    #[must_use]
    pub fn all(filters: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(filters.len());
        for filter in filters {
            match filter {
                Self::And(inner) => flat.extend(inner),
                Self::Nothing => return Self::Nothing,
                filter if filter.is_everything() => {}
                filter => flat.push(filter),
            }
        }
        match flat.len() {
            0 => Self::negation(Self::Nothing),
            1 => flat.pop().unwrap_or(Self::Nothing),
            _ => Self::And(flat),
        }
    }

    /// Any of these. Nested alternatives become one; what can never match is left out.
    #[must_use]
    pub fn any(filters: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(filters.len());
        for filter in filters {
            match filter {
                Self::Or(inner) => flat.extend(inner),
                Self::Nothing => {}
                filter if filter.is_everything() => return filter,
                filter => flat.push(filter),
            }
        }
        if flat.len() > 1 { Self::Or(flat) } else { flat.pop().unwrap_or(Self::Nothing) }
    }

    /// The opposite.
    #[must_use]
    pub fn negation(filter: Self) -> Self {
        if filter.is_everything() { Self::Nothing } else { Self::Not(Box::new(filter)) }
    }

    /// Some element of the attribute satisfies the filter.
    #[must_use]
    pub fn element(attribute: AttributePath, filter: Self) -> Self {
        match filter {
            Self::Nothing => Self::Nothing,
            filter if filter.is_everything() => Self::Present(attribute),
            filter => Self::Element { attribute, filter: Box::new(filter) },
        }
    }

    /// Whether it is the filter that every resource matches: `Not(Nothing)`.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        matches!(self, Self::Not(filter) if **filter == Self::Nothing)
    }

    /// Whether it names this core attribute (canonical name) or a part of it, so that a caller knows what it must read.
    #[must_use]
    pub fn mentions(&self, core_attribute: &str) -> bool {
        match self {
            Self::And(filters) | Self::Or(filters) => filters.iter().any(|filter| filter.mentions(core_attribute)),
            Self::Not(filter) => filter.mentions(core_attribute),
            Self::Present(path) | Self::Compare(Comparison { path, .. }) | Self::Element { attribute: path, .. } => {
                path.is_core(core_attribute)
            }
            Self::Nothing => false,
        }
    }
}
