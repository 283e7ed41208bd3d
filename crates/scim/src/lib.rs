//! SCIM 2.0 as values and functions: schemas, filters, PATCH, views, lists and bulk (RFC 7643, RFC 7644, RFC 9865).
//!
//! Everything here is pure: no clock, no network, no database, no `async`. Text and JSON come in, checked values or a
//! [`ScimError`] with a sentence a person can act on come out. What real clients send beside the RFC is accepted, each
//! deviation in one named place, and reported through [`Dialect`]; a strict dialect refuses it instead.
//!
//! The crate does not store, authenticate or count anything.

mod bulk;
mod dialect;
pub mod discovery;
mod error;
mod filter;
mod fold;
mod list;
mod message;
mod patch;
mod path;
mod resource;
mod schema;
mod view;

pub use bulk::{BulkAction, BulkDone, BulkOperation, BulkRequest, BulkRun, BulkTask};
pub use dialect::{Dialect, Quirk, Quirks};
pub use error::{ScimError, ScimType};
pub use filter::{Comparison, Filter, Literal, MAX_FILTER_DEPTH, MAX_FILTER_LENGTH, MAX_FILTER_TERMS, Operator, Text};
pub use fold::fold;
pub use list::{ListHead, ListQuery, ListWriter, Page, SortBy, SortKey};
pub use patch::{MemberStep, Patch};
pub use path::{AttributePath, Path, Target};
pub use resource::{Change, Draft, Resource, changes, check};
pub use schema::{Attribute, Kind, Mutability, ResourceKind, ResourceType, Returned, Schema, Schemas, Uniqueness};
pub use view::{MemberReference, Projection, Stored, render, to_tree};
