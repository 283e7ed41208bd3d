//! The event log: every change of a directory as one event, numbered per tenant without gaps, in commit order.
//!
//! It promises that an event is in the log exactly if its change is in the database (both are one transaction), and
//! that a reader who has seen number *n* has missed nothing before it. Bringing events to stores builds on it.

mod append;
mod event;
mod read;

pub use append::{insertion, rows};
pub use event::{Event, EventType, NewEvent};
pub use read::Events;
