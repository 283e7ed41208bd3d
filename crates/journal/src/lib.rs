//! The provisioning log: what clients asked for users and groups and did not get, and why, in words of an administrator.
//!
//! It promises that noting a failure never waits and never fails a request, that what is noted is bounded (in memory, and for each
//! tenant in rows and days), and that it holds no token, no password and no body. It is no audit log: what could not be written, or
//! was too much at once, is counted and left out.

mod digest;
mod failure;
mod hint;
mod list;
mod merge;
mod prune;
mod queue;
mod rows;
mod write;

pub use digest::{Claimed, Digest};
pub use failure::{Failure, Named, Operation};
pub use list::{Logged, Page};
pub use queue::{Journal, Kept};
pub use rows::rows;
pub use sea_orm::DbErr;
pub use write::insertion;
