//! The users and groups of one tenant, kept exactly as its client said.
//!
//! It promises that an answered change is durable together with its event, that changes of one tenant happen one after
//! the other whoever sends them, that what several clients ask at once shares round trips and commits, and that nothing
//! of one tenant can be reached through another: the only way to a [`Directory`] is a proof made by `tenancy`.
//!
//! It does not speak HTTP, decide who may call, or deliver events.

mod breaker;
mod collisions;
mod conversion;
mod directories;
mod error;
mod fingerprint;
mod invitation;
mod key;
mod list;
mod password;
mod pressure;
mod read;
mod record;
mod snapshot;
mod standing;
mod survey;
mod write;

pub use breaker::{
    Breaker, BreakerAlarm, BreakerDone, BreakerMode, BreakerNumbers, BreakerSettings, BreakerState, Trip,
};
pub use collisions::{Collision, Collisions};
pub use conversion::{Conversion, ConversionConflict, ConversionPlan, ConversionRefused, ConversionState, UserNames};
pub use directories::{Directories, Directory, Patched};
pub use error::DirectoryError;
pub use invitation::{
    Addressee, DueLetter, Invitation, InvitationRefused, InvitationsPage, Invitee, Letter, LinkState, MailState,
    Undelivered,
};
pub use list::{CursorPosition, List, Listing, PageRequest, Search};
pub use pressure::Work;
pub use record::{Actor, Condition, Include, Members, Membership, Record};
pub use snapshot::{Snapshot, SnapshotPart};
pub use standing::{Sought, Standing, StandingUser};

#[cfg(test)]
mod tests;
