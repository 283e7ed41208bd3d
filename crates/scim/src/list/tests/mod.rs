//! Tests of list queries, their order and their answers.

mod query;
mod response;
mod search;
mod sort;

use crate::{ListQuery, Page, ScimError, ScimType};

fn query(text: &str) -> ListQuery {
    ListQuery::from_query(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Start and count of a page by position.
fn index(text: &str) -> (u64, Option<u32>) {
    match query(text).page {
        Page::Index { start, count } => (start, count),
        page => panic!("{text}: {page:?}"),
    }
}

/// Cursor and count of a page by cursor.
fn cursor(text: &str) -> (String, Option<u32>) {
    match query(text).page {
        Page::Cursor { cursor, count } => (cursor, count),
        page => panic!("{text}: {page:?}"),
    }
}

fn refusal(result: Result<ListQuery, ScimError>) -> String {
    let error = result.unwrap_err();
    assert_eq!((error.status, error.scim_type), (400, Some(ScimType::InvalidValue)), "{error}");
    error.detail
}
