//! Finding resources: filters that an index answers, filters that are evaluated, order and pages.

mod cursor;
mod lister;
mod lower;
mod page;
mod plan;
mod scan;
mod searchers;
mod sorted;
mod text;

use scim::{Filter, ResourceKind, SortBy};
use serde::{Deserialize, Serialize};

use crate::{Include, Record};

pub(crate) use lister::Lister;
pub(crate) use searchers::Searchers;

/// What is looked for, and which part of it is wanted.
#[derive(Clone, Debug)]
pub struct List {
    /// One search for each type; a query on the root has two. Results of the first come before those of the second.
    pub searches: Vec<Search>,
    /// Whether the order is reversed; only with a sort.
    pub descending: bool,
    /// Which part.
    pub page: PageRequest,
    /// What is read beside the documents.
    pub include: Include,
    /// The base URL that the client used: filters see the locations that the client sees.
    pub base: String,
}

/// The resources of one type that match.
#[derive(Clone, Debug)]
pub struct Search {
    /// The type.
    pub kind: ResourceKind,
    /// Which of them; `None` for all.
    pub filter: Option<Filter>,
    /// In which order; `None` for the order of creation.
    pub sort: Option<SortBy>,
}

/// Which part of the result is wanted.
#[derive(Clone, Debug)]
pub enum PageRequest {
    /// By number (RFC 7644 section 3.4.2.4).
    Index {
        /// The first one, counted from 1.
        start: u64,
        /// At most so many.
        count: u32,
    },
    /// By place (RFC 9865).
    Cursor {
        /// What the page comes after; `None` for the first page.
        after: Option<CursorPosition>,
        /// At most so many.
        count: u32,
    },
}

/// Where a page ended. It grants nothing: whoever takes it from a client must have sealed it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CursorPosition {
    /// Which search.
    pub(crate) search: usize,
    /// The place in the order of creation.
    pub(crate) position: i64,
    /// The place in the order that was asked for.
    pub(crate) key: Option<scim::SortKey>,
}

/// One page.
#[derive(Clone, Debug)]
pub struct Listing {
    /// How many match in all. With a cursor and a filter it is not counted.
    pub total: Option<u64>,
    /// The page.
    pub records: Vec<Record>,
    /// Where the next page starts; `None` on the last one, and on pages by number.
    pub next: Option<CursorPosition>,
}
