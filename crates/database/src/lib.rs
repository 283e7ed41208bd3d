//! The database under the service: SQLite for one process, PostgreSQL 15 or newer otherwise.
//!
//! It promises a connection set up for durable writes and steady plans, an up-to-date set of tables, that only one
//! process writes at a time, and one way to send many rows in one statement on both databases ([`rows`]). It knows no
//! table: each crate owns its own.

mod address;
mod error;
mod exclusive;
mod fault;
mod open;
mod query;
mod replaced;
pub mod rows;
mod silence;
mod sqlite;
#[cfg(test)]
mod tests;

pub use address::check_url;
pub use error::DatabaseError;
pub use exclusive::Exclusive;
pub use fault::Fault;
pub use migrations::Migrated;
pub use open::{Database, Settings};
pub use sqlite::sqlite_file;
