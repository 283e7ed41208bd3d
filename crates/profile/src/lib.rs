//! Application profiles: what is particular to a product, as data.
//!
//! A profile says where the clients of an application find it, which prerequisites an operator marks as met, which roles
//! there are, and how what a client provisions becomes the normalized user that the application is told of. Each tenant
//! names its profile and decides what the profile leaves open. [`Profile`] is the application's, [`Applied`] a tenant's.
//!
//! Everything here is pure: TOML, resources of [`scim`] and JSON come in, checked values and sentences come out. No code
//! knows the name of an application. `docs/profiles.md` tells how to write one.

mod administrator;
mod applied;
mod breaker;
mod builtin;
mod document;
mod error;
mod invitation;
mod mapped;
mod naming;
mod options;
mod profile;
mod rule;
mod source;
mod target;
mod template;
#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "values of tests are written where they are given")]
mod tests;

pub use administrator::{AdministratorRule, Unfit};
pub use applied::Applied;
pub use breaker::{BreakerMode, BreakerSettings, LONGEST_WINDOW_SECONDS};
pub use builtin::{GENERIC, builtin};
pub use document::{AcceptedPasswords, UntilMet};
pub use error::ProfileError;
pub use invitation::Invitation;
pub use mapped::Mapped;
pub use naming::ToldName;
pub use options::{OptionKind, ProfileOption};
pub use profile::{LONGEST_PROFILE, Prerequisite, Profile};
pub use template::Template;
