//! What the service tells about itself (RFC 7644 section 4, RFC 7643 sections 5 to 7).
//!
//! Only what is served is announced, and nothing is ever null: Entra's reader of `/Schemas` stumbles over it.

mod capabilities;
mod form;
mod types;

pub use capabilities::{Capabilities, service_provider_config};
pub use types::{resource_type, resource_types, schema, schemas};

#[cfg(test)]
mod tests;
