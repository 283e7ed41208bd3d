//! How one search is answered.

use scim::{Filter, Operator, ResourceKind};

use super::lower::{Reach, reach};
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
            match (Plan::of(*kind, filter.as_ref()), filter) {
                (Plan::Keyed { .. }, _) => false,
                (Plan::Rows, None) => sort.is_some(),
                (Plan::Rows, Some(filter)) => reach(*kind, filter) > Reach::Few,
            }
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

#[cfg(test)]
mod tests {
    use scim::{Dialect, Schemas, SortBy};

    use super::*;
    use crate::Include;
    use crate::list::PageRequest;

    fn is_long(kind: ResourceKind, filter: &str, sort: &str) -> bool {
        let of = Schemas::standard();
        let filter = Some(filter).filter(|text| !text.is_empty());
        let filter = filter.map(|text| Filter::parse(text, of.of(kind), &mut Dialect::lenient()).unwrap());
        let sort = Some(sort).filter(|text| !text.is_empty());
        let sort = sort.map(|text| SortBy::parse(text, of.of(kind), &mut Dialect::lenient()).unwrap());
        let page = PageRequest::Index { start: 1, count: 10 };
        let searches = vec![Search { kind, filter, sort }];
        List { searches, descending: false, page, include: Include::NOTHING, base: String::new() }.is_long()
    }

    #[test]
    fn what_clients_look_up_is_short_and_what_reads_everybody_is_long() {
        let id = "0190a6b2-0000-7000-8000-000000000000";
        for (filter, sort) in [
            ("", ""),
            ("userName eq \"a\"", "userName"),
            ("externalId eq \"a\" or userName eq \"b\"", ""),
            ("emails[type eq \"work\"].value eq \"a@b\" and title pr", ""),
            ("active eq true and userName eq \"a\"", ""),
        ] {
            assert!(!is_long(ResourceKind::User, filter, sort), "{filter} {sort}");
        }
        assert!(!is_long(ResourceKind::Group, &format!("members.value eq \"{id}\""), ""));
        for (filter, sort) in [
            ("", "userName"),
            ("title eq \"a\"", ""),
            ("title pr", ""),
            ("userName sw \"a\"", ""),
            ("active eq false", ""),
            ("meta.lastModified gt \"2026-01-01T00:00:00Z\"", ""),
            ("userName eq \"a\" or title eq \"b\"", ""),
            ("not (userName eq \"a\")", ""),
        ] {
            assert!(is_long(ResourceKind::User, filter, sort), "{filter} {sort}");
        }
        assert!(is_long(ResourceKind::User, &format!("groups.value eq \"{id}\""), ""));
    }
}
