//! How several replicas of one deployment keep in step: the rules, and the Redis that carries their messages.
//!
//! [`protocol`] decides who may trust what it remembers and when a change is in force everywhere; it is values and
//! functions alone. [`Redis`] carries messages and counts limits. It promises that nobody waits long for Redis: connecting
//! and answering have short bounds, and a connection that broke is made again by itself. It promises nothing about
//! delivery: a message may be lost, and whoever sends one must be right without it. Two deployments that use one Redis do
//! not meet, because every name begins with the deployment's.
//!
//! It keeps nothing, and knows neither tenants nor tokens.

pub mod clock;
mod connection;
mod error;
mod living;
mod messages;
pub mod protocol;
mod replica;

pub use connection::{Redis, check_url};
pub use error::RedisError;
pub use living::Living;
pub use messages::{Heard, Messages};
pub use replica::ReplicaId;
