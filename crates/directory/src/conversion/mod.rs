//! Giving every user of a tenant another user name: the e-mail address, or its mailbox.
//!
//! Each user is changed like by a client, one change and one event each, while clients go on. How far it has come is a row; what
//! was done already is done to no effect when it is done again, so that whoever goes on after a kill tells nothing twice.

mod control;
mod name;
mod run;
mod survey;
mod table;

pub(crate) use table::now;

pub use control::ConversionRefused;
pub use name::UserNames;
pub use survey::{ConversionConflict, ConversionPlan};
pub use table::{Conversion, ConversionState};
