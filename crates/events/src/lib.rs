//! The event log: every change of a directory as one event, numbered per tenant without gaps, in commit order.
//!
//! It promises that an event is in the log exactly if its change is in the database (both are one transaction), that a
//! reader who has seen number *n* has missed nothing before it, and that events have one form, whatever the client's
//! dialect was: the normalized user or group, and what changed. Bringing events to stores is the crate `delivery`.

mod announced;
mod append;
mod event;
mod event_type;
mod held;
mod logged;
pub mod normal;
mod password;
mod prune;
mod read;
mod streams;

pub use append::{NewEvent, insertion, rows};
pub use event::{Attributed, Change, Changed, Data, Event, GroupChange, Member, Moves, SCHEMA, UserChange};
pub use event_type::{EventType, UnknownType};
pub use held::deliverable;
pub use password::{PasswordHash, insertion_of_password_hashes, password_hashes};
pub use read::Events;
pub use streams::Streams;
