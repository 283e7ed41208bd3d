//! SCIM 2.0 as values and functions: schemas, filters, PATCH, views, lists and bulk (RFC 7643, RFC 7644, RFC 9865).
//!
//! Everything here is pure: no clock, no network, no database, no `async`. Text and JSON come in, checked values or a
//! [`ScimError`] with a sentence a person can act on come out. What real clients send beside the RFC is accepted, each
//! deviation in one named place, and reported through [`Dialect`]; a strict dialect refuses it instead.
//!
//! The crate does not store, authenticate or count anything.
//!
//! A body becomes a [`Draft`], a PATCH turns one [`Resource`] into another, and a [`Filter`] asks about it:
//!
//! ```
//! use scim::{Dialect, Draft, Filter, Patch, ResourceKind, Schemas};
//! use serde_json::json;
//!
//! # fn main() -> Result<(), scim::ScimError> {
//! let schemas = Schemas::standard();
//! let users = schemas.of(ResourceKind::User);
//! let mut dialect = Dialect::lenient();
//!
//! let body = json!({
//!     "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
//!     "userName": "ada@acme.example",
//! });
//! let ada = Draft::parse(body, users, &mut dialect)?.creating().resource;
//!
//! // As Microsoft Entra ID sends it.
//! let body = json!({
//!     "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
//!     "Operations": [
//!         {"op": "Replace", "path": "active", "value": "False"},
//!         {"op": "Add", "path": "emails[type eq \"work\"].value", "value": "ada@acme.example"},
//!     ],
//! });
//! let patch = Patch::parse(body, users, 1_000, &mut dialect)?;
//! let patched = patch.apply(&ada, users, &mut dialect)?;
//! assert!(!patched.active());
//!
//! let filter = Filter::parse("emails[value ew \"@ACME.example\"]", users, &mut dialect)?;
//! assert!(filter.matches(patched.attributes()));
//! assert_eq!(dialect.repaired().iter().count(), 3); // `Replace`, `"False"`, and the e-mail that was not there
//! # Ok(())
//! # }
//! ```

mod bulk;
mod dialect;
pub mod discovery;
mod error;
mod filter;
mod fold;
mod list;
mod message;
mod moment;
mod password;
mod patch;
mod path;
mod resource;
mod schema;
mod security_event;
mod view;

pub use bulk::{BulkAction, BulkDone, BulkOperation, BulkRefusal, BulkRequest, BulkRun, BulkTask};
pub use dialect::{Dialect, Quirk, Quirks};
pub use error::{ScimError, ScimType};
pub use filter::{Comparison, Filter, Literal, MAX_FILTER_DEPTH, MAX_FILTER_LENGTH, MAX_FILTER_TERMS, Operator, Text};
pub use fold::fold;
pub use list::{ListHead, ListQuery, ListWriter, Page, SortBy, SortKey};
pub use password::Password;
pub use patch::{MemberStep, Patch};
pub use path::{AttributePath, Path, Target};
pub use resource::{Change, Draft, Member, Resource, changes, check};
pub use schema::{Attribute, Kind, Mutability, ResourceKind, ResourceType, Returned, Schema, Schemas, Uniqueness};
pub use security_event::{EventContent, SecurityEvent};
pub use view::{MemberReference, Projection, Stored, VersionTag, render, to_tree};
