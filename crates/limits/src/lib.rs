//! How often somebody may ask: buckets that fill at a rate and are emptied by requests.
//!
//! In one process a bucket is counted there. Several processes share a bucket through Redis, and the crate promises that
//! together they let no more through than one would: in any span of time the burst and what the rate yields in it. To
//! keep Redis out of the way of requests, each process leases some requests ahead, as many as it is about to need; what
//! is leased and not used counts as used until it is given back or its time is over. Nobody waits for Redis longer than
//! [`PATIENCE`]. Without Redis each process goes on with its share of the rate, and says so.
//!
//! It knows no tenants: a bucket is a name and a [`Rate`].

mod bucket;
mod lease;
mod local;
mod rate;
mod shared;

pub use bucket::{Bucket, Buckets};
pub use rate::Rate;
pub use shared::PATIENCE;

#[cfg(test)]
mod tests;
