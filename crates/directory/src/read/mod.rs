//! Reading single resources: lookups that wait at the same time share one statement.

mod loader;
mod lookup;
mod members;
mod pages;
mod row;

pub(crate) use loader::Loader;
pub(crate) use lookup::{Key, Lookup, Lookups};
pub(crate) use members::MemberReader;
pub(crate) use pages::Pages;
pub(crate) use row::{RECORD_COLUMNS, RECORD_COUNT, groups_expression, record, uuid};
