//! Bringing events to stores: any number of destinations for each tenant, each fed whole and in order.
//!
//! A store has a position in the tenant's event log. A worker that holds the store's lease reads on from there, brings the
//! events to the store and moves the position. It promises that every event that a store's filter lets through reaches it at
//! least once and in order, or is parked where an operator sees it, and that no store waits for another. What a store
//! is, is one trait ([`Store`]); each kind of store is one file that implements it.

mod dispatcher;
mod drift;
mod error;
mod links;
mod options;
mod passwords;
mod polls;
mod reader;
mod record;
mod running;
mod schedule;
mod seal;
mod snapshot;
mod store;
mod stores;
mod table;
#[cfg(test)]
mod tests;
mod worker;

pub use directory::{Sought, Standing, StandingUser};
pub use dispatcher::Dispatcher;
pub use drift::{Comparable, Comparison, Counts, Difference, DriftReport, Sort, Subject, Unrepaired, What};
pub use error::DeliveryError;
pub use options::{Exhausted, Options};
pub use polls::{Poll, Polled};
pub use reader::{LONGEST_WAIT, MOST, Page, Reader};
pub use record::{DeadLetter, Replay, State, StoreId, StoreRecord};
pub use seal::Vault;
pub use snapshot::Wish;
pub use store::{Failed, Failure, Kind, Opened, Opening, Place, Store, Unfinished, kinds};
pub use stores::{Beginning, Environment, NewStore, Part, Replayed, Resealed, Start, StoreKey, StoreNumbers, Stores};
