//! Resources as the client sees them: which attributes, with `meta`, `groups` and `members` filled in.

mod projection;
mod selection;

pub use projection::Projection;
