//! How one search is answered.

use scim::{Filter, Operator, ResourceKind};

use super::{List, Search};
use crate::key;
use crate::read::Key;

/// The cheapest way to the candidates.
#[derive(Debug)]
pub(super) enum Plan {
    /// One key of an index; lookups that wait at the same time share a statement.
    Keyed {
        key: Key,
        /// Whether what the index finds is what the filter matches.
        exact: bool,
    },
    /// The rows of the type in the order of creation.
    Rows,
}

impl List {
    /// Whether many rows are read of which few are shown.
    pub(crate) fn is_long(&self) -> bool {
        let is_long = |search: &Search| {
            let Search { kind, filter, sort } = search;
            sort.is_some() || (filter.is_some() && matches!(Plan::of(*kind, filter.as_ref()), Plan::Rows))
        };
        self.searches.iter().any(is_long)
    }
}

impl Plan {
    pub(super) fn of(kind: ResourceKind, filter: Option<&Filter>) -> Self {
        let Some(filter) = filter else { return Self::Rows };
        match keyed(kind, filter) {
            Some((key, exact)) => Self::Keyed { key, exact },
            None => Self::Rows,
        }
    }
}

/// A key that everything the filter matches has.
fn keyed(kind: ResourceKind, filter: &Filter) -> Option<(Key, bool)> {
    match filter {
        Filter::And(filters) => filters.iter().find_map(|filter| keyed(kind, filter)).map(|(key, _)| (key, false)),
        Filter::Element { attribute, filter } if attribute.is_core("emails") => match &**filter {
            Filter::And(filters) => filters.iter().find_map(|filter| keyed(kind, filter)).map(|(key, _)| (key, false)),
            filter => keyed(kind, filter),
        },
        Filter::Compare(comparison) if comparison.operator == Operator::Equal => {
            let path = &comparison.path;
            let text = comparison.literal.folded().filter(|_| path.extension.is_none())?;
            let indexed = key::exact(text);
            let exact = indexed == text;
            let key = match (path.attribute.name.as_str(), path.sub.as_ref().map(|sub| sub.name.as_str())) {
                ("id", None) => Key::Id(key::id(text)?),
                ("userName", None) if kind == ResourceKind::User => Key::UserName(indexed.into_owned()),
                ("externalId", None) => Key::ExternalId(indexed.into_owned()),
                ("displayName", None) => Key::DisplayName(indexed.into_owned()),
                ("emails", Some("value")) if kind == ResourceKind::User => Key::Email(indexed.into_owned()),
                _ => return None,
            };
            Some((key, exact))
        }
        _ => None,
    }
}
