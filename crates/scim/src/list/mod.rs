//! Lists: what a query asks for, in which order and which page of it, and the message that answers.

mod form;
mod given;
mod query;
mod response;
mod search;
mod sort;

#[cfg(test)]
mod tests;

pub use response::{ListHead, ListWriter};
pub use sort::{SortBy, SortKey};

use crate::{Dialect, Filter, Projection, Quirk, ResourceKind, ResourceType, Schemas, ScimError};

/// One query for a list (RFC 7644 section 3.4.2), from the query string of a GET or the body of a `/.search`.
#[derive(Clone, Debug, PartialEq)]
pub struct ListQuery {
    /// The filter as sent, decoded once; read it with [`ListQuery::parse_filter`].
    pub filter: Option<String>,
    /// What to sort by, as sent; read it with [`ListQuery::parse_sort`].
    pub sort_by: Option<String>,
    /// Whether the order is reversed.
    pub descending: bool,
    /// Which part of the result.
    pub page: Page,
    /// Which attributes of each resource.
    pub view: Projection,
}

/// Which part of a result is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// By position (RFC 7644 section 3.4.2.4).
    Index {
        /// The first result, counted from 1.
        start: u64,
        /// At most so many results.
        count: Option<u32>,
    },
    /// By cursor (RFC 9865).
    Cursor {
        /// Where the page starts; empty for the first one.
        cursor: String,
        /// At most so many results.
        count: Option<u32>,
    },
}

impl Page {
    /// At most so many results, if the client said it.
    #[must_use]
    pub fn count(&self) -> Option<u32> {
        match self {
            Self::Index { count, .. } | Self::Cursor { count, .. } => *count,
        }
    }
}

impl ListQuery {
    /// The filter on resources of one type. An empty one is none, unless the dialect is strict.
    ///
    /// # Errors
    /// As [`Filter::parse`].
    pub fn parse_filter(&self, of: &ResourceType, dialect: &mut Dialect) -> Result<Option<Filter>, ScimError> {
        match self.filter_text(dialect)? {
            Some(text) => Filter::parse(text, of, dialect).map(Some),
            None => Ok(None),
        }
    }

    /// The filter of a query over all types, as it applies to one of them.
    ///
    /// # Errors
    /// As [`Filter::parse_root`].
    pub fn parse_root_filter(
        &self,
        schemas: &Schemas,
        kind: ResourceKind,
        dialect: &mut Dialect,
    ) -> Result<Option<Filter>, ScimError> {
        match self.filter_text(dialect)? {
            Some(text) => Filter::parse_root(text, schemas, kind, dialect).map(Some),
            None => Ok(None),
        }
    }

    fn filter_text(&self, dialect: &mut Dialect) -> Result<Option<&str>, ScimError> {
        let Some(text) = self.filter.as_deref() else {
            return Ok(None);
        };
        if text.trim().is_empty() {
            dialect.repair(Quirk::EmptyFilter, || ScimError::invalid_filter("the filter is empty"))?;
            return Ok(None);
        }
        Ok(Some(text))
    }

    /// What the result is sorted by.
    ///
    /// # Errors
    /// As [`SortBy::parse`].
    pub fn parse_sort(&self, of: &ResourceType, dialect: &mut Dialect) -> Result<Option<SortBy>, ScimError> {
        self.sort_by.as_deref().map(|name| SortBy::parse(name, of, dialect)).transpose()
    }

    /// What a query over all types is sorted by, for resources of one of them.
    ///
    /// # Errors
    /// As [`SortBy::parse_root`].
    pub fn parse_root_sort(
        &self,
        schemas: &Schemas,
        kind: ResourceKind,
        dialect: &mut Dialect,
    ) -> Result<Option<SortBy>, ScimError> {
        self.sort_by.as_deref().map(|name| SortBy::parse_root(name, schemas, kind, dialect)).transpose()
    }

    /// What a cursor is bound to: filter, order and projection, for a keyed digest. Letter case is left out, because
    /// the samples of RFC 9865 section 2 change it between two pages. `count` is not part of it: another count has its
    /// own keyword, `invalidCount`, so the cursor carries the count beside the digest.
    #[must_use]
    pub fn query_digest_input(&self) -> String {
        let order = if self.descending { "descending" } else { "ascending" };
        serde_json::json!([self.filter, self.sort_by, order, self.view.to_string()]).to_string().to_ascii_lowercase()
    }
}
