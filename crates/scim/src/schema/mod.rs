//! Schemas with every characteristic, declared once as data: validation, views, filters and discovery all read them.
//!
//! The declarations are the JSON documents that `/Schemas` shows (RFC 7643 section 7), so what is announced is what is
//! enforced. A tenant's extension schemas have the same form.

mod check;
mod definition;
mod lookup;
mod old;
mod schemas;
#[cfg(test)]
mod tests;

pub use definition::{Attribute, Kind, Mutability, Returned, Schema, Uniqueness};
pub(crate) use old::modern;
pub use schemas::{ResourceKind, ResourceType, Schemas};
